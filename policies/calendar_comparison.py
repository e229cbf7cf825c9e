"""New days beside those that the official calendar holds already."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from policies.calendar_import import CalendarRow, fault_of
from policies.models import OfficialDay, OfficialDayKind

SWAP = (OfficialDayKind.SWAP_OFF, OfficialDayKind.SWAP_WORK)


@dataclass(frozen=True)
class Comparison:
    """A row beside what the calendar holds for its day: ``known`` is None when it is new."""

    row: CalendarRow
    known: OfficialDay | None

    @property
    def differs(self) -> bool:
        known, row = self.known, self.row
        return known is not None and (
            (known.kind, known.label_vi, known.label_en) != (row.kind, row.label_vi, row.label_en)
        )


def compare(rows: Iterable[CalendarRow]) -> list[Comparison]:
    rows = list(rows)
    known = {day.day: day for day in OfficialDay.objects.filter(day__in=[r.day for r in rows])}
    return [Comparison(row, known.get(row.day)) for row in rows]


def faults_of_new(rows: Collection[CalendarRow]) -> dict[CalendarRow, str]:
    """Return what is wrong with new days: one of no possible kind, or half a swap."""
    by_day = {row.day: row for row in rows}
    faults = {}
    for row in rows:
        other = by_day.get(row.swapped_with) if row.swapped_with else None
        if wrong := fault_of(row):
            faults[row] = wrong
        elif row.kind in SWAP and not (other and _is_pair(row, other)):
            faults[row] = _(
                "%(day)s is half a swap: name the other day in the column swapped_with, and give"
                " it a new line of its own that names this one."
            ) % {"day": shown(row.day)}
    return faults


def _is_pair(one: CalendarRow, other: CalendarRow) -> bool:
    return {one.kind, other.kind} == set(SWAP) and other.swapped_with == one.day


def shown(day: date) -> str:
    return date_format(day, "SHORT_DATE_FORMAT")
