"""Reading official days from a CSV or ICS file. Reads no database and keeps no file.

CSV: ``date`` and ``label`` (or ``label_vi`` and ``label_en``) are enough; ``day_type``, ``kind``
and ``swapped_with`` (the other day of a swap) say more; other columns are left aside.
ICS: each all-day event is one day or several, its end not included (RFC 5545, 3.6.1).
"""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.utils.translation import gettext as _

from policies.models import DayType, OfficialDayKind

LARGEST_FILE = 1024 * 1024  # bytes
MOST_ROWS = 1000
LONGEST_EVENT = 31  # days; no holiday is longer, and a wrong year must not become a million rows
LONGEST_LABEL = 100
WEEKEND = (5, 6)
ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
EVENT = re.compile(r"\s*BEGIN:VEVENT\s*", re.IGNORECASE)
CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True)
class CalendarRow:
    """One official day as a file or the library names it; ``line`` is 0 outside of a file."""

    day: date
    kind: OfficialDayKind
    label_vi: str
    label_en: str
    swapped_with: date | None = None
    line: int = 0

    @property
    def day_type(self) -> DayType:
        worked = self.kind == OfficialDayKind.SWAP_WORK
        return DayType.WORKING if worked else DayType.OFF


@dataclass(frozen=True)
class Fault:
    """What is wrong; ``line`` is 0 when it is the whole file."""

    line: int
    text: str


@dataclass(frozen=True)
class Parsed:
    rows: tuple[CalendarRow, ...] = ()
    faults: tuple[Fault, ...] = ()


class RowRefused(Exception):
    """A row cannot be taken; the text is for the person who sent it."""


Read = CalendarRow | Fault


def parse_calendar(content: bytes, years: range) -> Parsed:
    """Return the days of a file, or with every fault found no day at all."""
    if len(content) > LARGEST_FILE:
        return _refused(_("The file is larger than 1 MB."))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return _refused(_("The file is not UTF-8. Save it again as “CSV UTF-8”, or as ICS."))
    is_ics = text.lstrip().upper().startswith("BEGIN:VCALENDAR")
    found: list[Read] = []
    for read in _read_ics(text) if is_ics else _read_csv(text):
        if len(found) == MOST_ROWS:
            return _refused(_("The file has more than %(n)d days.") % {"n": MOST_ROWS})
        found.append(read)
    faults = [read for read in found if isinstance(read, Fault)]
    rows = [read for read in found if isinstance(read, CalendarRow)]
    faults += _wrong_in(rows, years)
    if not rows and not faults:
        return _refused(_("The file has no days."))
    return Parsed((), tuple(sorted(faults, key=_line))) if faults else Parsed(tuple(rows))


def fault_of(row: CalendarRow) -> str:
    """Return why this day cannot be of that kind, or nothing."""
    at_weekend = row.day.weekday() in WEEKEND
    if row.kind == OfficialDayKind.SWAP_OFF and at_weekend:
        return _("A day off in exchange is a day from Monday to Friday.")
    if row.kind == OfficialDayKind.SWAP_WORK and not at_weekend:
        return _("A day worked in exchange is a Saturday or a Sunday.")
    return ""


def _refused(text: str) -> Parsed:
    return Parsed(faults=(Fault(0, text),))


def _line(fault: Fault) -> int:
    return fault.line


def _wrong_in(rows: list[CalendarRow], years: range) -> Iterator[Fault]:
    first: dict[date, int] = {}
    for row in rows:
        if row.day in first:
            text = _("This day is on line %(n)d already.") % {"n": first[row.day]}
            yield Fault(row.line, text)
        first.setdefault(row.day, row.line)
        if row.day.year not in years:
            span = {"first": years[0], "last": years[-1]}
            yield Fault(row.line, _("The year is not one from %(first)d to %(last)d.") % span)
        if wrong := fault_of(row):
            yield Fault(row.line, wrong)


# CSV


def _read_csv(text: str) -> Iterator[Read]:
    header = text.partition("\n")[0]
    delimiter = ";" if ";" in header and "," not in header else ","
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        reader.fieldnames = [name.strip().lower() for name in reader.fieldnames or ()]
        if not _has_columns(set(reader.fieldnames)):
            yield Fault(1, _("The first line must name the columns, at least date and label."))
            return
        for values in reader:
            try:
                yield _csv_row(values, reader.line_num)
            except RowRefused as error:
                yield Fault(reader.line_num, str(error))
    except csv.Error:
        sentence = _("This line cannot be read; look at its quotation marks.")
        yield Fault(max(reader.reader.line_num, 1), sentence)


