"""Consents that were given too long ago end, and their customers are asked to renew them."""

from collections.abc import Iterator
from datetime import date, timedelta
from time import monotonic
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from accounts.consents import Words, write_consent
from accounts.models import Consent, ConsentDecision, Customer, EventChannel
from notices.services import fills_template, queue_notice
from policies.clocks import the_company
from policies.counting import add_months, local_day, midnight
from policies.models import Purpose

MAIL = "consent_expired"
BATCH = 500  # customers looked up at once; each is a transaction of its own
LONGEST_RUN = 300  # seconds; the next run goes on
SHORTER_MONTH = timedelta(days=3)  # six months after 31 August end on 28 February


def expire_consents() -> int:
    """End every consent whose time is over; return how many. Run again, it goes on.

    Where the company sets no time, consents stay until they are withdrawn.

    Raises NotConfigured.
    """
    months = the_company().consent_months
    if months is None:
        return 0
    today, until = local_day(timezone.now()), monotonic() + LONGEST_RUN
    expired = 0
    for customer in _customers_with_old_consents(today, months):
        expired += _expire_those_of(customer, today, months)
        if monotonic() > until:
            break
    return expired


def _customers_with_old_consents(today: date, months: int) -> Iterator[int]:
    """Yield primary keys; some may have a few days left, which _expire_those_of() sees."""
    last = 0
    while batch := list(
        _open_with_consent_before(add_months(today, -months) + SHORTER_MONTH)
        .filter(pk__gt=last)
        .order_by("pk")
        .values_list("pk", flat=True)[:BATCH]
    ):
        yield from batch
        last = batch[-1]


def _open_with_consent_before(day: date) -> QuerySet[Customer]:
    later = Consent.objects.filter(
        customer=OuterRef("customer"), purpose=OuterRef("purpose"), pk__gt=OuterRef("pk")
    )
    old = Consent.objects.filter(
        ~Exists(later),
        customer=OuterRef("pk"),
        decision=ConsentDecision.GIVEN,
        purpose__retired_on=None,
        at__lt=midnight(day),
    )
    return Customer.objects.open().filter(Exists(old))


@transaction.atomic
def _expire_those_of(customer_pk: int, today: date, months: int) -> int:
    """Append to the ledger what is over, and tell the customer of all of it in one mail."""
    locked = Customer.objects.open().select_for_update(of=("self",))
    customer = locked.filter(pk=customer_pk).first()
    if customer is None:
        return 0
    latest = customer.consents.latest_per_purpose().select_related("purpose")
    lines = [
        write_consent(
            customer,
            consent.purpose,
            ConsentDecision.EXPIRED,
            by=None,
            channel=EventChannel.PORTAL,
            words=Words(consent.wording, consent.language),
        )
        for consent in latest
        if consent.decision == ConsentDecision.GIVEN
        and consent.purpose.retired_on is None
        and add_months(local_day(consent.at), months) < today
    ]
    if lines:
        queue_notice(
            MAIL,
            recipient=customer.public_id,
            key=f"consent-expired-{lines[-1].pk}",
            purposes=[line.purpose.code for line in lines],
        )
    return len(lines)


@fills_template(MAIL)
def _purposes_of(context: dict[str, Any]) -> dict[str, Any]:
    return {"purposes": list(Purpose.objects.filter(code__in=context["purposes"]))}
