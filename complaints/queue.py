"""The officers' queues: which complaints each shows, and how many there are."""

from datetime import datetime
from typing import Any

from django.db.models import Count, Q
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

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
    is_open = Q(closed_at=None)
    return {
        "open": is_open,
        "mine": is_open & Q(handler=user),
        "unassigned": is_open & Q(handler=None),
        "overdue": is_open & Q(late_from__lte=now),
        "soon": is_open & Q(late_from__gt=now, late_from__lte=soon),
        "closed": Q(closed_at__isnull=False),
    }


def count_queues(user: Any, soon: datetime) -> dict[str, int]:
    counts = {name: Count("pk", filter=which) for name, which in conditions(user, soon).items()}
    return Complaint.objects.aggregate(**counts)
