"""A file outside the database to which nothing but lines is ever added."""

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

LONGEST_LINE = 64 * 1024  # bytes


@contextmanager
def locked(path: Path) -> Iterator[BinaryIO]:
    """Open the file for appending alone, so that its owner may allow no more than that."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "r+b", buffering=0) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file


def end_of(file: BinaryIO) -> tuple[str, bytes]:
    """Return the last whole line, "" if none, and what stands behind it: a line that was torn."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - LONGEST_LINE))
    before, newline, torn = file.read(LONGEST_LINE).rpartition(b"\n")
    last = before.rpartition(b"\n")[2] if newline else b""
    return last.decode("ascii", "replace"), torn


def append(file: BinaryIO, lines: Iterable[bytes]) -> int:
    """Write whole lines, each with its end, so that no loss of power takes them back."""
    written = 0
    for line in lines:
        file.write(line)
        written += 1
    os.fsync(file.fileno())
    return written


def whole_lines(path: Path) -> Iterator[str]:
    """Yield the lines, but for a last one that was torn."""
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield line.decode("ascii", "replace").strip()
