"""Refusing all marketing at once."""

from django.db import transaction

from accounts.closing import ends_with_account
from accounts.consents import withdraw_given
from accounts.locks import lock_open
from accounts.models import Customer, EventChannel, User
from marketing.preferences import refuse_advertising
from marketing.suppression import is_marketing, marketing_purposes, suppress_customer
from policies.models import Purpose


@transaction.atomic
def refuse_marketing(customer: Customer, *, by: User) -> list[Purpose]:
    """Withdraw every consent to marketing and remember the refusal of all other purposes of it.

    Also nobody follows the customer for advertising any more, and none is shown to them.

    Returns the purposes whose consent was withdrawn. Safe to repeat.

    Raises AccountClosed.
    """
    lock_open(customer)
    return refuse_all(customer, by=by)


def refuse_all(
    customer: Customer, *, by: User | None, channel: EventChannel = EventChannel.WEB
) -> list[Purpose]:
    """Do what refuse_marketing() does, to a row that is locked; the account may be closed."""
    withdrawn = withdraw_given(customer, is_marketing, by=by, channel=channel)
    remember_refusal(customer, by)
    return withdrawn


@ends_with_account
def remember_refusal(customer: Customer, by: User | None) -> None:
    """Let nobody contact the customer or follow them, also after their account and its data.

    Only a consent that they give anew changes that. Expects the row locked.
    """
    for purpose in marketing_purposes():
        suppress_customer(customer, purpose)
    refuse_advertising(customer, by=by)
