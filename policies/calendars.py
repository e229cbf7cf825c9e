"""The official calendar as it stands in the database."""

from datetime import date
from functools import lru_cache
from typing import Any

from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext as _

from policies.counting import SpecialDay, WorkingCalendar
from policies.exceptions import NotConfigured
from policies.models import (
    CalendarRange,
    DayKind,
    DayStatus,
    DayType,
    OfficialDay,
    OfficialDayKind,
)

NOVEMBER = 11  # by then the State has usually announced the next year


class OfficialCalendar:
    """The official calendar as it stands when this is made, read once for many counts.

    version: a number that grows whenever a counting day or the range changes; 0 before the first.
    A mere proposal does not change it. It is read before the days that are counted by: a change
    that slips in between is then noticed, and counted anew.
    """

    def __init__(self) -> None:
        self._loaded = loaded = _loaded()
        self.version = (loaded.newest_day or 0) + (loaded.newest_range or 0) if loaded else 0

    def of(self, kind: DayKind) -> WorkingCalendar:
        """Raises NotConfigured."""
        if self._loaded is None:
            raise NotConfigured(_("No official calendar is loaded; run load_profile first."))
        loaded = self._loaded
        return _build(loaded.newest_day or 0, loaded.covers_from, loaded.covers_to, kind)


def load_calendar(kind: DayKind) -> WorkingCalendar:
    """Raises NotConfigured."""
    return OfficialCalendar().of(kind)


def calendar_version() -> int:
    """Return OfficialCalendar.version."""
    return OfficialCalendar().version


def needed_until(today: date) -> date:
    """Return until when the calendar should reach: from November on, to the end of next year."""
    return date(today.year + (today.month >= NOVEMBER), 12, 31)


def ends_too_soon(today: date) -> date | None:
    """Return the last day of the calendar when it does not reach far enough, else None."""
    ends = CalendarRange.objects.values_list("covers_to", flat=True).first()
    return ends if ends and ends < needed_until(today) else None


def _loaded() -> Any:
    """Return the range with the numbers of the newest changes, in one small query.

    Each change of a counting day, its removal too, is a row of history that was never a
    proposal. Those who change the calendar wait for one another
    (calendar_years.CALENDAR), so numbers become visible in their order.
    """
    days = OfficialDay.history.exclude(status=DayStatus.PROPOSED).order_by("-history_id")
    ranges = CalendarRange.history.filter(id=OuterRef("pk")).order_by("-history_id")
    return CalendarRange.objects.annotate(
        newest_day=Subquery(days.values("history_id")[:1]),
        newest_range=Subquery(ranges.values("history_id")[:1]),
    ).first()


@lru_cache(maxsize=8)
def _build(newest_day: int, covers_from: date, covers_to: date, kind: DayKind) -> WorkingCalendar:
    """Build it once a process. ``newest_day`` stands for the rows: such a number never comes back,
    not even after a transaction that was undone.
    """
    days = (
        SpecialDay(
            row.day,
            DayType(row.day_type),
            OfficialDayKind(row.kind),
            row.label_vi,
            row.label_en,
            row.status == DayStatus.PROVISIONAL,
        )
        for row in OfficialDay.objects.counting()
    )
    return WorkingCalendar(days, covers_from, covers_to, kind)
