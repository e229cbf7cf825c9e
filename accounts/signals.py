"""Following what allauth does to a sign-in."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.account.signals import email_changed
from django.dispatch import receiver

from accounts.models import User
from accounts.services import follow_email


@receiver(email_changed)
def keep_email_in_step(user: User, to_email_address: EmailAddress, **kwargs: Any) -> None:
    follow_email(user, to_email_address.email)
