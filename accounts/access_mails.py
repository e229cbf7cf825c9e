"""Mails to customers who want to hear when staff looked at their data: how often, never at what."""

from django.db import transaction
from django.db.models import Count
from django.utils import timezone, translation

from access.models import AccessAction, AccessRecord
from accounts.locks import lock_open
from accounts.looks import ONE_DAY
from accounts.models import Customer, User
from common.history import save_as
from notices.services import queue_notices
from policies.counting import local_day, midnight


@transaction.atomic
def choose_access_mails(customer: Customer, *, wants: bool, by: User) -> None:
    """Raises AccountClosed."""
    lock_open(customer)
    if customer.gets_access_mails != wants:
        customer.gets_access_mails = wants
        save_as(customer, by=by, reason="access mails chosen", fields=["gets_access_mails"])


def tell_of_accesses() -> None:
    """Write to each who wants it how often staff looked at their data yesterday, if at all.

    Safe to repeat: a day is told once.
    """
    today = local_day(timezone.now())
    day = today - ONE_DAY
    readers = Customer.objects.open().filter(gets_access_mails=True)
    looks = AccessRecord.objects.exclude(action=AccessAction.CHECK)  # by systems, not by staff
    records = looks.shown_to_customer(today).filter(
        at__gte=midnight(day), at__lt=midnight(today), customer__in=readers.values("public_id")
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
