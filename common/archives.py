"""ZIP archives written piece by piece, so that none ever lies whole in memory or on a disk."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from django.utils import timezone

OWNER_ONLY = 0o600 << 16  # as an archive notes permissions


class Member(NamedTuple):
    """A file of an archive."""

    name: str
    chunks: Iterable[bytes]


def zipped(members: Iterable[Member]) -> Iterator[bytes]:
    """Yield the archive, piece by piece, as the members are read one after another."""
    out = _Pieces()
    with ZipFile(out, "w") as archive:  # type: ignore[call-overload]
        for member in members:
            with archive.open(_info(member.name), "w") as file:
                for chunk in member.chunks:
                    file.write(chunk)
                    yield out.take()
    yield out.take()


def _info(name: str) -> ZipInfo:
    """Describe a member: compressed, for only so does every program read it without its size."""
    info = ZipInfo(name, timezone.localtime().timetuple()[:6])
    info.compress_type = ZIP_DEFLATED
    info.external_attr = OWNER_ONLY
    return info


class _Pieces:
    """What was written and not taken yet. Nobody goes back in it, so that nothing is kept."""

    def __init__(self) -> None:
        self._written = bytearray()

    def write(self, data: bytes) -> int:
        self._written += data
        return len(data)

    def flush(self) -> None:
        pass

    def take(self) -> bytes:
        taken, self._written = bytes(self._written), bytearray()
        return taken


class Pulled:
    """Pieces as they come, to be read like a file; ``size`` is how much was read so far."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""
        self.size = 0

    def read(self, size: int, /) -> bytes:
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return b""
            self._rest = piece
        taken, self._rest = self._rest[:size], self._rest[size:]
        self.size += len(taken)
        return taken
