"""Sealed files: read and written in chunks, so that neither fills the memory.

A file is a header and then chunks of AES-256-GCM, each of CHUNK bytes but for the last. The header
names the format and has 16 random bytes, from which, with its owner's key, the file's own key is
derived. The nonce of a chunk is its number and whether it is the last one, the construction
known as STREAM; with the header, each chunk is bound to the path of the file. So whoever changes,
cuts, lengthens or reorders a file, or puts one in another's place, makes it unreadable.
"""

import io
import os
from collections.abc import Iterator
from itertools import count
from typing import Any, BinaryIO, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from common.encryption.sealing import DecryptionError

MAGIC = b"\x89SEALED\x01"
HEADER_BYTES = len(MAGIC) + 16
CHUNK = 64 * 1024
TAG_BYTES = 16
SEALED_CHUNK = CHUNK + TAG_BYTES


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


def sealed_chunks(plain: Readable, key: bytes, path: str) -> Iterator[bytes]:
    """Yield the sealed file, piece by piece, as ``plain`` is read."""
    header = MAGIC + os.urandom(HEADER_BYTES - len(MAGIC))
    yield header
    cipher = _Cipher(key, header, path)
    chunk = _read_chunk(plain)
    for number in count():
        following = _read_chunk(plain)
        yield cipher.seal(number, chunk, is_last=not following)
        if not following:
            return
        chunk = following


class SealedFile(io.RawIOBase):
    """What a sealed file holds, to be read from any place.

    Opening it reads the first and the last chunk, which proves its length: what fails later
    was damaged in between. Each read() returns at most what is left of one chunk.
    """

    def __init__(self, sealed: BinaryIO | Any, key: bytes, path: str) -> None:
        """Take over an open file; closing this one closes it.

        Raises DecryptionError.
        """
        self._sealed = sealed
        self._path = path
        self._position = 0
        self._chunk: tuple[int, bytes] | None = None
        try:
            self._open(key)
        except DecryptionError:
            self.close()
            raise

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.size}[whence]
        if start + offset < 0:
            raise ValueError("negative position")
        self._position = start + offset
        return self._position

    def readinto(self, buffer: Any, /) -> int:
        """Raises DecryptionError."""
        if not len(buffer) or self._position >= self.size:
            return 0
        number, offset = divmod(self._position, CHUNK)
        piece = self._read_sealed(number)[offset : offset + len(buffer)]
        buffer[: len(piece)] = piece
        self._position += len(piece)
        return len(piece)

    def read_range(self, start: int, end: int) -> Iterator[bytes]:
        """Yield the bytes from ``start`` to before ``end``; only their chunks are decrypted."""
        self.seek(start)
        while piece := self.read(min(CHUNK, max(0, min(end, self.size) - self._position))):
            yield piece

    def close(self) -> None:
        if not self.closed:
            self._sealed.close()
        super().close()

    def _open(self, key: bytes) -> None:
        header = self._sealed.read(HEADER_BYTES)
        if len(header) != HEADER_BYTES or not header.startswith(MAGIC):
            raise DecryptionError(f"{self._path} was never sealed.")
        self._cipher = _Cipher(key, header, self._path)
        body = self._sealed.seek(0, io.SEEK_END) - HEADER_BYTES
        self._last = max(0, -(-body // SEALED_CHUNK) - 1)
        self.size = self._last * CHUNK + len(self._read_sealed(self._last))
        self._read_sealed(0)

    def _read_sealed(self, number: int) -> bytes:
        """Return the plain chunk of this number; the one that was read last is still at hand."""
        if self._chunk is None or self._chunk[0] != number:
            self._sealed.seek(HEADER_BYTES + number * SEALED_CHUNK)
            sealed = self._sealed.read(SEALED_CHUNK)
            self._chunk = number, self._cipher.open(number, sealed, is_last=number == self._last)
        return self._chunk[1]


class _Cipher:
    def __init__(self, key: bytes, header: bytes, path: str) -> None:
        derived = HKDF(algorithm=SHA256(), length=32, salt=header, info=b"privacyportal file")
        self._cipher = AESGCM(derived.derive(key))
        self._bound_to = header + path.encode()
        self._path = path

    def seal(self, number: int, chunk: bytes, *, is_last: bool) -> bytes:
        return self._cipher.encrypt(_nonce(number, is_last), chunk, self._bound_to)

    def open(self, number: int, sealed: bytes, *, is_last: bool) -> bytes:
        try:
            return self._cipher.decrypt(_nonce(number, is_last), sealed, self._bound_to)
        except (InvalidTag, ValueError):
            raise DecryptionError(
                f"{self._path} does not open: it was changed, cut or moved."
            ) from None


def _nonce(number: int, is_last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([is_last])


def _read_chunk(plain: Readable) -> bytes:
    """Read a whole chunk, less only at the end: a pipe or a socket gives what it has."""
    chunk = bytearray()
    while len(chunk) < CHUNK and (piece := plain.read(CHUNK - len(chunk))):
        chunk += piece
    return bytes(chunk)
