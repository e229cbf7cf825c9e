"""Following what allauth does to a sign-in."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.account.signals import email_changed, email_confirmed, user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse

from accounts.details import follow_email
from accounts.devices import recognise_device
from accounts.http import ASK_DETAILS, ASK_POLICY
from accounts.merging import claim_record, differences_of
from accounts.models import Customer, User


@receiver(email_changed)
def keep_email_in_step(user: User, to_email_address: EmailAddress, **kwargs: Any) -> None:
    """Write a new sign-in address into the record, which may make it one with a recorded one."""
    follow_email(user, to_email_address.email)
    claim_record(user, to_email_address.email)


@receiver(email_confirmed)
def take_over_what_staff_recorded(email_address: EmailAddress, **kwargs: Any) -> None:
    claim_record(email_address.user, email_address.email)


@receiver(user_logged_in)
def ask_once_about_the_policy(request: HttpRequest, user: User, **kwargs: Any) -> None:
    """Let the next page ask a customer, if there is a policy version to accept."""
    if not user.is_staff:
        request.session[ASK_POLICY] = True


@receiver(user_logged_in)
def ask_which_details_are_right(request: HttpRequest, user: User, **kwargs: Any) -> None:
    customer = Customer.objects.open().filter(user=user).first()
    if customer is not None and differences_of(customer):
        request.session[ASK_DETAILS] = True


@receiver(user_logged_in)
def look_at_the_device(
    request: HttpRequest, response: HttpResponse, user: User, **kwargs: Any
) -> None:
    recognise_device(request, response, user)
