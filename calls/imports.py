"""Taking what a telephone system delivers: a list of calls, and beside it their files.

Each recording is taken whole, in a transaction of its own, or not at all. Whoever is killed
in between runs again with the same directory: what is here already is known by its source.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from accounts.finding import as_stored
from accounts.models import Customer
from calls.exceptions import ImportRefused, RecordingKnown, RecordingRefused
from calls.models import CallDirection
from calls.services import Call, add_recording, purposes_of_recording
from common.csv_files import decoded, numbered_rows
from common.errors import PortalError
from policies.models import Purpose

LIST = "calls.csv"
REQUIRED = ("source_id", "file", "direction", "started_at", "seconds")
COLUMNS = (*REQUIRED, "customer", "phone", "purpose")
LARGEST_LIST = 10 * 1024 * 1024  # bytes
PUBLIC_ID = re.compile("[0-9a-f]{32}")
SECONDS = re.compile("[0-9]{1,6}", re.ASCII)


@dataclass
class Outcome:
    """``faults``: why lines could not be done, by their number."""

    taken: int = 0
    known: int = 0
    faults: list[tuple[int, str]] = field(default_factory=list)


def import_calls(directory: Path) -> Outcome:
    """Take each recording that the list of a directory names.

    A line that cannot be done is told and keeps no other from being done.

    Raises FileRefused, ImportRefused, OSError.
    """
    outcome = Outcome()
    for number, row in _rows(directory / LIST):
        try:
            _take(directory, row)
        except RecordingKnown:
            outcome.known += 1
        except PortalError as error:
            outcome.faults.append((number, str(error)))
        else:
            outcome.taken += 1
    return outcome


def _rows(file: Path) -> Iterator[tuple[int, Mapping[str, str]]]:
    if file.stat().st_size > LARGEST_LIST:
        raise ImportRefused(_("The list is larger than 10 MB."))
    (_line, head), *lines = [*numbered_rows(decoded(file.read_bytes()))] or [(1, [])]
    names = [name.strip().lower() for name in head]
    if not set(REQUIRED) <= set(names) or not {"customer", "phone"} & set(names):
        raise ImportRefused(
            _("The first line must name the columns: %s, and customer or phone.")
            % ", ".join(REQUIRED)
        )
    if len(set(names)) != len(names):
        raise ImportRefused(_("Two columns have the same meaning. Remove one of them."))
    for number, cells in lines:
        row = dict.fromkeys(COLUMNS, "") | dict(zip(names, map(str.strip, cells), strict=False))
        yield number, row


def _take(directory: Path, row: Mapping[str, str]) -> None:
    if not row["source_id"]:
        raise RecordingRefused(_("Without its source_id a call is not known again."))
    call = Call(
        direction=_direction(row["direction"]),
        started_at=_moment(row["started_at"]),
        duration=_duration(row["seconds"]),
        purpose=_purpose(row["purpose"]),
        number=as_stored(row["phone"]),
        source=row["source_id"],
    )
    customer = only_one(customers_of(row["customer"] or row["phone"]))
    with _open(directory, row["file"]) as audio:
        add_recording(customer, call, audio, by=None)


def customers_of(told: str) -> list[Customer]:
    """Return the open customers of this public id or whole phone number: more than one is many."""
    if PUBLIC_ID.fullmatch(told.lower()):
        return list(Customer.objects.open().known_as(told.lower()))
    if number := as_stored(told):
        return list(Customer.objects.open().filter(Customer.found_by("phone", number))[:2])
    return []


def only_one(found: Sequence[Customer]) -> Customer:
    """Raises RecordingRefused."""
    if not found:
        raise RecordingRefused(_("No customer with an open account is found by this."))
    if len(found) > 1:
        raise RecordingRefused(_("Several customers have this number: name one by the public id."))
    return found[0]


def _open(directory: Path, name: str) -> BinaryIO:
    """Open a file that lies in the directory itself.

    Raises RecordingRefused.
    """
    file = directory / name
    with suppress(OSError):  # also of a name that no disk takes
        if name and file.name == name and not file.is_symlink() and file.is_file():
            return file.open("rb")
    raise RecordingRefused(_("The file is not in the directory, or cannot be read."))


def _direction(text: str) -> CallDirection:
    try:
        return CallDirection(text.lower())
    except ValueError as error:
        raise RecordingRefused(_("The direction is “in” or “out”.")) from error


def _moment(text: str) -> datetime:
    """Read a moment; one without a zone is the company's own."""
    try:
        moment = parse_datetime(text)
    except ValueError:  # well formed, and no day
        moment = None
    if moment is None:
        raise RecordingRefused(_("The moment must read like 2026-11-24T09:30:00+07:00."))
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment)


def _duration(text: str) -> timedelta:
    if not SECONDS.fullmatch(text):
        raise RecordingRefused(_("The length is a whole number of seconds."))
    return timedelta(seconds=int(text))


def _purpose(code: str) -> Purpose:
    """Return the purpose of this code, or the only one there is for recordings."""
    purposes = purposes_of_recording()
    if code:
        purposes = [purpose for purpose in purposes if purpose.code == code]
    if len(purposes) != 1:
        raise RecordingRefused(_("Name a purpose of the register that uses call recordings."))
    return purposes[0]
