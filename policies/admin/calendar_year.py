"""Twelve months of the official calendar at a glance. Reads no database."""

import calendar
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

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


def year_of(request: HttpRequest, years: range) -> int:
    """Return the year that is asked for, else this one, or the nearest that there can be."""
    asked = request.GET.get("year", "")
    is_year = asked.isascii() and asked.isdigit() and len(asked) <= 4
    year = int(asked) if is_year else timezone.localdate().year
    return min(max(year, years[0]), years[-1])


def page_of_year(year: int) -> str:
    return f"{reverse('admin:policies_officialday_changelist')}?year={year}"
