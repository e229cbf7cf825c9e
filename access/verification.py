"""Whether records and seals are as they were made; see sealing.py. It only reads.

Each seal is checked in order, with the records that it covers: so the first fault found is the
first there is. Then come records that no seal covers and that do not wait for one, and at last the
copies outside. Memory does not grow with the seals, and by one bit for each record.

Each night looks at the seals that are new since the last one and at a seventh of those before, here
and in the copy, so that it ends in time however many there are. After a fault it looks at all,
until none is found.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.db import connection, transaction
from django.db.models import BigIntegerField, Func, Max, Q
from django.utils import timezone

from access import outside_copy
from access.blocks import FORMS, LEAF_BYTES, content_of, leaves_of
from access.models import GAP, AccessRecord, AccessSeal, AccessVerification, Fault, UnsealedRecord
from access.outside_copy import number_of, restarts_behind
from access.sealing import BLOCK, KIND
from common.documents import SIGNED_TEXT as SIGNED_BYTES
from common.errors import PortalError
from common.outside import log_at
from common.signatures import Signed, verify

SEALS_AT_ONCE = 5
IDS_AT_ONCE = 100_000
LINES_AT_ONCE = 500
LONGEST_TRANSACTION = timedelta(hours=1)
CLOCKS_DIFFER = timedelta(minutes=1)  # of a database, after it moved to another machine
KEPT_FOR = timedelta(days=365)  # records stay at least so long, as the database has it
SIGNED_TEXT = re.compile(SIGNED_BYTES.pattern.decode())


class Finding(NamedTuple):
    """A fault, with the first seal and record that show it, where those are known."""

    fault: Fault
    seal: int | None = None
    record: int | None = None


class Gap(NamedTuple):
    begins: datetime
    ends: datetime


@dataclass
class Verification:
    seals: int = 0
    records: int = 0
    waiting: int = 0
    findings: list[Finding] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    compared: int = 0  # lines of copies outside
    up_to: int = 0  # the last seal that holds

    @property
    def is_clean(self) -> bool:
        return not self.findings


class Span(NamedTuple):
    """Seals behind ``after``, up to and with ``up_to``."""

    after: int = 0
    up_to: int | None = None


ALL = (Span(),)


def verify_all(copies: Iterable[str | Path] = (), spans: Iterable[Span] = ALL) -> Verification:
    """Check the seals of these spans, against these copies of the seals beside the database."""
    found = Verification(waiting=UnsealedRecord.objects.count())
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        stated = AccessSeal.objects.newest_removal()
        removal = _Removal(stated["up_to"], stated["kept"], stated["made_at"])
        for span in spans:
            if found.is_clean:
                _check_seals(found, removal, span)
        if found.is_clean:
            found.findings += _removed_too_much(removal)
            found.findings += _strays(after=found.up_to)
        for copy in copies:
            for span in spans:
                found.findings += _check_copy(found, copy, span)
    return found


def verify_with_own_copy(spans: Iterable[Span] = ALL) -> Verification:
    """Check them against the copy of this machine, which must have all that it ever got."""
    found = verify_all([settings.ACCESS_SEALS_FILE], spans)
    if AccessSeal.objects.exists() and not outside_copy.is_whole():
        found.findings.append(Finding(Fault.CUT))
    return found


def note_verification() -> AccessVerification:
    """Verify what is due tonight and keep the result, which the desk shows."""
    clean = AccessVerification.objects.filter(fault="").first()
    found = verify_with_own_copy(_due())
    first = found.findings[0] if found.findings else None
    return AccessVerification.objects.create(
        seals=found.seals,
        records=found.records,
        up_to=found.up_to,
        compared=found.compared,
        gaps=sum(clean is None or gap.ends > clean.at for gap in found.gaps),
        fault=first.fault if first else "",
        seal=first.seal if first else None,
        record=first.record if first else None,
    )


def _due() -> tuple[Span, ...]:
    """Return what tonight looks at: a seventh of the old seals, by the day of the week, and new."""
    last = AccessVerification.objects.first()
    if last is None or last.fault:
        return ALL
    day = timezone.localdate().weekday()
    part = Span(last.up_to * day // 7, last.up_to * (day + 1) // 7)
    return part, Span(last.up_to)


class _Seen:
    """Which numbers of records were met: one bit each, wherever they lie."""

    PAGE = 1 << 16

    def __init__(self) -> None:
        self._pages: dict[int, bytearray] = defaultdict(lambda: bytearray(self.PAGE // 8))

    def add(self, numbers: Iterable[int]) -> None:
        for number in numbers:
            place = number % self.PAGE
            self._pages[number // self.PAGE][place >> 3] |= 1 << (place & 7)

    def __contains__(self, number: int) -> bool:
        page, place = self._pages.get(number // self.PAGE), number % self.PAGE
        return page is not None and bool(page[place >> 3] & 1 << (place & 7))


@dataclass
class _Removal:
    """What the newest statement of a removal allows to be missing."""

    up_to: int
    kept: int
    made_at: datetime | None

    def allows(self, seal: AccessSeal) -> bool:
        """Say whether records of this seal may be missing: no rule removes younger ones."""
        is_old = self.made_at is not None and seal.made_at <= self.made_at - KEPT_FOR
        return is_old and seal.number <= self.up_to


def _check_seals(found: Verification, removal: "_Removal", span: Span) -> None:
    """Check seal by seal until the first fault."""
    previous = AccessSeal.objects.filter(pk=span.after).first() or AccessSeal(number=0)
    if previous.number != span.after:
        found.findings.append(Finding(Fault.SEAL, seal=span.after))
        return
    seals = AccessSeal.objects.filter(pk__gt=span.after).order_by("number")
    if span.up_to is not None:
        seals = seals.filter(pk__lte=span.up_to)
    is_drained = previous.number and previous.count < BLOCK
    since = previous.made_at if is_drained else None  # when nothing waited for a seal
    for seal in seals.iterator(SEALS_AT_ONCE):
        signed = _signed(seal, previous)
        if signed is None:
            found.findings.append(Finding(Fault.SEAL, seal=seal.number))
            return
        if previous.number and abs(seal.made_at - previous.made_at) > GAP:
            found.gaps.append(Gap(previous.made_at, seal.made_at))
        if finding := _check_records(seal, signed.content["form"], removal):
            found.findings.append(finding)
            return
        if misdated := _misdated(seal, since):
            found.findings.append(Finding(Fault.MISDATED, seal.number, misdated))
            return
        since = seal.made_at if seal.count < BLOCK else since
        found.seals, found.records = found.seals + 1, found.records + seal.count
        previous = seal
    found.up_to = max(found.up_to, previous.number)


def _signed(seal: AccessSeal, previous: AccessSeal) -> Signed | None:
    """Return what a seal says if we signed it, it follows the other, and its row agrees."""
    try:
        signed = verify(seal.text)
        form = signed.content["form"]
    except (PortalError, KeyError):
        return None
    expected = content_of(seal, form=form, previous=previous.text)
    said = {name: signed.content.get(name) for name in expected}
    holds = signed.kind == KIND and said == expected and seal.number == previous.number + 1
    whole = len(seal.leaves) == LEAF_BYTES * len(seal.records)
    return signed if holds and whole and form in FORMS else None


def _check_records(seal: AccessSeal, form: int, removal: _Removal) -> Finding | None:
    leaves = {
        record: bytes(seal.leaves[place * LEAF_BYTES : (place + 1) * LEAF_BYTES])
        for place, record in enumerate(seal.records)
    }
    rows = leaves_of(seal.records, form)
    if removal.allows(seal):
        leaves = {record: leaf for record, leaf in leaves.items() if record in rows}
    if rows == leaves:
        return None
    for record, leaf in leaves.items():
        if record not in rows:
            return Finding(Fault.REMOVED, seal.number, record)
        if rows[record] != leaf:
            return Finding(_kind_of_change(rows[record]), seal.number, record)
    return None


def _misdated(seal: AccessSeal, since: datetime | None) -> int | None:
    """Return the first record that claims a moment at which it would have got another seal.

    Clocks may differ a little, and a record waits for the end of its transaction.
    """
    records = AccessRecord.objects.filter(pk__in=seal.records)
    late = Q(at__gt=seal.made_at + CLOCKS_DIFFER)
    early = Q(at__lt=min(since, seal.made_at) - LONGEST_TRANSACTION) if since else Q(pk=None)
    return records.filter(late | early).order_by("pk").values_list("pk", flat=True).first()


def _kind_of_change(leaf: bytes) -> Fault:
    """Tell a record that stands in another's place from one that says something new."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM access_accessseal WHERE position(%s IN leaves) > 0)", [leaf]
        )
        return Fault.REORDERED if cursor.fetchone()[0] else Fault.CHANGED


