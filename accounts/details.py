"""Correcting what is known of a customer."""

from collections.abc import Mapping

from django.db import transaction

from accounts.locks import lock_open
from accounts.models import Customer, User
from common.history import save_as
from notices.services import queue_notice

EDITABLE = ("full_name", "phone", "address")


@transaction.atomic
def correct_details(customer: Customer, *, details: Mapping[str, str], by: User) -> list[str]:
    """Change what differs; return the names of the changed fields.

    Raises AccountClosed.
    """
    lock_open(customer)
    changed = write_details(customer, details, by=by, reason="corrected by customer")
    if changed:
        queue_notice(
            "details_changed",
            recipient=customer.public_id,
            key=f"details-{customer.history.latest().history_id}",
        )
    return changed


def write_details(
    customer: Customer, details: Mapping[str, str], *, by: User, reason: str
) -> list[str]:
    """Save those of ``details`` that differ, of a customer whose row is locked; return their names.

    Who calls it tells the customer.
    """
    changed = [name for name, value in details.items() if value != getattr(customer, name)]
    for name in changed:
        setattr(customer, name, details[name])
    if changed:
        save_as(customer, by=by, reason=reason, fields=changed)
    return changed


@transaction.atomic
def follow_email(user: User, email: str) -> None:
    """Write a customer's newly verified sign-in address into their record."""
    customer = Customer.objects.select_for_update(of=("self",)).filter(user=user).first()
    if customer is not None and customer.email != email:
        customer.email = email
        save_as(customer, by=user, reason="email verified", fields=["email"])


@transaction.atomic
def choose_language(user: User, language: str) -> None:
    """Write to ``user`` in this language from now on."""
    customers = list(Customer.objects.select_for_update(of=("self",)).filter(user=user))
    user.language = language
    save_as(user, by=user, reason="language chosen", fields=["language"])
    for customer in customers:
        customer.language = language
        save_as(customer, by=user, reason="language chosen", fields=["language"])
