"""What is left of rows that went under a rule of statistics: numbers, with no key back to a row.

Who reads them learns nothing of a small group. What is smaller than the minimum is hidden, and so
is as much beside it as keeps anybody from having it by subtraction from the total.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

from django.db.models import Count, F
from django.db.models.functions import TruncMonth
from django.utils import timezone

from common.periods import Expiry
from common.personal_data import DataCategory
from policies.counting import local_day
from retention.models import RetentionStatistic

SMALLEST_GROUP = 10


def count_rows(expiry: Expiry, keys: Collection[Any]) -> None:
    """Add these rows (primary keys) to the numbers of their months; call it before they go."""
    zone = None if expiry.is_day(expiry.begins) else timezone.get_default_timezone()
    month = TruncMonth(expiry.begins, tzinfo=zone)
    rows = expiry.rows().filter(pk__in=keys).order_by()
    names = ["month", *([expiry.facet] if expiry.facet else [])]
    counted = rows.annotate(month=month).values_list(*names).annotate(number=Count("pk"))
    for begun, *facet, number in sorted(counted):  # always in one order: nobody waits in a circle
        first = begun if zone is None else local_day(begun)
        key = {"category": expiry.category, "month": first, "facet": "".join(map(str, facet))}
        row = RetentionStatistic(**key)
        RetentionStatistic.objects.bulk_create([row], ignore_conflicts=True)
        RetentionStatistic.objects.filter(**key).update(number=F("number") + number)


@dataclass(frozen=True)
class Table:
    """The numbers of one kind of data: a line for each month, a column for each facet."""

    category: DataCategory
    facets: list[str]
    lines: list[tuple[date, list[int | None], int | None]]


def tables() -> Iterator[Table]:
    """Yield what may be shown; None is a number that is hidden."""
    rows = RetentionStatistic.objects.order_by("category", "-month", "facet")
    for category, of_kind in groupby(rows, key=lambda row: row.category):
        found = list(of_kind)
        facets = sorted({row.facet for row in found})
        numbers = {(row.month, row.facet): row.number for row in found}
        months = sorted({row.month for row in found}, reverse=True)
        lines = [[numbers.get((month, facet), 0) for facet in facets] for month in months]
        yield Table(
            DataCategory(category),
            facets,
            [(month, *hide_small(line)) for month, line in zip(months, lines, strict=True)],
        )


def hide_small(
    numbers: Sequence[int], least: int = SMALLEST_GROUP
) -> tuple[list[int | None], int | None]:
    """Return the numbers and their total, with None for what must not be known."""
    hidden = {place for place, number in enumerate(numbers) if 0 < number < least}

    def gives_away() -> bool:
        """Say whether the total less what is shown speaks of a small group, or of one alone."""
        return bool(hidden) and (len(hidden) < 2 or sum(numbers[each] for each in hidden) < least)

    shown = [place for place, number in enumerate(numbers) if number >= least]
    for place in sorted(shown, key=lambda place: numbers[place]):
        if not gives_away():
            break
        hidden.add(place)
    cells = [None if place in hidden else number for place, number in enumerate(numbers)]
    return cells, None if gives_away() else sum(numbers)