def _removed_too_much(removal: _Removal) -> Iterator[Finding]:
    """Yield a finding where fewer records are left than the last removal by rule left."""
    covered = AccessSeal.objects.filter(pk__lte=removal.up_to)
    unnested = Func("records", function="unnest", output_field=BigIntegerField())
    ids = covered.values(record=unnested)
    if AccessRecord.objects.filter(pk__in=ids).count() < removal.kept:
        yield Finding(Fault.REMOVED)


def _strays(*, after: int) -> Iterator[Finding]:
    """Yield the first record that no seal covers and that does not wait for one.

    Seals ``after`` the last one checked were made meanwhile.
    """
    seen = _Seen()
    covered = AccessSeal.objects.filter(pk__lte=after).values_list("records", flat=True)
    for records in covered.iterator(SEALS_AT_ONCE):
        seen.add(records)
    newest = AccessRecord.objects.aggregate(newest=Max("pk"))["newest"] or 0
    begin = 0
    rows = AccessRecord.objects.order_by("pk").values_list("pk", flat=True)
    while ids := list(rows.filter(pk__gt=begin, pk__lte=newest)[:IDS_AT_ONCE]):
        begin = ids[-1]
        unknown = {number for number in ids if number not in seen}
        unknown -= {*UnsealedRecord.objects.filter(pk__in=unknown).values_list("pk", flat=True)}
        if unknown and (strays := unknown - _sealed_since(after)):
            yield Finding(Fault.INSERTED, record=min(strays))
            return


