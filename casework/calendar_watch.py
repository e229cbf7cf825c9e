"""Telling the data protection officers in time that the official calendar ends."""

from datetime import date

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts.staff import officers
from notices.services import queue_notice
from policies.calendars import ends_too_soon, needed_until
from policies.counting import local_day


@transaction.atomic
def remind_of_calendar(today: date | None = None) -> int:
    """Write to each officer while the calendar does not reach far enough; return to how many.

    Once a week (ISO 8601, Monday to Sunday): run again in the same week, it writes nothing new.
    """
    today = today or local_day(timezone.now())
    ends = ends_too_soon(today)
    if ends is None:
        return 0
    week = f"{today:%G-%V}"
    year = needed_until(today).year
    page = reverse("admin:policies_officialday_changelist")
    recipients = officers()
    for officer in recipients:
        queue_notice(
            "calendar_ends",
            recipient=officer,
            key=f"calendar-{week}-{officer}",
            ends=ends.isoformat(),
            year=str(year),  # a number would be shown as 2.027
            path=f"{page}?year={year}",
        )
    return len(recipients)
