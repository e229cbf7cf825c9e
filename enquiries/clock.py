"""The clock of an enquiry: the company's term for an answer, from the confirmed address on.

An enquiry belongs to no customer, so that it has no row among the clocks of cases; it is counted
and explained the same way.
"""

from django.db import transaction
from django.db.models import Q

from access.roles import COMPLAINT_LEAD
from accounts.staff import holders, officers
from casework.clocks import preview_clocks
from enquiries.models import Enquiry
from notices.services import queue_notice
from policies.calendars import calendar_version
from policies.models import TimeLimitKind

COUNTED = ("limit", "late_from", "explanation", "calendar_version")
"""The columns of an enquiry that follow from its count."""


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
    is_counted = count_last_day(enquiry)
    Enquiry.objects.filter(pk=key).update(**{name: getattr(enquiry, name) for name in COUNTED})
    return is_counted


@transaction.atomic
def tell_of_late_enquiries() -> int:
    """Write to who answers for it about each late enquiry, once; return how many there are."""
    recipients = holders(COMPLAINT_LEAD) or officers()
    late = list(Enquiry.objects.late().order_by("late_from"))
    for enquiry in late:
        for recipient in recipients:
            queue_notice(
                "enquiry_late",
                recipient=recipient,
                key=f"late-{enquiry.public_id[:16]}-{recipient[:16]}",
                reference=enquiry.reference,
                path=f"/admin/enquiries/enquiry/{enquiry.pk}/change/",
            )
    return len(late)
