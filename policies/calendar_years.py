"""For which years the official calendar is loaded, and when one more is complete."""

from datetime import date

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from common.database import wait_for_others
from common.history import save_as
from policies.counting import local_day
from policies.exceptions import ChangeRefused, NotConfigured
from policies.models import CalendarRange, DayStatus, OfficialDay, OfficialDayKind

CALENDAR = "official calendar"  # the lock under which its history numbers come in order
YEARS_AHEAD = 5

# From which year on there are at least so many public holidays.
# Source: Labour Code 2019, art. 112(1); Culture Day, 24 November, from 2026.
LEAST_HOLIDAYS = {2021: 11, 2026: 12}


def loaded_range() -> CalendarRange:
    """Raises NotConfigured."""
    loaded = CalendarRange.objects.first()
    if loaded is None:
        raise NotConfigured(_("No official calendar is loaded; run load_profile first."))
    return loaded


def possible_years(loaded: CalendarRange) -> range:
    return range(loaded.covers_from.year, local_day(timezone.now()).year + YEARS_AHEAD + 1)


def require_year(year: int) -> None:
    """Raises ChangeRefused, NotConfigured."""
    years = possible_years(loaded_range())
    if year not in years:
        raise ChangeRefused(
            _("The year is not one from %(first)d to %(last)d.")
            % {"first": years[0], "last": years[-1]}
        )


def next_year(loaded: CalendarRange) -> int:
    """Return the year to complete next: the one that the range ends in, or the one after it."""
    ends = loaded.covers_to
    return ends.year + (ends == date(ends.year, 12, 31))


def least_holidays(year: int) -> int:
    return max((n for since, n in LEAST_HOLIDAYS.items() if since <= year), default=0)


@transaction.atomic
def complete_year(year: int, *, fewer: bool = False, by: AbstractBaseUser) -> CalendarRange:
    """Let the calendar cover all of ``year``; from then on days of it are counted.

    ``fewer`` says that somebody looked: the year is right with fewer public holidays than
    the law names. Provisional days are no hindrance, because each count says that it is.

    Raises ChangeRefused.
    """
    wait_for_others(CALENDAR)
    loaded = loaded_range()
    if year < next_year(loaded):
        raise ChangeRefused(_("The calendar covers %(year)d already.") % {"year": year})
    if year > next_year(loaded):
        raise ChangeRefused(_("Complete the years before %(year)d first.") % {"year": year})
    days = OfficialDay.objects.filter(day__year=year)
    if days.filter(status=DayStatus.PROPOSED).exists():
        raise ChangeRefused(_("Confirm or reject the proposals of this year first."))
    holidays = days.filter(kind=OfficialDayKind.STATUTORY).count()
    if holidays < least_holidays(year) and not fewer:
        raise ChangeRefused(
            _(
                "%(year)d has %(n)d public holidays, and the law names %(least)d. Add what is"
                " missing, or say below that it is right."
            )
            % {"year": year, "n": holidays, "least": least_holidays(year)}
        )
    loaded.covers_to = date(year, 12, 31)
    save_as(loaded, by=by, reason="year completed", fields=["covers_to"])
    return loaded
