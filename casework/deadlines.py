"""How near the end of a case's nearest clock is, for lists and figures. Reads no case."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import TextChoices
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from casework.models import Case
from policies.calendars import load_calendar
from policies.clocks import the_company
from policies.counting import local_day, midnight
from policies.exceptions import PolicyError
from policies.models import DayKind

SOON_UNCOUNTED = 5  # days, where the calendar or the company is not loaded


class Nearness(TextChoices):
    OVERDUE = "overdue", gettext_lazy("Overdue")
    SOON = "soon", gettext_lazy("Due soon")
    IN_TIME = "in_time", gettext_lazy("In time")


@dataclass(frozen=True)
class Deadline:
    """The end of the nearest clock: its last local day, and how many days are left of it.

    days_left: 0 on the last day itself, negative once it is over.
    """

    last_day: date
    days_left: int
    nearness: Nearness

    @property
    def text(self) -> str:
        return _("%(nearness)s: %(day)s, %(left)s") % {
            "nearness": self.nearness.label,
            "day": date_format(self.last_day, "SHORT_DATE_FORMAT"),
            "left": self._left(),
        }

    def _left(self) -> str:
        if self.days_left < 0:
            over = -self.days_left
            return ngettext("%(n)d day late", "%(n)d days late", over) % {"n": over}
        if self.days_left == 0:
            return _("ends today")
        return ngettext("%(n)d day left", "%(n)d days left", self.days_left) % {"n": self.days_left}


def soon_until() -> datetime:
    """Return the moment before which a case must be late to count as due soon.

    Where the working days cannot be counted, plain days do: a list must not fail for that.
    """
    today = local_day(timezone.now())
    try:
        company = the_company()
        calendar = load_calendar(DayKind(company.day_kind))
        return calendar.add_working_days(today, company.due_soon_days).late_from
    except PolicyError:
        return midnight(today + timedelta(days=SOON_UNCOUNTED + 1))


def late_for(working_days: int) -> datetime:
    """Return the moment before which a case must be late to be so for whole ``working_days``.

    Where they cannot be counted, plain days do.
    """
    now = timezone.now()
    if not working_days:
        return now
    try:
        calendar = load_calendar(DayKind(the_company().day_kind))
        return midnight(calendar.working_day_before(local_day(now), working_days))
    except PolicyError:
        return now - timedelta(days=working_days)


def deadline_of(case: Case, soon: datetime) -> Deadline | None:
    """Return the nearest deadline of a case, None when no clock runs; ``soon`` is soon_until()."""
    if case.late_from is None or case.last_day is None:
        return None
    if case.is_late:
        nearness = Nearness.OVERDUE
    else:
        nearness = Nearness.SOON if case.late_from <= soon else Nearness.IN_TIME
    return Deadline(case.last_day, (case.last_day - local_day(timezone.now())).days, nearness)
