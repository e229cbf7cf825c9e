"""Opening an account."""

from collections.abc import Iterable, Mapping

from django.db import transaction

from accounts.accuracy import declare_accuracy
from accounts.consents import write_consent
from accounts.details import NONE, put_declared
from accounts.models import (
    ConsentDecision,
    Customer,
    EventChannel,
    Occasion,
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
    declared: Mapping[str, str] = NONE,
) -> Customer:
    """Record a new customer, and as separate events: policy shown, policy accepted, each consent.

    agreed_to: the purposes that the customer chose; the others have no consent.
    declared: values by the code of their field. The customer declares all details right.
    """
    customer = Customer(user=user, email=user.email, language=user.language, **details)
    save_as(customer, by=user, reason="signed up")
    for kind in (PolicyEventKind.SHOWN, PolicyEventKind.ACCEPTED):
        PolicyEvent.objects.create(
            customer=customer, kind=kind, text=accepted, channel=EventChannel.WEB
        )
    put_declared(customer, declared, by=user)
    declare_accuracy(customer, Occasion.SIGN_UP)
    for purpose in agreed_to:
        write_consent(customer, purpose, ConsentDecision.GIVEN, by=user)
    return customer
