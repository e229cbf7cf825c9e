"""Following what allauth does to a sign-in."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.account.signals import email_changed, user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest

from accounts.details import follow_email
from accounts.http import ASK_POLICY
from accounts.models import User


@receiver(email_changed)
def keep_email_in_step(user: User, to_email_address: EmailAddress, **kwargs: Any) -> None:
    follow_email(user, to_email_address.email)


@receiver(user_logged_in)
def ask_once_about_the_policy(request: HttpRequest, user: User, **kwargs: Any) -> None:
    """Let the next page ask a customer, if there is a policy version to accept."""
    if not user.is_staff:
        request.session[ASK_POLICY] = True
