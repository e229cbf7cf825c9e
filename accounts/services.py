"""What customers do to their own data, and what follows from it.

Each function locks the customer's row first, so that a purge, a second tab
and a legal hold wait for one another.
"""

from collections.abc import Iterable, Mapping
from datetime import date

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.exceptions import AccountClosed, NoSuchConsent
from accounts.models import (
    Consent,
    ConsentDecision,
    Customer,
    EventChannel,
    PolicyEvent,
    PolicyEventKind,
    User,
)
from common.history import save_as
from notices.services import queue_notice
from policies.counting import local_day
from policies.models import PolicyText, PolicyVersion, Purpose
from policies.retention import kept_until, rule_after_closing
from policies.services import sha256

EDITABLE = ("full_name", "phone", "address")


@transaction.atomic
def register_customer(
    user: User,
    *,
    details: Mapping[str, str],
    accepted: PolicyText,
    agreed_to: Iterable[Purpose],
) -> Customer:
    """Record a new customer, and as separate events: policy shown, policy accepted, each consent.

    ``agreed_to`` are the purposes that the customer chose; the others have no consent.
    """
    customer = Customer(user=user, email=user.email, language=user.language, **details)
    save_as(customer, by=user, reason="signed up")
    for kind in (PolicyEventKind.SHOWN, PolicyEventKind.ACCEPTED):
        PolicyEvent.objects.create(
            customer=customer, kind=kind, text=accepted, channel=EventChannel.WEB
        )
    for purpose in agreed_to:
        _write_consent(customer, purpose, ConsentDecision.GIVEN, by=user)
    return customer


@transaction.atomic
def correct_details(customer: Customer, *, details: Mapping[str, str], by: User) -> list[str]:
    """Change what differs; return the names of the changed fields.

    Raises AccountClosed.
    """
    _lock_open(customer)
    changed = [name for name in EDITABLE if details[name] != getattr(customer, name)]
    for name in changed:
        setattr(customer, name, details[name])
    if changed:
        save_as(customer, by=by, reason="corrected by customer", fields=changed)
        queue_notice(
            "details_changed",
            recipient=customer.public_id,
            key=f"details-{customer.history.latest().history_id}",
        )
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
    user.language = language
    save_as(user, by=user, reason="language chosen", fields=["language"])
    for customer in Customer.objects.filter(user=user):
        customer.language = language
        save_as(customer, by=user, reason="language chosen", fields=["language"])


@transaction.atomic
def decide_consent(
    customer: Customer, purpose: Purpose, *, decision: ConsentDecision, by: User
) -> None:
    """Give or withdraw one consent. Deciding the same again writes nothing.

    Raises AccountClosed, NoSuchConsent.
    """
    _lock_open(customer)
    if not purpose.asks_consent or purpose.retired_on:
        raise NoSuchConsent(_("This purpose asks for no consent."))
    if consent_state(customer).get(purpose.pk, ConsentDecision.WITHDRAWN) != decision:
        _write_consent(customer, purpose, decision, by=by)


def consent_state(customer: Customer) -> dict[int, str]:
    """Return the last decision on each purpose (primary key) that has one."""
    return {
        consent.purpose_id: consent.decision for consent in customer.consents.latest_per_purpose()
    }


@transaction.atomic
def close_account(customer: Customer, *, by: User) -> date:
    """Close the account; return the last day on which its data is kept.

    Ends every session, blocks sign-in, withdraws every consent. Closing twice
    keeps the first date and mails once.

    Raises NotConfigured.
    """
    _lock(customer)
    closed_at = customer.closed_at or timezone.now()
    if customer.is_open:
        customer.closed_at = closed_at
        save_as(customer, by=by, reason="closed by customer", fields=["closed_at"])
        for consent in customer.consents.latest_per_purpose().select_related("purpose"):
            if consent.decision == ConsentDecision.GIVEN:
                _write_consent(customer, consent.purpose, ConsentDecision.WITHDRAWN, by=by)
        if customer.user is not None:
            _block(customer.user, by=by)
    until = kept_until(rule_after_closing(local_day(closed_at)), closed_at)
    queue_notice(
        "account_closed",
        recipient=customer.public_id,
        key=f"closed-{customer.public_id}",
        kept_until=until.isoformat(),
    )
    return until


def end_sessions(users: Iterable[int]) -> None:
    """Sign these users (primary keys) out everywhere."""
    sessions = UserSession.objects.filter(user__in=users)
    Session.objects.filter(pk__in=sessions.values("session_key")).delete()
    sessions.delete()


def _block(user: User, *, by: User) -> None:
    user.is_active = False
    save_as(user, by=by, reason="account closed", fields=["is_active"])
    end_sessions([user.pk])


def _write_consent(
    customer: Customer, purpose: Purpose, decision: ConsentDecision, *, by: User | None
) -> None:
    """Append to the ledger what was decided, with the very words that were asked."""
    language = (translation.get_language() or customer.language)[:2]
    wording = purpose.wording
    Consent.objects.create(
        customer=customer,
        purpose=purpose,
        decision=decision,
        wording=wording,
        wording_sha256=sha256(wording),
        language=language,
        policy_version=PolicyVersion.objects.current(),
        channel=EventChannel.WEB,
        actor=by,
    )


def _lock(customer: Customer) -> None:
    """Reload the row and hold it until the transaction ends."""
    customer.refresh_from_db(from_queryset=Customer.objects.select_for_update(of=("self",)))


def _lock_open(customer: Customer) -> None:
    _lock(customer)
    if not customer.is_open:
        raise AccountClosed(_("This account is closed; its data can no longer be changed."))
