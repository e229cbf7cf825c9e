"""The copy of the seals outside the database: a file to which nothing but lines is ever added.

Each line is the signed text of a seal. What the file lacks follows from its last line alone, so
that a killed run is continued, on each machine that keeps a file. A line that was torn is
completed. A file that does not fit the database is left as it is, and the job fails: see
docs/access-records.md for what to do then.
"""

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from access.blocks import hash_of
from access.exceptions import CopyAhead, CopyDiffers, NothingLost
from access.models import AccessSeal
from access.sealing import seal_block
from common.errors import PortalError
from common.signatures import verify

LONGEST_LINE = 64 * 1024  # bytes: some times what a seal takes
AT_ONCE = 500  # seals


def copy_seals() -> int:
    """Append what the file does not hold yet; return how many seals. Safe to repeat.

    Raises CopyAhead, CopyDiffers, OSError.
    """
    with _locked(_path()) as file:
        last, torn = _end_of(file)
        lines = (f"{text}\n".encode() for text in _seals_after(last).iterator(AT_ONCE))
        return _append(file, lines, torn)


def go_on_after_restore() -> AccessSeal:
    """State in a seal that a restored backup lost the seals at the end of the file, and copy it.

    The seals that the database has made since follow in the file, behind the lost ones.

    Raises NothingLost.
    """
    with _locked(_path()) as file:
        if _end_of(file)[1]:
            file.write(b"\n")  # what was torn belongs to a seal that is lost
        last, _torn = _end_of(file)
        try:
            _seals_after(last)
        except (CopyAhead, CopyDiffers):
            agreed = _last_agreed(_path())
        else:
            raise NothingLost(_("The copy outside fits the database: nothing was lost."))
    seal = seal_block(restored={"after": agreed, "head": hash_of(last)})
    copy_seals()
    assert seal is not None  # noqa: S101 -- what says something is always made
    return seal


def signed_lines(path: Path) -> Iterator[str]:
    """Yield the lines of a copy; its last one may be torn, and is left out then."""
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield line.decode("ascii", "replace").strip()


def number_of(text: str) -> int | None:
    """Return the number of a seal, None for a text that is none of ours."""
    try:
        return int(verify(text).content["number"])
    except (PortalError, KeyError):
        return None


def restarts_behind(last: str) -> QuerySet[AccessSeal]:
    """Return the seals that state that a backup was restored behind this line of the copy."""
    return AccessSeal.objects.filter(statement__restored__head=hash_of(last))


def _path() -> Path:
    return Path(settings.ACCESS_SEALS_FILE)


@contextmanager
def _locked(path: Path) -> Iterator[BinaryIO]:
    """Open the file for appending alone, so that its owner may allow no more than that."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "r+b", buffering=0) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file


def _end_of(file: BinaryIO) -> tuple[str, bytes]:
    """Return the last whole line, "" if none, and what stands behind it: a line that was torn."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - LONGEST_LINE))
    before, newline, torn = file.read(LONGEST_LINE).rpartition(b"\n")
    last = before.rpartition(b"\n")[2] if newline else b""
    return last.decode("ascii", "replace"), torn


def _seals_after(last: str) -> QuerySet[AccessSeal, str]:
    """Return the texts that follow this line of the file.

    Raises CopyAhead, CopyDiffers.
    """
    seals = AccessSeal.objects.order_by("number").values_list("text", flat=True)
    if not last:
        return seals
    number = number_of(last)
    known = seals.filter(pk=number or 0).first()
    if number is not None and known == last:
        return seals.filter(pk__gt=number)
    if restart := restarts_behind(last).first():
        return seals.filter(pk__gt=restart.statement["restored"]["after"])
    if number is None or known is not None:
        raise CopyDiffers(_("The copy outside holds another seal of this number."))
    raise CopyAhead(_("The copy outside ends with a seal that the database does not have."))


def _append(file: BinaryIO, lines: Iterable[bytes], torn: bytes) -> int:
    """Write the lines; of the first one what is torn stands there already."""
    lines, written = iter(lines), 0
    if torn:
        first = next(lines, b"")
        if not first.startswith(torn):
            raise CopyDiffers(_("The copy outside ends with something that is no seal."))
        lines = chain([first.removeprefix(torn)], lines)
    for line in lines:
        file.write(line)
        written += 1
    os.fsync(file.fileno())
    return written


@transaction.atomic  # for the cursor that reads seal by seal
def _last_agreed(path: Path) -> int:
    """Return the highest number whose seal is the same in the file and in the database."""
    copied = {hash_of(line) for line in signed_lines(path)}
    seals = AccessSeal.objects.order_by("-number").values_list("number", "text")
    return next((number for number, text in seals.iterator() if hash_of(text) in copied), 0)
