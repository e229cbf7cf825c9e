from collections.abc import Collection

from accounts.consents import withdraw_given
from accounts.models import Customer, EventChannel, MergeState
from common.database import among
from common.history import delete_as, save_as
from common.personal_data import (
    DataCategory,
    Declaration,
    declare,
    erasure_step,
    exempt,
    mask_all,
    moves_on_merge,
    outlives,
)
from marketing.models import Preference, Subscription
from marketing.models.preferences import stricter
from marketing.preferences import NAMES
from marketing.suppression import has_refused, marketing_purposes, suppress_customer
from notices.services import Recipient, finds_recipients

declare(
    Declaration(
        model=Preference,
        category=DataCategory.PREFERENCE,
        customer="customer",
        personal=dict.fromkeys(NAMES, mask_all),
    )
)

exempt(
    "marketing.Suppression",
    because="knows an address or number by a keyed hash alone, and must outlive its owner's data:"
    " else an import would bring back the advertising that they refused",
)
outlives(
    "marketing.Suppression.contact_hash",
    because="a keyed hash, without which an import would bring back what they refused",
)
exempt(
    "marketing.Subscription",
    because="of people without an account; goes when they unsubscribe, are not confirmed in two"
    " days, or open an account, and with a customer whose address it is",
)
exempt("marketing.ContactKey", because="a key, of nobody")
exempt("marketing.ApiClient", because="names systems of the company")
exempt("marketing.NewsletterIssue", because="what the company writes to everybody")


@erasure_step
def end_subscriptions(customers: Collection[int]) -> None:
    """End those of the customers' own addresses; an unproved one may be a subscriber's."""
    owners = Customer.objects.filter(among("pk", customers)).without_unproved()
    Subscription.objects.filter(email__in=owners.values("email")).delete()


@moves_on_merge
def keep_the_refusals_of_either(duplicate: Customer, survivor: Customer) -> None:
    """Refuse with both what one of them refused, also where the ledger has no line of it.

    Not in a claim: there the sign-up is the newer word, from an address that was just proved.
    """
    merge = survivor.merges.get(duplicate_key=duplicate.pk, state=MergeState.MERGED)
    if merge.is_claim:
        return
    both = (duplicate, survivor)
    refused = [
        purpose
        for purpose in marketing_purposes()
        if any(has_refused(customer, purpose) for customer in both)
    ]
    for customer in both:
        withdraw_given(
            customer, refused.__contains__, by=merge.decided_by, channel=EventChannel.STAFF
        )
        for purpose in refused:
            suppress_customer(customer, purpose)


@moves_on_merge
def keep_the_stricter_preference(duplicate: Customer, survivor: Customer) -> None:
    """Allow what both records allowed, where both have said something."""
    both = Preference.objects.filter(customer__in=[duplicate, survivor])
    said = {each.customer_id: each for each in both}
    if len(said) < 2:
        return
    mine, other = said[survivor.pk], said[duplicate.pk]
    for name in ("statistics", "personalisation", "advertising"):
        setattr(mine, name, getattr(mine, name) and getattr(other, name))
    mine.ads = stricter(mine.ads, other.ads)
    save_as(mine, by=None, reason="merged")
    delete_as(other, by=None, reason="merged")


@finds_recipients
def find_subscriber(public_id: str) -> Recipient | None:
    subscription = Subscription.objects.filter(public_id=public_id).first()
    if subscription is None:
        return None
    return Recipient("", subscription.email, subscription.language)
