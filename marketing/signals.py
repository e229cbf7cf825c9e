"""Following what allauth does to a sign-in."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.account.signals import email_changed, email_confirmed
from django.db import transaction
from django.dispatch import receiver

import accounts.signals  # noqa: F401 -- connected first: they bring the customer's address up to date
from accounts.models import Customer
from marketing.subscriptions import adopt_subscriptions
from marketing.suppression import lift_after_proof


@receiver(email_confirmed)
def follow_confirmation(email_address: EmailAddress, **kwargs: Any) -> None:
    _follow_proof(email_address)


@receiver(email_changed)
def follow_change(to_email_address: EmailAddress, **kwargs: Any) -> None:
    _follow_proof(to_email_address)


@transaction.atomic
def _follow_proof(proved: EmailAddress) -> None:
    """Let consents and subscriptions count from before the address was proved."""
    locked = Customer.objects.open().select_for_update(of=("self",))
    customer = locked.filter(user=proved.user_id, email=proved.email).first()
    if customer is not None:
        lift_after_proof(customer)
        adopt_subscriptions(customer)