def _has_columns(names: set[str]) -> bool:
    return "date" in names and ("label" in names or {"label_vi", "label_en"} <= names)


def _csv_row(values: dict[Any, Any], line: int) -> CalendarRow:
    if None in values:
        raise RowRefused(_("This line has more values than there are columns."))
    row = {name: (value or "").strip() for name, value in values.items()}
    kind = _kind(row.get("kind", ""), row.get("day_type", "").upper())
    other = row.get("swapped_with", "")
    result = CalendarRow(
        day=_day(row["date"]),
        kind=kind,
        label_vi=_label(row.get("label_vi") or row.get("label", "")),
        label_en=_label(row.get("label_en") or row.get("label", "")),
        swapped_with=_day(other) if other else None,
        line=line,
    )
    if row.get("day_type", "") and row["day_type"].upper() != result.day_type:
        raise RowRefused(_("The type does not agree with the kind."))
    return result


def _kind(kind: str, day_type: str) -> OfficialDayKind:
    if day_type and day_type not in DayType.values:
        raise RowRefused(_("“%(text)s” is no type of day.") % {"text": day_type[:20]})
    if not kind:
        worked = day_type == DayType.WORKING
        return OfficialDayKind.SWAP_WORK if worked else OfficialDayKind.STATUTORY
    if kind not in OfficialDayKind.values:
        raise RowRefused(_("“%(text)s” is no kind of day.") % {"text": kind[:20]})
    return OfficialDayKind(kind)


def _day(text: str) -> date:
    try:
        if ISO_DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise RowRefused(_("“%(text)s” is no day; write it as 2028-01-26.") % {"text": text[:20]})


def _label(text: str) -> str:
    label = text.strip()
    if not label:
        raise RowRefused(_("There is no label."))
    if len(label) > LONGEST_LABEL:
        raise RowRefused(_("The label is longer than %(n)d letters.") % {"n": LONGEST_LABEL})
    if CONTROL.search(label):
        raise RowRefused(_("The label has characters that cannot be printed."))
    return label


# ICS


def _read_ics(text: str) -> Iterator[Read]:
    from icalendar import Calendar  # noqa: PLC0415 -- it would slow every start

    try:
        events = Calendar.from_ical(text).walk("VEVENT")
    except (ValueError, KeyError, IndexError, AttributeError, TypeError):
        yield Fault(0, _("The calendar file is damaged and cannot be read."))
        return
    lines = [n for n, line in enumerate(text.splitlines(), 1) if EVENT.fullmatch(line)]
    for index, event in enumerate(events):
        line = lines[index] if index < len(lines) else 0
        try:
            yield from _days_of(event, line)
        except RowRefused as error:
            yield Fault(line, str(error))


def _days_of(event: Any, line: int) -> Iterator[CalendarRow]:
    if event.errors:
        raise RowRefused(_("This event is damaged and cannot be read."))
    if event.keys() & {"RRULE", "RDATE", "RECURRENCE-ID"}:
        raise RowRefused(_("This event repeats. Write each day as an event of its own."))
    if str(event.get("STATUS", "")).upper() == "CANCELLED":
        raise RowRefused(_("This event is cancelled. Take it out of the file."))
    start, end = _span(event)
    label = _label(_single(event, "SUMMARY", default=""))
    for n in range((end - start).days):
        yield CalendarRow(
            start + timedelta(days=n), OfficialDayKind.STATUTORY, label, label, line=line
        )


def _span(event: Any) -> tuple[date, date]:
    """Return the first day and the day after the last."""
    start = _whole_day(_single(event, "DTSTART"))
    try:
        if "DTEND" in event:
            end = _whole_day(_single(event, "DTEND"))
        elif "DURATION" in event:
            end = start + _single(event, "DURATION").dt
        else:
            end = start + timedelta(days=1)
    except OverflowError as error:
        raise RowRefused(_("The event ends before it begins, or is too long.")) from error
    if not 1 <= (end - start).days <= LONGEST_EVENT:
        raise RowRefused(_("The event ends before it begins, or is too long."))
    return start, end


def _single(event: Any, name: str, default: Any = None) -> Any:
    value = event.get(name, default)
    if value is None or isinstance(value, list):
        raise RowRefused(_("The event must have one %(name)s.") % {"name": name})
    return value


def _whole_day(value: Any) -> date:
    day = value.dt
    if type(day) is not date:
        raise RowRefused(_("The event has a time of day. Official days are all-day events."))
    return day
