"""The officers' queues: which complaints each shows, and how many there are."""

from datetime import datetime
from typing import Any

from django.db.models import Count, Q
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from casework.models import IS_OPEN, late_at
from complaints.models import Complaint

QUEUES: dict[str, str | Promise] = {
    "open": _("All open"),
    "mine": _("Mine"),
    "unassigned": _("Unassigned"),
    "overdue": _("Overdue"),
    "soon": _("Due soon"),
    "closed": _("Closed"),
}


def conditions(user: Any, soon: datetime) -> dict[str, Q]:
    """Return what each queue asks of a complaint, for this member of staff and now.

    ``soon`` is casework.deadlines.soon_until().
    """
    now = timezone.now()
    return {
        "open": IS_OPEN,
        "mine": IS_OPEN & Q(handler=user),
        "unassigned": IS_OPEN & Q(handler=None),
        "overdue": late_at(now),
        "soon": late_at(soon) & Q(late_from__gt=now),
        "closed": Q(closed_at__isnull=False),
    }


def count_queues(user: Any, soon: datetime) -> dict[str, int]:
    counts = {name: Count("pk", filter=which) for name, which in conditions(user, soon).items()}
    return Complaint.objects.aggregate(**counts)
