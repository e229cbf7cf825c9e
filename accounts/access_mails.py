"""Mails to customers who want to hear when staff looked at their data: how often, never at what."""

from datetime import date

from django.db import transaction
from django.db.models import Count
from django.utils import timezone, translation

from access.models import AccessAction, AccessRecord
from accounts.locks import lock_open
from accounts.looks import ONE_DAY
from accounts.models import Customer, User
from common.history import save_as
from common.models import JobStatus
from notices.services import queue_notices
from policies.counting import local_day, midnight

JOB = "accounts.tell_of_accesses"
MOST_MISSED = 7  # days


@transaction.atomic
def choose_access_mails(customer: Customer, *, wants: bool, by: User) -> None:
    """Raises AccountClosed."""
    lock_open(customer)
    if customer.gets_access_mails != wants:
        customer.gets_access_mails = wants
        save_as(customer, by=by, reason="access mails chosen", fields=["gets_access_mails"])


def tell_of_accesses() -> None:
    """Write to each who wants it how often staff looked at their data yesterday, if at all.

    Of the days too of which a run was missed, up to a week. Safe to repeat: a day is told once.
    """
    today = local_day(timezone.now())
    status = JobStatus.objects.filter(name=JOB).first()
    last = local_day(status.succeeded_at) if status and status.succeeded_at else today
    for ago in range(min(max((today - last).days, 1), MOST_MISSED), 0, -1):
        _tell_of_day(today - ago * ONE_DAY, today)


def _tell_of_day(day: date, today: date) -> None:
    readers = Customer.objects.open().filter(gets_access_mails=True)
    looks = AccessRecord.objects.exclude(action=AccessAction.CHECK)  # by systems, not by staff
    records = looks.shown_to_customer(today).filter(
        at__gte=midnight(day),
        at__lt=midnight(day + ONE_DAY),
        customer__in=readers.values("public_id"),
    )
    counted = records.values_list("customer", "action").annotate(count=Count("pk"))
    told: dict[str, list[tuple[str, int]]] = {}
    for customer, action, count in counted.order_by("customer", "action"):
        told.setdefault(customer, []).append((_word_for(action), count))
    queue_notices(
        "accesses_of_day",
        [
            (customer, f"accesses-{day}-{customer}", {"day": day.isoformat(), "counts": counts})
            for customer, counts in told.items()
        ],
    )


def _word_for(action: str) -> str:
    """Return what the action is called, for the mail to translate."""
    with translation.override(None):
        return str(AccessAction(action).label)
