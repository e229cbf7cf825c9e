"""The officers' queues: which complaints each shows, and how many there are."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from casework.models import IS_OPEN, late_at
from complaints.models import Complaint, ComplaintState
from policies.counting import local_day, midnight

CLOSED = "closed"
QUEUES: dict[str, str | Promise] = {
    "open": _("All open"),
    "mine": _("Mine"),
    "unassigned": _("Unassigned"),
    "overdue": _("Overdue"),
    "today": _("Due today"),
    "soon": _("Due soon"),
    "waiting": _("Waiting for the customer"),
    "refusals": _("Refusals to confirm"),
    "escalated": _("With an authority"),
    CLOSED: _("Closed"),
}


def conditions(user: Any, soon: datetime) -> dict[str, Q]:
    """Return what each queue asks of a complaint, for this member of staff and now.

    ``soon`` is casework.deadlines.soon_until().
    """
    now = timezone.now()
    tomorrow = midnight(local_day(now) + timedelta(days=1))
    return {
        "open": IS_OPEN,
        "mine": IS_OPEN & Q(handler=user),
        "unassigned": IS_OPEN & Q(handler=None),
        "overdue": late_at(now),
        "today": late_at(tomorrow) & Q(late_from__gt=now),
        "soon": late_at(soon) & Q(late_from__gt=now),
        "waiting": IS_OPEN & Q(waiting_since__isnull=False),
        "refusals": IS_OPEN & Q(state=ComplaintState.REFUSAL) & ~Q(refused_by=user),
        "escalated": IS_OPEN & Q(state=ComplaintState.ESCALATED),
        CLOSED: Q(closed_at__isnull=False),
    }


def count_queues(user: Any, soon: datetime) -> dict[str, int]:
    """Count the queues of open complaints: the closed are too many to count for each page."""
    counts = {
        name: Count("pk", filter=which)
        for name, which in conditions(user, soon).items()
        if name != CLOSED
    }
    return Complaint.objects.open().readable_by(user).aggregate(**counts)


def workload(user: Any, soon: datetime) -> list[dict[str, Any]]:
    """Return for each handler how many of the open complaints they have; the busiest first.

    ``late`` and ``soon`` are of these; ``handler`` is None for those that nobody has.
    """
    queues = conditions(user, soon)
    rows = Complaint.objects.open().readable_by(user).values("handler", "handler__staff_name")
    return list(
        rows.annotate(
            open=Count("pk"),
            late=Count("pk", filter=queues["overdue"]),
            soon=Count("pk", filter=queues["soon"]),
        ).order_by("-open", "handler")
    )
