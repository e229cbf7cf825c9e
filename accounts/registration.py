"""Opening an account."""

from collections.abc import Iterable, Mapping

from django.db import transaction

from accounts.consents import write_consent
from accounts.models import (
    ConsentDecision,
    Customer,
    EventChannel,
    PolicyEvent,
    PolicyEventKind,
    User,
)
from common.history import save_as
from policies.models import PolicyText, Purpose


@transaction.atomic
def register_customer(
    user: User,
    *,
    details: Mapping[str, str],
    accepted: PolicyText,
    agreed_to: Iterable[Purpose],
) -> Customer:
    """Record a new customer, and as separate events: policy shown, policy accepted, each consent.

    ``agreed_to`` are the purposes that the customer chose; the others have no consent.
    """
    customer = Customer(user=user, email=user.email, language=user.language, **details)
    save_as(customer, by=user, reason="signed up")
    for kind in (PolicyEventKind.SHOWN, PolicyEventKind.ACCEPTED):
        PolicyEvent.objects.create(
            customer=customer, kind=kind, text=accepted, channel=EventChannel.WEB
        )
    for purpose in agreed_to:
        write_consent(customer, purpose, ConsentDecision.GIVEN, by=user)
    return customer
