"""Following what allauth does to a sign-in."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.account.signals import email_confirmed
from django.db import transaction
from django.dispatch import receiver

from accounts.models import Customer
from marketing.suppression import lift_after_proof


@receiver(email_confirmed)
@transaction.atomic
def let_earlier_consents_count(email_address: EmailAddress, **kwargs: Any) -> None:
    locked = Customer.objects.open().select_for_update(of=("self",))
    customer = locked.filter(user=email_address.user_id, email=email_address.email).first()
    if customer is not None:
        lift_after_proof(customer)
