"""Twelve months of the official calendar at a glance. Reads no database."""

import calendar
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from policies.models import CalendarRange, OfficialDay, OfficialDayKind

SATURDAY = 5

# Seen without colour too; the words are in the cell's title and in hidden text.
MARKS = {
    OfficialDayKind.STATUTORY: "★",
    OfficialDayKind.COMPENSATORY: "+",
    OfficialDayKind.SWAP_OFF: "⇄",
    OfficialDayKind.SWAP_WORK: "▲",
}


@dataclass(frozen=True)
class Cell:
    """A day of a month; ``official`` when the calendar sets it apart."""

    day: date
    official: OfficialDay | None
    is_loaded: bool

    @property
    def mark(self) -> str:
        return MARKS[OfficialDayKind(self.official.kind)] if self.official else ""

    @property
    def classes(self) -> str:
        names = [] if self.is_loaded else ["beyond"]
        if self.official:
            names += [self.official.kind, self.official.status]
        elif self.day.weekday() >= SATURDAY:
            names.append("weekend")
        return " ".join(f"year-day--{name}" for name in names)


@dataclass(frozen=True)
class Month:
    first: date
    weeks: list[list[Cell | None]]


def months_of(year: int, days: Iterable[OfficialDay], loaded: CalendarRange) -> list[Month]:
    """Return the months in weeks from Monday to Sunday; None stands for days of other months."""
    official = {day.day: day for day in days}

    def cell(day: date) -> Cell:
        is_loaded = loaded.covers_from <= day <= loaded.covers_to
        return Cell(day, official.get(day), is_loaded)

    weeks_of = calendar.Calendar(calendar.MONDAY).monthdatescalendar
    return [
        Month(
            date(year, month, 1),
            [
                [cell(day) if day.month == month else None for day in week]
                for week in weeks_of(year, month)
            ],
        )
        for month in range(1, 13)
    ]
