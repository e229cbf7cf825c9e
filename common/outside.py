"""Lines outside the database, to which nothing but lines is ever added.

They lie in a file or in an S3-compatible store, as the place says: a path, or s3://bucket/prefix.
"""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from functools import lru_cache
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from common.outside_file import FileLog


class StoreAway(OSError):
    """A store does not answer, refuses, or cannot do what it should."""


class LineTaken(OSError):
    """Another writer wrote this line first."""


class Writer(Protocol):
    """What may add lines, as long as its log is held; whoever was faster lets it raise LineTaken.

    Raises OSError.
    """

    def end(self) -> tuple[str, bytes]:
        """Return the last whole line, "" if none, and what stands behind it: a torn line."""

    def append(self, lines: Iterable[bytes]) -> int:
        """Write whole lines, each with its end, so that no loss of power takes them back."""


class Log(Protocol):
    """All of it raises OSError."""

    def state(self) -> object:
        """Return what tells, without asking a server, that something was added."""

    def end(self) -> tuple[str, bytes]:
        """Return what Writer.end does."""

    def lines(self, after: int = 0) -> Iterator[str]:
        """Yield the whole lines behind the first ``after``; none where there is no log."""

    def writing(self) -> AbstractContextManager[Writer]: ...


def log_at(place: str | Path) -> Log:
    return _log_at(str(place))


@lru_cache(maxsize=16)  # of a store the connections
def _log_at(place: str) -> Log:
    url = urlsplit(place)
    if url.scheme != "s3":
        return FileLog(Path(place))
    from common.outside_objects import ObjectLog  # noqa: PLC0415 -- boto3 would slow every start

    return ObjectLog(url.netloc, url.path.strip("/"))
