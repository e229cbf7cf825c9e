"""A file to which nothing but lines is ever added."""

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import BinaryIO

LONGEST_LINE = 64 * 1024  # bytes


class FileLog:
    """What common.outside.Log is, in a file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def state(self) -> object:
        status = self._path.stat()
        return self._path, status.st_mtime_ns, status.st_size

    def end(self) -> tuple[str, bytes]:
        try:
            with self._path.open("rb") as file:
                return _end_of(file)
        except FileNotFoundError:
            return "", b""

    def lines(self, after: int = 0) -> Iterator[str]:
        return islice(self._whole_lines(), after, None)

    @contextmanager
    def writing(self) -> Iterator["_FileWriter"]:
        """Open the file for appending alone, so that its owner may allow no more than that."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "r+b", buffering=0) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield _FileWriter(file)

    def _whole_lines(self) -> Iterator[str]:
        """Yield the lines, but for a last one that was torn."""
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            for line in file:
                if line.endswith(b"\n"):
                    yield line.decode("ascii", "replace").strip()


class _FileWriter:
    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def end(self) -> tuple[str, bytes]:
        return _end_of(self._file)

    def append(self, lines: Iterable[bytes]) -> int:
        written = 0
        for line in lines:
            self._file.write(line)
            written += 1
        os.fsync(self._file.fileno())
        return written


def _end_of(file: BinaryIO) -> tuple[str, bytes]:
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - LONGEST_LINE))
    before, newline, torn = file.read(LONGEST_LINE).rpartition(b"\n")
    last = before.rpartition(b"\n")[2] if newline else b""
    return last.decode("ascii", "replace"), torn
