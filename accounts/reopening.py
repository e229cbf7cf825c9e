"""Opening a closed account again, while its data is still there.

The customer does so in the days of grace, with the link of the mail and the old password; an
officer afterwards, having made sure who asks. The sign-in address comes back if nobody has
proved meanwhile that it is theirs. Consents stay withdrawn: a consent is given, never restored.
"""

from collections.abc import Callable
from typing import Unpack

from allauth.account.models import EmailAddress
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.announcements import announce_to
from accounts.approvals import require_change
from accounts.closing import CLOSING_FIELDS, Ending, end_sign_in
from accounts.exceptions import ReopeningRefused
from accounts.identity_checks import CheckMade, record_identity_check
from accounts.locks import lock_customer
from accounts.models import (
    AssistedChange,
    ClosingCause,
    Customer,
    User,
)
from common.history import save_as
from common.personal_data import DataCategory
from notices.services import queue_notice
from policies.counting import local_day

FollowReopening = Callable[[Customer], None]
"""Takes a customer, locked, whose account is open again."""

_followers: list[FollowReopening] = []


def follows_reopening(follower: FollowReopening) -> FollowReopening:
    """Let a room above act on every reopening, in its transaction."""
    _followers.append(follower)
    return follower


_endings: list[Ending] = []


def ends_with_reopening(ending: Ending) -> Ending:
    """Let a room above end what was there for the closed account alone, in the transaction."""
    _endings.append(ending)
    return ending


def can_reopen_alone(customer: Customer) -> bool:
    """Say whether the customer can open the account again without an officer, today.

    Not where the service has ended: that is not the customer's to say.
    """
    return (
        customer.grace_until is not None
        and customer.grace_until >= local_day(timezone.now())
        and customer.closing_cause != ClosingCause.SERVICE_ENDED
        and customer.user is not None
        and customer.user.has_usable_password()
    )


def can_be_reopened(customer: Customer) -> bool:
    """Say whether an officer can open the account again today."""
    return customer.kept_until is not None and customer.kept_until >= local_day(timezone.now())


@transaction.atomic
def change_mind(customer: Customer) -> None:
    """Open the account again as its customer asks. An open account stays as it is.

    The caller has seen the link of the mail and the password.

    Raises ReopeningRefused.
    """
    _lock(customer)
    if customer.is_open:
        return
    if not can_reopen_alone(customer):
        raise ReopeningRefused(_("The days to change your mind are over. Please contact us."))
    _reopen(customer, by=customer.user, reason="reopened by customer")


@transaction.atomic
def reopen_for_customer(
    customer: Customer,
    *,
    reason: str,
    by: User,
    **made: Unpack[CheckMade],
) -> AssistedChange | None:
    """Record the identity check and, if it proved who asks, open the account again.

    Returns None when it did not. Locks the row as the purge does: whichever comes first, the
    other finds it so.

    Raises AccessClosed, ReopeningRefused.
    """
    _lock(customer)
    if customer.is_open:
        raise ReopeningRefused(_("This account is open already."))
    if not can_be_reopened(customer):
        raise ReopeningRefused(_("The period is over; the data is being deleted."))
    approval = require_change(customer, by=by, groups=[DataCategory.ACCOUNT])
    check = record_identity_check(customer, by=by, **made)
    if not check.is_proved:
        return None
    _reopen(customer, by=by, reason="reopened by staff")
    return AssistedChange.objects.create(
        customer=customer,
        identity_check=check,
        approval=approval,
        fields=["closed_at"],
        reason=reason,
    )


def _lock(customer: Customer) -> None:
    try:
        lock_customer(customer)
    except Customer.DoesNotExist:
        raise ReopeningRefused(_("This customer's data has been deleted.")) from None


def _reopen(customer: Customer, *, by: User | None, reason: str) -> None:
    closed_at = customer.closed_at
    customer.closed_at = customer.closing_rule = None
    customer.kept_until = customer.grace_until = None
    customer.closing_cause = ""
    try:
        with transaction.atomic():
            save_as(customer, by=by, reason=reason, fields=CLOSING_FIELDS)
            if customer.user is not None:
                _give_sign_in_back(customer.user, customer.email, by=by)
    except IntegrityError:
        raise ReopeningRefused(
            _("Another account has been opened with this address since. Please contact us.")
        ) from None
    for ending in _endings:
        ending(customer, by)
    if closed_at is not None:
        announce_to(customer, closed_at=closed_at)
    for follow in _followers:
        follow(customer)
    queue_notice(
        "account_reopened",
        recipient=customer.public_id,
        key=f"reopened-{customer.history.latest().history_id}",
    )


def _give_sign_in_back(user: User, email: str, *, by: User | None) -> None:
    """Let the sign-in have its address again; its password never went.

    The address was proved before the account was closed. Who signed up with it since and did not
    prove it gives way.
    """
    for other in User.objects.filter(email=email, customer__in=Customer.objects.unproved()):
        end_sign_in(other, by=by, reason="address given back")
    user.email, user.is_active = email, True
    save_as(user, by=by, reason="account reopened", fields=["is_active", "email"])
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
