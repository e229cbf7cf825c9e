"""The copy of the seals outside the database: lines to which nothing is ever done but adding.

They lie in a file, or in an object store that all machines share (common/outside.py). Each line is
the signed text of a seal. What the copy lacks follows from its last line alone, so that a killed
run is continued, on each machine that keeps a file. A line that was torn is completed. A copy that
does not fit the database is left as it is, and the job fails: see docs/access-records.md for what
to do then.

Each copy has a name, beside it, under which the database remembers the last seal that it got. So
one that is gone, emptied or shortened is told, and neither filled up nor begun anew, unless
somebody says so.
"""

import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from access.blocks import hash_of
from access.exceptions import CopyAhead, CopyDiffers, CopyShortened, NothingLost
from access.models import AccessSeal, SealCopy
from access.sealing import seal_block
from common.errors import PortalError
from common.outside import Log, Writer, log_at
from common.signatures import verify

AT_ONCE = 500  # seals


def copy_seals() -> int:
    """Append what the file does not hold yet; return how many seals. Safe to repeat.

    Raises CopyAhead, CopyDiffers, CopyShortened, OSError.
    """
    if not SealCopy.objects.exists():
        begin_copy()
    with _opened() as (file, copy):
        last, torn = file.end()
        lines = (f"{text}\n".encode() for text in _seals_after(last).iterator(AT_ONCE))
        written = _append(file, lines, torn)
        if written:
            copy.number = max(copy.number, number_of(file.end()[0]) or 0)
            copy.save()
        return written


def begin_copy() -> None:
    """Begin a copy, on this machine's own word; what stands in one already is believed."""
    name = secrets.token_hex(8)
    with _names().writing() as names:
        names.append([f"{name}\n".encode()])
        SealCopy.objects.create(name=name)


def is_whole() -> bool:
    """Say whether this machine's copy holds all that it ever got. It only reads."""
    last, _torn = _log().end()
    try:
        _check_length(_remembered(), last)
    except CopyShortened:
        return False
    return bool(last)


def go_on_after_restore() -> AccessSeal:
    """State in a seal that a restored backup lost the seals at the end of the file, and copy it.

    The seals that the database has made since follow in the file, behind the lost ones.

    Raises NothingLost.
    """
    with _log().writing() as file:
        if file.end()[1]:
            file.append([b"\n"])  # what was torn belongs to a seal that is lost
        last, _torn = file.end()
        try:
            _seals_after(last)
        except (CopyAhead, CopyDiffers):
            agreed = _last_agreed()
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


def _log() -> Log:
    return log_at(settings.ACCESS_SEALS_FILE)


def _names() -> Log:
    """Return the names that the copy has had; the last one counts."""
    return log_at(f"{settings.ACCESS_SEALS_FILE}.name")


@contextmanager
def _opened() -> Iterator[tuple[Writer, SealCopy]]:
    """Open the copy, with what is remembered of it.

    Raises CopyShortened.
    """
    copy = _remembered()
    with _log().writing() as file:
        _check_length(copy, file.end()[0])
        yield file, copy


def _remembered() -> SealCopy:
    """Raises CopyShortened."""
    last, torn = _names().end()
    copy = SealCopy.objects.filter(name=torn.decode("ascii", "replace") or last).first()
    if copy is None:
        raise CopyShortened(_("The copy outside is not known: somebody must begin it."))
    return copy


def _check_length(copy: SealCopy, last: str) -> None:
    """Raises CopyShortened."""
    number = number_of(last) if last else 0
    if number is not None and number < copy.number:
        raise CopyShortened(_("The copy outside lacks seals that it had."))


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


def _append(file: Writer, lines: Iterable[bytes], torn: bytes) -> int:
    """Write the lines; of the first one what is torn stands there already."""
    lines = iter(lines)
    if torn:
        first = next(lines, b"")
        if not first.startswith(torn):
            raise CopyDiffers(_("The copy outside ends with something that is no seal."))
        lines = chain([first.removeprefix(torn)], lines)
    return file.append(lines)


@transaction.atomic  # for the cursor that reads seal by seal
def _last_agreed() -> int:
    """Return the highest number whose seal is the same in the copy and in the database."""
    copied = {hash_of(line) for line in _log().lines()}
    seals = AccessSeal.objects.order_by("-number").values_list("number", "text")
    return next((number for number, text in seals.iterator() if hash_of(text) in copied), 0)
