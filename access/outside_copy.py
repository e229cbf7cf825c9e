"""The copy of the seals outside the database: a file to which nothing but lines is ever added.

Each line is the signed text of a seal. What the file lacks follows from its last line alone, so
that a killed run is continued, on each machine that keeps a file. A line that was torn is
completed. A file that does not fit the database is left as it is, and the job fails: see
docs/access-records.md for what to do then.

Each file has a name, beside it, under which the database remembers the last seal that it got. So
one that is gone, emptied or shortened is told, and neither filled up nor begun anew, unless
somebody says so.
"""

import secrets
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
from access.exceptions import CopyAhead, CopyDiffers, CopyShortened, NothingLost
from access.models import AccessSeal, SealCopy
from access.sealing import seal_block
from common import outside_file
from common.errors import PortalError
from common.signatures import verify

AT_ONCE = 500  # seals


def copy_seals() -> int:
    """Append what the file does not hold yet; return how many seals. Safe to repeat.

    Raises CopyAhead, CopyDiffers, CopyShortened, OSError.
    """
    if not SealCopy.objects.exists():
        begin_copy()
    with _opened() as (file, copy):
        last, torn = outside_file.end_of(file)
        lines = (f"{text}\n".encode() for text in _seals_after(last).iterator(AT_ONCE))
        written = _append(file, lines, torn)
        if written:
            copy.number = max(copy.number, number_of(outside_file.end_of(file)[0]) or 0)
            copy.save()
        return written


def begin_copy() -> None:
    """Begin a file, on this machine's own word; what stands in one already is believed."""
    name = secrets.token_hex(8)
    with outside_file.locked(own_path()):
        _name_path().write_text(name)
        SealCopy.objects.create(name=name)


def is_whole() -> bool:
    """Say whether this machine's file holds all that it ever got. It only reads."""
    if not own_path().exists():
        return False
    try:
        with _opened():
            return True
    except CopyShortened:
        return False


def go_on_after_restore() -> AccessSeal:
    """State in a seal that a restored backup lost the seals at the end of the file, and copy it.

    The seals that the database has made since follow in the file, behind the lost ones.

    Raises NothingLost.
    """
    with outside_file.locked(own_path()) as file:
        if outside_file.end_of(file)[1]:
            file.write(b"\n")  # what was torn belongs to a seal that is lost
        last, _torn = outside_file.end_of(file)
        try:
            _seals_after(last)
        except (CopyAhead, CopyDiffers):
            agreed = _last_agreed(own_path())
        else:
            raise NothingLost(_("The copy outside fits the database: nothing was lost."))
    seal = seal_block(restored={"after": agreed, "head": hash_of(last)})
    copy_seals()
    assert seal is not None  # noqa: S101 -- what says something is always made
    return seal


def number_of(text: str) -> int | None:
    """Return the number of a seal, None for a text that is none of ours."""
    try:
        return int(verify(text).content["number"])
    except (PortalError, KeyError):
        return None


def restarts_behind(last: str) -> QuerySet[AccessSeal]:
    """Return the seals that state that a backup was restored behind this line of the copy."""
    said = AccessSeal.objects.exclude(statement={})
    return said.filter(statement__restored__head=hash_of(last))


def own_path() -> Path:
    return Path(settings.ACCESS_SEALS_FILE)


def _name_path() -> Path:
    return Path(f"{own_path()}.name")


@contextmanager
def _opened() -> Iterator[tuple[BinaryIO, SealCopy]]:
    """Open the file, with what is remembered of it.

    Raises CopyShortened.
    """
    name = _name_path().read_text() if _name_path().exists() else ""
    copy = SealCopy.objects.filter(name=name).first()
    if copy is None:
        raise CopyShortened(_("The copy outside is not known: somebody must begin it."))
    with outside_file.locked(own_path()) as file:
        last, _torn = outside_file.end_of(file)
        number = number_of(last) if last else 0
        if number is not None and number < copy.number:
            raise CopyShortened(_("The copy outside lacks seals that it had."))
        yield file, copy


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
    lines = iter(lines)
    if torn:
        first = next(lines, b"")
        if not first.startswith(torn):
            raise CopyDiffers(_("The copy outside ends with something that is no seal."))
        lines = chain([first.removeprefix(torn)], lines)
    return outside_file.append(file, lines)


@transaction.atomic  # for the cursor that reads seal by seal
def _last_agreed(path: Path) -> int:
    """Return the highest number whose seal is the same in the file and in the database."""
    copied = {hash_of(line) for line in outside_file.whole_lines(path)}
    seals = AccessSeal.objects.order_by("-number").values_list("number", "text")
    return next((number for number, text in seals.iterator() if hash_of(text) in copied), 0)
