"""The clock of an enquiry: the company's term for an answer, from the confirmed address on.

An enquiry belongs to no customer, so that it has no row among the clocks of cases; it is counted
and explained the same way.
"""

from collections.abc import Collection
from datetime import date
from typing import NamedTuple

from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from access.roles import COMPLAINT_LEAD
from accounts.staff import holders, officers
from casework.clocks import preview_clocks
from casework.deadlines import late_for, soon_until
from common.history import save_as
from enquiries.models import Enquiry
from enquiries.senders import erasures_that_wait
from notices.models import Notice
from notices.services import queue_notices
from policies.calendars import calendar_version
from policies.models import Company, TimeLimitKind

COUNTED = ["limit", "late_from", "explanation", "calendar_version"]
"""The columns of an enquiry that follow from its count."""
REASON = "calendar changed"


def count_last_day(enquiry: Enquiry) -> bool:
    """Count the end of the term, if it can be counted; not saved. Return whether it was.

    Counted anew after a change of the calendar, the earlier day stays: it was promised.
    """
    if enquiry.confirmed_at is None:
        return False
    enquiry.calendar_version = calendar_version()
    for limit, explanation in preview_clocks([TimeLimitKind.ENQUIRY_ANSWER], enquiry.confirmed_at):
        if enquiry.late_from is None or explanation.late_from <= enquiry.late_from:
            enquiry.limit, enquiry.late_from = limit, explanation.late_from
            enquiry.explanation = explanation.to_json()
            return True
    return False


def count_last_days() -> int:
    """Count what could not be counted, or was counted by an older calendar; return how many.

    Run again it finds those alone that cannot be counted yet.
    """
    older = Q(calendar_version__lt=calendar_version())
    waiting = Enquiry.objects.to_be_answered().filter(Q(late_from=None) | older)
    return sum(map(_count_one, list(waiting.values_list("pk", flat=True))))


@transaction.atomic
def _count_one(key: int) -> bool:
    waiting = Enquiry.objects.to_be_answered().select_for_update(skip_locked=True)
    enquiry = waiting.filter(pk=key).first()
    if enquiry is None:
        return False
    before = enquiry.last_day
    if not count_last_day(enquiry):
        Enquiry.objects.filter(pk=key).update(calendar_version=enquiry.calendar_version)
        return False
    save_as(enquiry, by=None, reason=REASON, fields=COUNTED)
    if before and enquiry.last_day != before:
        _tell_of_move(enquiry, before)
    return True


def _tell_of_move(enquiry: Enquiry, before: date) -> None:
    key = f"moved-{enquiry.calendar_version}-{enquiry.public_id[:16]}"
    days = {"before": str(before), "last_day": str(enquiry.last_day)}
    queue_notices(
        "enquiry_moved",
        [
            (recipient, f"{key}-{recipient[:16]}", {**_named(enquiry), **days})
            for recipient in _leads()
        ],
    )


class Step(NamedTuple):
    """Of which enquiries it tells whom; nobody gets two notices of one ``code``."""

    code: str
    due: Q
    recipients: Collection[str]


def tell_of_late_enquiries() -> int:
    """Tell of last days that are near or over, by the company's steps, and of what keeps data
    whose own last day is over; each person once.

    Return how many notices were written. Run again it writes none.
    """
    return sum(map(_take, _steps()))


def _steps() -> list[Step]:
    company = Company.objects.first()
    if company is None:
        return []
    return [
        Step("soon", Q(late_from__gt=timezone.now(), late_from__lte=soon_until()), _leads()),
        Step("late", Q(late_from__lte=late_for(company.lead_after_days)), _leads()),
        Step("late", Q(late_from__lte=late_for(company.dpo_after_days)), officers()),
        Step("keeps", Q(pk__in=erasures_that_wait().values("enquiry")), _leads()),
    ]


@transaction.atomic
def _take(step: Step) -> int:
    notices = {
        f"{step.code}-{enquiry.public_id[:16]}-{recipient[:16]}": (recipient, enquiry)
        for enquiry in Enquiry.objects.to_be_answered().filter(step.due).order_by("late_from")
        for recipient in step.recipients
    }
    known = set(Notice.objects.filter(key__in=notices).values_list("key", flat=True))
    new = [
        (recipient, key, _named(enquiry))
        for key, (recipient, enquiry) in notices.items()
        if key not in known
    ]
    queue_notices(f"enquiry_{step.code}", new)
    return len(new)


def _leads() -> set[str]:
    return holders(COMPLAINT_LEAD) or officers()


def _named(enquiry: Enquiry) -> dict[str, str]:
    page = reverse("admin:enquiries_enquiry_change", args=[enquiry.pk])
    return {"reference": enquiry.reference, "path": page}
