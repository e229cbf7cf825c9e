"""The list of those who must not be contacted: who comes onto it, and what takes them off it."""

from collections.abc import Iterable
from datetime import datetime

from allauth.account.models import EmailAddress
from django.db.models import QuerySet
from django.utils import timezone

from accounts.consents import follows_decisions
from accounts.models import Consent, ConsentDecision, Customer
from accounts.phone import follows_verification, is_verified
from marketing.contacts import BY_ADDRESS, BY_NUMBER, contact_hash, contacts_of
from marketing.models import Subscription, Suppression, SuppressionReason
from marketing.preferences import follow_no_more
from policies.models import Channel, Purpose


def suppress(hashes: Iterable[str], purpose: Purpose, *, reason: SuppressionReason) -> None:
    """Remember that nobody behind these hashes is contacted for the purpose.

    Said again it counts from now, so that no consent of in between lifts it.
    """
    rows = [
        Suppression(contact_hash=each, purpose=purpose, channel=purpose.channel, reason=reason)
        for each in hashes
    ]
    standing = Suppression.objects.filter(purpose=purpose, lifted_at=None)
    repeated = standing.filter(contact_hash__in=[row.contact_hash for row in rows])
    repeated.update(at=timezone.now(), reason=reason)
    Suppression.objects.bulk_create(rows, ignore_conflicts=True)


def suppressions_of(contacts: Iterable[str], purpose: Purpose) -> QuerySet[Suppression]:
    """Return what forbids to reach one of these addresses or numbers for the purpose now."""
    hashes = [contact_hash(contact) for contact in contacts]
    return Suppression.objects.filter(contact_hash__in=hashes, purpose=purpose, lifted_at=None)


def has_refused(customer: Customer, purpose: Purpose) -> bool:
    """Say whether an address or number of the customer is on the list since their last word."""
    refused = suppressions_of(contacts_of(customer, purpose.channel), purpose)
    last = customer.consents.filter(purpose=purpose).last()
    if last is not None and last.decision == ConsentDecision.GIVEN:
        refused = refused.filter(at__gt=last.at)
    return refused.exists()


def suppress_customer(customer: Customer, purpose: Purpose) -> None:
    """Remember a refusal of the customer beyond their account, and end their subscriptions."""
    contacts = contacts_of(customer, purpose.channel)
    suppress(map(contact_hash, contacts), purpose, reason=SuppressionReason.REFUSED)
    Subscription.objects.filter(email__in=contacts, purpose=purpose).delete()


def lift_by_consent(customer: Customer, purpose: Purpose, *, given_at: datetime) -> None:
    """Take the customer off the list, as far as the consent is newer than the refusal.

    Nobody does so with an address or number that is not proved to be theirs.
    """
    refused = suppressions_of(proven_contacts(customer, purpose.channel), purpose)
    refused.filter(at__lte=given_at).update(lifted_at=timezone.now())


@follows_verification
def lift_after_proof(customer: Customer) -> None:
    """Let the consents count that were given before the address or number was proved."""
    latest = customer.consents.latest_per_purpose().select_related("purpose")
    for consent in latest:
        if consent.decision == ConsentDecision.GIVEN and is_marketing(consent.purpose):
            lift_by_consent(customer, consent.purpose, given_at=consent.at)


def lift_by_confirmation(subscription: Subscription) -> None:
    """Take the address of a subscription off the list: the link in the mail has proved it."""
    refused = suppressions_of([subscription.email], subscription.purpose)
    refused.update(lifted_at=timezone.now())


def proven_contacts(customer: Customer, channel: str) -> list[str]:
    """Return where the customer can be reached on that channel and has shown that it is theirs.

    No consent speaks for another address or number: it could be a neighbour's, by a slip or
    by intent.
    """
    proved = EmailAddress.objects.filter(user=customer.user_id, email=customer.email, verified=True)
    by_address = channel in BY_ADDRESS and proved.exists()
    by_number = channel in BY_NUMBER and is_verified(customer)
    return [customer.email] * by_address + [customer.phone] * by_number


def marketing_purposes() -> QuerySet[Purpose]:
    """Return the purposes in use for which people are contacted, and only if they consent."""
    return Purpose.objects.asking_consent().exclude(channel=Channel.NONE)


def is_marketing(purpose: Purpose) -> bool:
    """Say whether people are contacted for the purpose, and only if they consent."""
    return purpose.asks_consent and purpose.channel != Channel.NONE


@follows_decisions
def follow_decision(consent: Consent) -> None:
    """Keep the list in step: a withdrawal comes onto it, a consent lifts it.

    A consent that merely expired was not refused.
    """
    if not is_marketing(consent.purpose):
        return
    if consent.decision == ConsentDecision.GIVEN:
        lift_by_consent(consent.customer, consent.purpose, given_at=consent.at)
    elif consent.decision == ConsentDecision.WITHDRAWN:
        suppress_customer(consent.customer, consent.purpose)
        if consent.purpose.channel == Channel.ADVERTISING:
            follow_no_more(consent.customer, by=consent.actor)
