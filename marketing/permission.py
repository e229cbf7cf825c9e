"""Whether somebody may be contacted for a purpose, as of now."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db.models import Q

from accounts.consents import consent_in_force
from accounts.models import Customer
from marketing.links import way_out
from marketing.models import Subscription
from marketing.suppression import proven_contacts, suppressions_of
from notices.services import guards_marketing
from policies.models import Channel, Purpose


class Reason(StrEnum):
    """Why; the same whether the person is unknown or merely silent."""

    CONSENT = "consent"
    REFUSED = "refused"
    NO_CONSENT = "no_consent"


@dataclass(frozen=True)
class Answer:
    """since: when the consent was given, or the refusal made; None where there is neither."""

    reason: Reason
    since: datetime | None = None

    @property
    def is_allowed(self) -> bool:
        return self.reason == Reason.CONSENT


def customers_at(contact: str) -> list[Customer]:
    """Return the open accounts that this address or number reaches."""
    reached = Q(email=contact) if "@" in contact else Customer.found_by("phone", contact)
    return list(Customer.objects.open().filter(reached).order_by("pk"))


def may_contact(contact: str, purpose: Purpose) -> Answer:
    """Say whether a clean contact may be used for the purpose. A refusal beats every consent."""
    refusal = suppressions_of([contact], purpose).order_by("at").first()
    if refusal is not None:
        return Answer(Reason.REFUSED, refusal.at)
    since = next(_consents_at(contact, purpose), None)
    return Answer(Reason.CONSENT, since) if since else Answer(Reason.NO_CONSENT)


def _consents_at(contact: str, purpose: Purpose) -> Iterator[datetime]:
    for customer in customers_at(contact):
        consent = consent_in_force(customer, purpose)
        if consent is not None and contact in proven_contacts(customer, purpose.channel):
            yield consent.at
    subscribed = Subscription.objects.confirmed().filter(email=contact, purpose=purpose)
    for subscription in subscribed.select_related("purpose"):
        if subscription.is_in_force and subscription.confirmed_at:
            yield subscription.confirmed_at


@guards_marketing
def find_way_out(recipient: str, purpose_code: str) -> str | None:
    """Let a mail leave to who consents to its purpose and is not on the list, with a way out.

    Takes the row that a withdrawal takes first: one that is under way is waited for, and one
    that comes later finds the mail on its way.
    """
    purpose = Purpose.objects.asking_consent().filter(code=purpose_code).first()
    contact = purpose and (
        _address_of_customer(recipient, purpose) or _address_of_subscriber(recipient, purpose)
    )
    if not purpose or not contact or suppressions_of([contact], purpose).exists():
        return None
    return way_out(purpose, recipient=recipient, contact=contact)


def _address_of_customer(public_id: str, purpose: Purpose) -> str | None:
    held = Customer.objects.open().select_for_update(of=("self",), no_key=True)
    customer = held.filter(public_id=public_id).first()
    if customer is None or consent_in_force(customer, purpose) is None:
        return None
    return next(iter(proven_contacts(customer, Channel.EMAIL)), None)


def _address_of_subscriber(public_id: str, purpose: Purpose) -> str | None:
    held = Subscription.objects.confirmed().select_for_update(of=("self",), no_key=True)
    subscription = held.filter(public_id=public_id, purpose=purpose).first()
    if subscription is None:
        return None
    subscription.purpose = purpose
    return subscription.email if subscription.is_in_force else None
