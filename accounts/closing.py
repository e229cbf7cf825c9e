"""Closing an account, and until when its data is kept.

The customer asks for it, or the company does: the service has ended, or nobody needs the data
any more. Each starts one clock, whose last day stands from then on. Where the company gives
days to change one's mind, the data stays through them; accounts/reopening.py undoes a closing.

A period of 0 months that the customer's own request starts is lengthened by those days only if
the customer does not waive them: the request is theirs, and so is the wish to take it back.
Where the company closes, nobody asked for speed, and a wrong entry must be found in time.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Unpack

from allauth.account.models import EmailAddress
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.approvals import end_grants, require_change
from accounts.consents import withdraw_given
from accounts.exceptions import ClosingRefused
from accounts.identity_checks import CheckMade, record_identity_check
from accounts.locks import lock_customer, lock_open
from accounts.models import (
    AssistedChange,
    ClosingCause,
    Customer,
    EventChannel,
    ServiceEnd,
    User,
)
from accounts.sessions import end_sessions
from common.history import save_as
from common.personal_data import DataCategory
from notices.services import queue_notice
from policies.clocks import the_company
from policies.counting import add_months, local_day
from policies.exceptions import NotConfigured
from policies.models import RetentionRule, RetentionTrigger
from policies.retention import deletion_rule, rule_after_closing

CLOSING_FIELDS = ("closed_at", "closing_cause", "closing_rule", "kept_until", "grace_until")
REASONS = {  # short codes of the history
    ClosingCause.CUSTOMER: "closed by customer",
    ClosingCause.SERVICE_ENDED: "service ended",
    ClosingCause.UNNECESSARY: "no longer necessary",
}


Ending = Callable[[Customer, User | None], None]
"""Takes a customer whose account is being closed, locked, and who closes it."""

_endings: list[Ending] = []


def ends_with_account(ending: Ending) -> Ending:
    """Let a room above end what of its own must not outlive an account, in the transaction."""
    _endings.append(ending)
    return ending


@dataclass(frozen=True)
class Terms:
    """By which rule a closed account is kept until when; grace_until as on the customer."""

    rule: RetentionRule
    kept_until: date
    grace_until: date | None

    @property
    def waiting_is_by_grace(self) -> bool:
        """Say whether nothing but the days to change one's mind keeps the data to the last day."""
        return self.kept_until == self.grace_until


def terms_of_closing(closed_at: datetime, *, waives_grace: bool = False) -> Terms:
    """Return what applies to a customer who closes the account then.

    Raises NotConfigured.
    """
    today = local_day(closed_at)
    rule = rule_after_closing(today)
    return _terms(rule, today, today=today, waives_grace=waives_grace)


def _terms(
    rule: RetentionRule, counted_from: date, *, today: date, waives_grace: bool = False
) -> Terms:
    last_day = add_months(counted_from, rule.months)
    grace_days = 0 if waives_grace else the_company().grace_days
    if not grace_days:
        return Terms(rule, max(last_day, today), None)
    grace_until = today + timedelta(days=grace_days)
    return Terms(rule, max(last_day, grace_until), grace_until)


@transaction.atomic
def close_account(customer: Customer, *, by: User, waives_grace: bool = False) -> date:
    """Close the account as its customer asks; return the last day on which its data is kept.

    Closing twice keeps the first date and mails once.

    Raises NotConfigured.
    """
    lock_customer(customer)
    if customer.kept_until is not None:
        return customer.kept_until
    now = timezone.now()
    terms = terms_of_closing(now, waives_grace=waives_grace)
    return _close(customer, terms, ClosingCause.CUSTOMER, at=now, by=by)


@transaction.atomic
def close_for_customer(
    customer: Customer,
    *,
    reason: str,
    by: User,
    **made: Unpack[CheckMade],
) -> AssistedChange | None:
    """Record the identity check and, if it proved who asks, close the account as they wish.

    Returns None when it did not. Receipt and days of grace are those of a customer who
    closes the account alone.

    Raises AccessClosed, AccountClosed, NotConfigured.
    """
    lock_open(customer)
    approval = require_change(customer, by=by, groups=[DataCategory.ACCOUNT])
    check = record_identity_check(customer, by=by, **made)
    if not check.is_proved:
        return None
    close_account(customer, by=by)
    return AssistedChange.objects.create(
        customer=customer,
        identity_check=check,
        approval=approval,
        fields=["closed_at"],
        reason=reason,
    )


