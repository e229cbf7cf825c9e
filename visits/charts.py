"""The visits of a period: as columns of a chart, and by page."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from dateutil.relativedelta import relativedelta
from django.db import models
from django.db.models import Avg, QuerySet, Sum
from django.db.models.functions import TruncMonth
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from common.charts import HEIGHT, WIDTH, scaled
from visits.models import PageDay

DAYS, MONTHS = 30, 12


class Period(models.TextChoices):
    DAYS = "days", _("30 days")
    MONTHS = "months", _("12 months")

    def first_day(self, today: date) -> date:
        if self == Period.DAYS:
            return today - timedelta(days=DAYS - 1)
        return today.replace(day=1) - relativedelta(months=MONTHS - 1)

    def steps(self, today: date) -> list[date]:
        """Return the days, or the first days of the months, the oldest first."""
        first = self.first_day(today)
        if self == Period.DAYS:
            return [first + timedelta(days=n) for n in range(DAYS)]
        return [first + relativedelta(months=n) for n in range(MONTHS)]


@dataclass(frozen=True)
class Column:
    """A day or a month: its views, and from how many networks they came, a day on average."""

    label: str
    views: int
    networks: int
    place: int
    highest: int

    @property
    def x(self) -> int:
        return self.place * WIDTH + 1

    @property
    def height(self) -> int:
        return scaled(self.views, self.highest)

    @property
    def y(self) -> int:
        return HEIGHT - self.height

    @property
    def networks_height(self) -> int:
        return scaled(self.networks, self.highest)

    @property
    def networks_y(self) -> int:
        return HEIGHT - self.networks_height


def rows_of(period: Period, today: date) -> QuerySet[PageDay]:
    return PageDay.objects.filter(day__range=(period.first_day(today), today))


def columns(period: Period, page: str, today: date) -> list[Column]:
    rows = rows_of(period, today).filter(page=page).order_by()
    step = models.F("day") if period == Period.DAYS else TruncMonth("day")
    counted = rows.values(step=step).annotate(seen=Sum("views"), from_networks=Avg("networks"))
    found = {row["step"]: (row["seen"], round(row["from_networks"])) for row in counted}
    highest = max((views for views, _networks in found.values()), default=0)
    return [
        Column(_label(period, day), *found.get(day, (0, 0)), place=place, highest=highest)
        for place, day in enumerate(period.steps(today))
    ]


def views_by_page(period: Period, today: date) -> dict[str, int]:
    """Return how often each page was opened, the most opened first."""
    rows: Iterable[Any] = (
        rows_of(period, today)
        .order_by()
        .values_list("page")
        .annotate(seen=Sum("views"))
        .order_by("-seen", "page")
    )
    return dict(rows)


def _label(period: Period, day: date) -> str:
    return date_format(day, "SHORT_DATE_FORMAT" if period == Period.DAYS else "YEAR_MONTH_FORMAT")
