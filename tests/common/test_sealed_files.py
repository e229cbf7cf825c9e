"""The format of sealed files: what it gives back, and what it refuses."""

import io
import os
import tracemalloc
from itertools import permutations

import pytest

from common.encryption.files import CHUNK, HEADER_BYTES, SEALED_CHUNK, SealedFile, sealed_chunks
from common.encryption.sealing import DecryptionError

KEY, OTHER_KEY = b"k" * 32, b"o" * 32
PATH = "evidence/ab/abcdef"
SIZES = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 7]
PLAIN = b"".join(number.to_bytes(4, "big") for number in range(CHUNK))  # four chunks, none alike


def seal(plain, path=PATH, key=KEY):
    return b"".join(sealed_chunks(io.BytesIO(plain), key, path))


def opened(sealed, path=PATH, key=KEY):
    return SealedFile(io.BytesIO(sealed), key, path)


def read(sealed):
    return opened(sealed).read()


def pieces(sealed):
    """Split a sealed file into its header and its chunks."""
    ends = range(HEADER_BYTES, len(sealed), SEALED_CHUNK)
    return sealed[:HEADER_BYTES], [sealed[start : start + SEALED_CHUNK] for start in ends]


@pytest.mark.parametrize("size", SIZES)
def test_a_sealed_file_gives_back_each_byte_and_its_length(size):
    file = opened(seal(PLAIN[:size]))

    assert file.size == file.seek(0, io.SEEK_END) == size
    assert file.read() == b""
    file.seek(0)
    assert file.read() == PLAIN[:size]


def test_nothing_of_the_plain_file_shows():
    sealed = seal(PLAIN)
    assert PLAIN[:16] not in sealed
    assert seal(PLAIN)[HEADER_BYTES:] != sealed[HEADER_BYTES:]


def test_a_source_that_gives_little_at_a_time_makes_whole_chunks():
    class Trickle(io.RawIOBase):
        def __init__(self):
            self.left = io.BytesIO(PLAIN)

        def read(self, size):
            return self.left.read(min(size, 1000))

    assert read(b"".join(sealed_chunks(Trickle(), KEY, PATH))) == PLAIN


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (0, 0),
        (0, 1),
        (5, 5),
        (10, 4),
        (CHUNK - 1, CHUNK + 1),
        (CHUNK, 2 * CHUNK),
        (100, 3 * CHUNK + 100),
        (4 * CHUNK - 1, 4 * CHUNK),
        (0, 4 * CHUNK + 99),
        (4 * CHUNK, 5 * CHUNK),
    ],
)
def test_a_range_is_that_part_of_the_file(start, end):
    assert b"".join(opened(seal(PLAIN)).read_range(start, end)) == PLAIN[start:end]


def test_a_range_decrypts_its_own_chunks_alone():
    header, chunks = pieces(seal(PLAIN))
    chunks[2] = bytes(len(chunks[2]))
    file = opened(header + b"".join(chunks))

    assert b"".join(file.read_range(CHUNK, 2 * CHUNK)) == PLAIN[CHUNK : 2 * CHUNK]
    with pytest.raises(DecryptionError):
        list(file.read_range(2 * CHUNK - 1, 2 * CHUNK + 1))


@pytest.mark.parametrize("size", SIZES)
def test_no_cut_goes_unnoticed(size):
    sealed = seal(PLAIN[:size])
    cuts = {0, 1, HEADER_BYTES - 1, HEADER_BYTES, HEADER_BYTES + 1, len(sealed) - 1}
    cuts |= set(range(HEADER_BYTES, len(sealed), SEALED_CHUNK))
    for cut in cuts:
        with pytest.raises(DecryptionError):
            opened(sealed[:cut])


def test_nothing_can_be_added():
    sealed = seal(PLAIN)
    _header, chunks = pieces(sealed)
    for more in (b"x", chunks[0], chunks[-1]):
        with pytest.raises(DecryptionError):
            opened(sealed + more)


def test_chunks_stand_in_one_order_alone():
    header, chunks = pieces(seal(PLAIN))
    for order in permutations(range(4)):
        mixed = header + b"".join(chunks[number] for number in order)
        if order == (0, 1, 2, 3):
            assert read(mixed) == PLAIN
        else:
            with pytest.raises(DecryptionError):
                read(mixed)


def test_each_changed_byte_is_noticed():
    sealed = seal(PLAIN)
    _header, chunks = pieces(sealed)
    starts = [HEADER_BYTES + number * SEALED_CHUNK for number in range(len(chunks))]
    for at in [*range(HEADER_BYTES), *starts, *(start - 1 for start in starts), len(sealed) - 1]:
        changed = bytearray(sealed)
        changed[at] ^= 1
        with pytest.raises(DecryptionError):
            read(bytes(changed))


def test_chunks_of_another_file_do_not_fit():
    header, chunks = pieces(seal(PLAIN))
    _header, foreign = pieces(seal(PLAIN))
    chunks[1] = foreign[1]
    with pytest.raises(DecryptionError):
        read(header + b"".join(chunks))


@pytest.mark.parametrize(("path", "key"), [("evidence/ab/other", KEY), (PATH, OTHER_KEY)])
def test_a_file_opens_in_its_place_and_for_its_owner_alone(path, key):
    with pytest.raises(DecryptionError):
        opened(seal(b"x"), path, key)


@pytest.mark.parametrize("stored", [b"", b"%PDF-1.4", PLAIN, bytes(HEADER_BYTES + 100)])
def test_a_plain_file_does_not_pass(stored):
    with pytest.raises(DecryptionError, match="never sealed"):
        opened(stored)


def test_a_file_that_does_not_open_is_closed():
    stored = io.BytesIO(b"plain")
    with pytest.raises(DecryptionError):
        SealedFile(stored, KEY, PATH)
    assert stored.closed


def test_a_large_file_fills_no_memory(tmp_path):
    large = tmp_path / "large"
    size = 300 * CHUNK + 5  # 19 MB

    class Zeros:
        left = size

        def read(self, wanted):
            given = bytes(min(wanted, self.left))
            self.left -= len(given)
            return given

    tracemalloc.start()
    try:
        with large.open("wb") as file:
            file.writelines(sealed_chunks(Zeros(), KEY, PATH))
        with SealedFile(large.open("rb"), KEY, PATH) as file:
            assert sum(len(piece) for piece in file.read_range(0, file.size)) == size
        assert tracemalloc.get_traced_memory()[1] < 20 * CHUNK
    finally:
        tracemalloc.stop()
    assert os.path.getsize(large) > size