def _sealed_since(number: int) -> set[int]:
    later = AccessSeal.objects.filter(pk__gt=number).values_list("records", flat=True)
    return {record for records in later for record in records}


def _check_copy(found: Verification, place: str | Path, span: Span) -> Iterator[Finding]:
    """Yield the first seal of a copy, in this span, that the database does not have so.

    A copy may begin and end anywhere. What a restored backup lost is no fault once a seal
    states so: the numbers after it begin again. So no line stands before that of its number, and
    what is suspect is read on.
    """
    suspect: Finding | None = None
    last, highest = "", 0
    for copied in _copied(place, span.after):
        if suspect is None and span.up_to is not None and (copied.number or 0) > span.up_to:
            break
        if copied.number is not None and copied.number <= highest:
            if suspect and not _is_stated(suspect, last):
                break
            suspect = None
        if copied.text:
            found.compared += 1
            suspect = suspect or copied.judge()
        last, highest = copied.line, copied.number or highest
    if suspect and not _is_stated(suspect, last):
        yield suspect


class _Copied(NamedTuple):
    """A line of a copy: the signed text in it, and what the database has under its number."""

    line: str
    text: str
    number: int | None
    known: str | None

    def judge(self) -> Finding | None:
        if self.text == self.known:
            return None
        is_lost = self.number is not None and self.known is None
        return Finding(Fault.LOST if is_lost else Fault.COPY, seal=self.number)


def _copied(place: str | Path, after: int) -> Iterator[_Copied]:
    lines = log_at(place).lines(after)
    while batch := list(islice(lines, LINES_AT_ONCE)):
        texts = [found[0] if (found := SIGNED_TEXT.search(line)) else "" for line in batch]
        numbers = [number_of(text) if text else None for text in texts]
        seals = AccessSeal.objects.filter(pk__in=[each for each in numbers if each is not None])
        known = dict(seals.values_list("number", "text"))
        for line, text, number in zip(batch, texts, numbers, strict=True):
            yield _Copied(line, text, number, known.get(number or 0))


def _is_stated(suspect: Finding, last: str) -> bool:
    """Say whether a seal states that a backup was restored behind this line, and lost that."""
    stated = restarts_behind(last).values_list("statement", flat=True)
    return any((suspect.seal or 0) > each["restored"]["after"] for each in stated)