@transaction.atomic
def end_service(customer: Customer, *, ended_on: date, reason: str, by: User | None) -> date:
    """Record that the customer stopped using the service; the period runs from that day on.

    Returns the last day on which the data is kept. by: None when the hosting system says so, which
    needs no approval; staff do, where the company asks its customers first.

    Raises AccessClosed, ClosingRefused, NotConfigured.
    """
    lock_customer(customer)
    now = timezone.now()
    today = local_day(now)
    if not local_day(customer.opened_at) <= ended_on <= today:
        raise ClosingRefused(_("The service cannot end before the account began, nor to come."))
    if not customer.is_open:
        raise ClosingRefused(_("This account is closed already."))
    if by is not None:
        require_change(customer, by=by, groups=[DataCategory.ACCOUNT])
    rule = _rule_from(RetentionTrigger.SERVICE_ENDED, today)
    ServiceEnd.objects.create(customer=customer, ended_on=ended_on, reason=reason, by=by)
    terms = _terms(rule, ended_on, today=today)
    return _close(customer, terms, ClosingCause.SERVICE_ENDED, at=now, by=by)


@transaction.atomic
def close_as_unnecessary(customer: Customer, *, by: User) -> date:
    """Close an account whose data is no longer necessary; return the last day of the data.

    Raises ClosingRefused, NotConfigured.
    """
    lock_customer(customer)
    if not customer.is_open:
        raise ClosingRefused(_("This account is closed already."))
    now = timezone.now()
    today = local_day(now)
    rule = _rule_from(RetentionTrigger.NO_LONGER_NECESSARY, today)
    terms = _terms(rule, today, today=today)
    return _close(customer, terms, ClosingCause.UNNECESSARY, at=now, by=by)


def _rule_from(trigger: RetentionTrigger, on: date) -> RetentionRule:
    rule = deletion_rule(DataCategory.ACCOUNT, [trigger], on)
    if rule is None:
        sentence = _("No retention rule is counted from when %(event)s.")
        raise NotConfigured(sentence % {"event": trigger.label})
    return rule


def _close(
    customer: Customer, terms: Terms, cause: ClosingCause, *, at: datetime, by: User | None
) -> date:
    """End every session and consent, free the sign-in address, and tell the customer."""
    customer.closed_at = at
    customer.closing_cause = cause
    customer.closing_rule = terms.rule
    customer.kept_until = terms.kept_until
    customer.grace_until = terms.grace_until
    channel = _channel(customer, by)
    is_assisted = cause == ClosingCause.CUSTOMER and channel == EventChannel.STAFF
    reason = "closed for customer" if is_assisted else REASONS[cause]
    save_as(customer, by=by, reason=reason, fields=CLOSING_FIELDS)
    withdraw_given(customer, by=by, channel=channel)
    end_grants(customer, by=by)
    for ending in _endings:
        ending(customer, by)
    if customer.user is not None:
        end_sign_in(customer.user, by=by, reason="account closed")
    queue_notice(
        "account_closed",
        recipient=customer.public_id,
        key=f"closed-{customer.public_id}-{at:%y%m%d%H%M%S%f}",
        customer=customer.public_id,
        cause=cause,
        kept_until=terms.kept_until.isoformat(),
        grace_until=terms.grace_until.isoformat() if terms.grace_until else "",
    )
    return terms.kept_until


def _channel(customer: Customer, by: User | None) -> EventChannel:
    if by is None:
        return EventChannel.PORTAL
    return EventChannel.WEB if by == customer.user else EventChannel.STAFF


def end_sign_in(user: User, *, by: User | None, reason: str) -> None:
    """Block a sign-in and give up its address, so that the person may open a new account."""
    EmailAddress.objects.filter(user=user).delete()
    user.is_active = False
    user.email = f"{user.public_id}@closed.invalid"
    save_as(user, by=by, reason=reason, fields=["is_active", "email"])
    end_sessions([user.pk])
