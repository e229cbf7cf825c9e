"""Closing an account, and until when its data is kept."""

from datetime import date

from allauth.account.models import EmailAddress
from django.db import transaction
from django.utils import timezone

from accounts.consents import write_consent
from accounts.locks import lock_customer
from accounts.models import ClosingCause, ConsentDecision, Customer, User
from accounts.sessions import end_sessions
from common.history import save_as
from notices.services import queue_notice
from policies.counting import local_day
from policies.retention import kept_until, rule_after_closing


@transaction.atomic
def close_account(customer: Customer, *, by: User) -> date:
    """Close the account; return the last day on which its data is kept.

    That day stands from now on, whatever rule comes later. Ends every session
    and consent, and frees the sign-in address. Closing twice keeps the first
    date and mails once.

    Raises NotConfigured.
    """
    lock_customer(customer)
    if customer.kept_until is not None:
        return customer.kept_until
    customer.closed_at = timezone.now()
    customer.closing_cause = ClosingCause.CUSTOMER
    customer.closing_rule = rule_after_closing(local_day(customer.closed_at))
    customer.kept_until = kept_until(customer.closing_rule, customer.closed_at)
    save_as(
        customer,
        by=by,
        reason="closed by customer",
        fields=["closed_at", "closing_rule", "closing_cause", "kept_until"],
    )
    for consent in customer.consents.latest_per_purpose().select_related("purpose"):
        if consent.decision == ConsentDecision.GIVEN:
            write_consent(customer, consent.purpose, ConsentDecision.WITHDRAWN, by=by)
    if customer.user is not None:
        _end_sign_in(customer.user, by=by)
    queue_notice(
        "account_closed",
        recipient=customer.public_id,
        key=f"closed-{customer.public_id}",
        kept_until=customer.kept_until.isoformat(),
    )
    return customer.kept_until


def _end_sign_in(user: User, *, by: User) -> None:
    """Block a sign-in and give up its address, so that the person may open a new account."""
    EmailAddress.objects.filter(user=user).delete()
    user.is_active = False
    user.email = f"{user.public_id}@closed.invalid"
    save_as(user, by=by, reason="account closed", fields=["is_active", "email"])
    end_sessions([user.pk])
