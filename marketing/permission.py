"""Whether somebody's data may be used for a purpose, or they be contacted for it, as of now."""

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
from policies.models import Channel, LegalBasis, Purpose


class Reason(StrEnum):
    """Why not. Where consent is asked, it is the same for the unknown and the merely silent."""

    REFUSED = "refused"
    NO_CONSENT = "no_consent"
    NO_ACCOUNT = "no_account"


@dataclass(frozen=True)
class Answer:
    """The legal basis that allows it, or why none does.

    since: when the consent was given, or the refusal made; None where there is neither.
    """

    reason: LegalBasis | Reason
    since: datetime | None = None

    @property
    def is_allowed(self) -> bool:
        return isinstance(self.reason, LegalBasis)


def customers_at(contact: str) -> list[Customer]:
    """Return the open accounts that this address or number reaches."""
    reached = Q(email=contact) if "@" in contact else Customer.found_by("phone", contact)
    return list(Customer.objects.open().filter(reached).order_by("pk"))


def may_use_contact(contact: str, purpose: Purpose) -> Answer:
    """Say whether data of whom a clean contact names may be used, for any purpose.

    Without an open account there is none to use, whatever the basis.
    """
    if purpose.asks_consent:
        return may_contact(contact, purpose)
    basis = LegalBasis(purpose.legal_basis)
    return Answer(basis if customers_at(contact) else Reason.NO_ACCOUNT)


def may_contact(contact: str, purpose: Purpose) -> Answer:
    """Say whether a clean contact may be used for the purpose. A refusal beats every consent."""
    refusal = suppressions_of([contact], purpose).order_by("at").first()
    if refusal is not None:
        return Answer(Reason.REFUSED, refusal.at)
    since = next(_consents_at(contact, purpose), None)
    return Answer(LegalBasis.CONSENT, since) if since else Answer(Reason.NO_CONSENT)


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
