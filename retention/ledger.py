"""The ledger of erasures: lines outside the database, by which they survive a restored backup.

They lie in a file or an object store (common/outside.py).

Each tombstone gets a line after the commit of its batch, with the next number and the hash of the
line before, and learns that number. It holds a public id and days, nothing of a person. What the
ledger lacks are the tombstones without a number, so that a killed run is continued; one that was
killed between line and number finds its lines again. A torn line is ended and means nothing.
Lines that were changed or taken out are told by the hashes.

A database that was restored knows none of the last lines. Until replay.py has erased what the
backup brought back, no page is served (middleware.py) and no job runs (tasks.py); nor in a process
that has not reached the ledger since it began.
"""

import hashlib
import json
import time
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from threading import Event
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Count, Max
from django.utils.translation import gettext as _

from common.outside import LineTaken, Log, Writer, log_at
from common.signatures import canonical
from retention.exceptions import LedgerAhead, LedgerLost
from retention.models import Tombstone

NOTE_LINES = """
    UPDATE retention_tombstone AS stone SET line = noted.line
    FROM unnest(%s::bigint[], %s::bigint[]) AS noted (id, line) WHERE stone.id = noted.id
"""
NOTED = (
    *("public_id", "opened_on", "closed_on", "retained_until", "erased_at"),
    "run__started_at",
)
AT_ONCE = 500  # tombstones
CHECKED_FOR = 10  # seconds, while nothing was seen to be added
ATTEMPTS = 5  # while others write, to a store that locks nobody out


@dataclass(frozen=True)
class Entry:
    """One line of the ledger."""

    number: int
    public_id: str
    opened_on: date
    closed_on: date
    retained_until: date
    erased_at: datetime
    text: str
    previous: str


def record() -> int:
    """Write the tombstones that the ledger does not hold; return how many. Safe to repeat.

    Raises LedgerAhead, LedgerLost, OSError.
    """
    for _attempt in range(ATTEMPTS - 1):
        with suppress(LineTaken):  # read anew what the other one wrote
            return _record()
    return _record()


def _record() -> int:
    written = 0
    with _log().writing() as file:
        last = _last(*file.end())
        compare(last)
        waiting = Tombstone.objects.filter(line=None).select_related("run").only(*NOTED)
        while stones := list(waiting.order_by("pk")[:AT_ONCE]):
            last = _append(file, stones, last)
            written += len(stones)
    return written


def check() -> None:
    """Compare the end of the ledger with the tombstones.

    Raises LedgerAhead, LedgerLost, OSError.
    """
    compare(_last(*_log().end()))


_compared = Event()  # set once this process knows that nothing must be replayed
_believed: dict[object, float] = {}  # a state of the ledger, and until when it is not looked at


def must_wait() -> bool:
    """Say whether erasures must be replayed; asked at each request, so mostly from memory.

    Whether they must, nobody knows until the ledger was first reached: so long all wait. Where it
    goes away later, the purge alone waits, and the health check tells it.
    """
    now = time.monotonic()
    try:
        state: object = _log().state()
    except OSError:
        state = None
    if now < _believed.get(state, 0) or (state is None and _compared.is_set()):
        return not _compared.is_set()
    if state in _believed:
        _believed[state] = now + CHECKED_FOR  # while this one looks, the others do not wait
    try:
        check()
        _compared.set()
    except LedgerAhead:
        _compared.clear()
        _believed.clear()
        return True
    except (LedgerLost, OSError):
        pass
    _believed.clear()
    _believed[state] = time.monotonic() + CHECKED_FOR
    return not _compared.is_set()


def first_break() -> int | None:
    """Return the number of the first line that does not follow the one before, if any."""
    before = ""
    for some in entries():
        for entry in some:
            if entry.previous != (hash_of(before) if before else ""):
                return entry.number
            before = entry.text
    return None


def entries(after: int = 0) -> Iterator[list[Entry]]:
    """Yield the lines behind this number, some at a time; those that are none of ours are left out.

    A line that was torn is none.
    """
    lines = map(_entry, _log().lines(after))
    ours = (entry for entry in lines if entry and entry.number > after)
    while some := list(islice(ours, AT_ONCE)):
        yield some


def unknown_among(some: Collection[Entry]) -> list[Entry]:
    """Return those without a tombstone, and give the others their numbers."""
    numbers = {entry.public_id: entry.number for entry in some}
    stones = list(Tombstone.objects.filter(public_id__in=numbers))
    for stone in stones:
        stone.line = numbers.pop(stone.public_id)
    _note_lines(stones)
    return [entry for entry in some if entry.public_id in numbers]


def compare(last: Entry | None) -> None:
    """Hold the last line against the tombstones.

    Raises LedgerAhead where the database does not know what was erased, LedgerLost where the
    ledger does not.
    """
    written = last.number if last else 0
    lines = Tombstone.objects.aggregate(last=Max("line"), number=Count("line"))
    known = lines["last"] or 0
    if known > written:
        raise LedgerLost(_("The ledger of erasures lacks what the database knows of."))
    if last is None:
        return
    of_last = Tombstone.objects.filter(line=known).values_list("public_id", flat=True).first()
    is_whole = lines["number"] == known  # a replay leaves out whom it could not erase
    is_same = is_whole and known == written and of_last == last.public_id
    after = known if is_whole and known < written else 0
    if not is_same and any(map(unknown_among, entries(after))):
        raise LedgerAhead(
            _("The ledger knows of erasures that this database does not: replay them first.")
        )


def _append(file: Writer, stones: list[Tombstone], last: Entry | None) -> Entry | None:
    if file.end()[1]:
        file.append([b"\n"])
    texts = []
    for stone in stones:
        last = _entry_of(stone, last)
        stone.line = last.number
        texts.append(f"{last.text}\n".encode())
    file.append(texts)
    _note_lines(stones)
    return last


def _note_lines(stones: Collection[Tombstone]) -> None:
    """Save them in one statement; bulk_update() would write a case for each."""
    keys, lines = [stone.pk for stone in stones], [stone.line for stone in stones]
    with connection.cursor() as cursor:
        cursor.execute(NOTE_LINES, [keys, lines])


def _log() -> Log:
    return log_at(settings.ERASURE_LEDGER)


def _last(text: str, torn: bytes) -> Entry | None:
    """Return the last entry: mostly it is this end of the ledger."""
    return _entry(text) or next((some[-1] for some in reversed([*entries()])), None)


def _entry_of(stone: Tombstone, last: Entry | None) -> Entry:
    content = {
        "number": last.number + 1 if last else 1,
        "public_id": stone.public_id,
        "opened_on": stone.opened_on.isoformat(),
        "closed_on": stone.closed_on.isoformat(),
        "retained_until": stone.retained_until.isoformat(),
        "erased_at": stone.erased_at.isoformat(),
        "run": stone.run.started_at.isoformat(),
        "previous": hash_of(last.text) if last else "",
    }
    return _from(content, canonical(content).decode())


def _entry(text: str) -> Entry | None:
    try:
        return _from(json.loads(text), text)
    except (ValueError, KeyError, TypeError):
        return None


def _from(content: dict[str, Any], text: str) -> Entry:
    return Entry(
        int(content["number"]),
        content["public_id"],
        date.fromisoformat(content["opened_on"]),
        date.fromisoformat(content["closed_on"]),
        date.fromisoformat(content["retained_until"]),
        datetime.fromisoformat(content["erased_at"]),
        text,
        content["previous"],
    )


def hash_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
