"""The official calendar as it stands in the database."""

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


def load_calendar(kind: DayKind) -> WorkingCalendar:
    """Raises NotConfigured."""
    loaded = CalendarRange.objects.first()
    if loaded is None:
        raise NotConfigured(_("No official calendar is loaded; run load_profile first."))
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
    return WorkingCalendar(days, loaded.covers_from, loaded.covers_to, kind)


def calendar_version() -> int:
    """Return the number of the newest change to the official calendar; 0 before the first."""
    newest = OfficialDay.history.order_by("-history_id").values_list("history_id", flat=True)
    return newest.first() or 0
