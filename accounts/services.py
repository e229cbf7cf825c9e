"""What customers do to their own data, and what follows from it.

Each function locks the customer's row first, so that a purge, a second tab
and a legal hold wait for one another.
"""

from collections.abc import Iterable, Mapping
from datetime import date

from allauth.account.models import EmailAddress
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
from policies.models import PolicyText, PolicyVersion, Purpose, sha256
from policies.retention import kept_until, rule_after_closing

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
    customers = list(Customer.objects.select_for_update(of=("self",)).filter(user=user))
    user.language = language
    save_as(user, by=user, reason="language chosen", fields=["language"])
    for customer in customers:
        customer.language = language
        save_as(customer, by=user, reason="language chosen", fields=["language"])


@transaction.atomic
def decide_consent(
    customer: Customer, purpose: Purpose, *, decision: ConsentDecision, by: User
) -> None:
    """Give or withdraw one consent. Deciding the same again writes nothing.

    What was given can be withdrawn also when its purpose is asked no longer.

    Raises AccountClosed, NoSuchConsent.
    """
    _lock_open(customer)
    if not purpose.asks_consent:
        raise NoSuchConsent(_("This purpose asks for no consent."))
    last = customer.consents.filter(purpose=purpose).last()
    if decision == ConsentDecision.GIVEN:
        if purpose.retired_on:
            raise NoSuchConsent(_("Your data is no longer used for this purpose."))
        repeated = last is not None and last.is_in_force
    else:
        repeated = last is None or last.decision == ConsentDecision.WITHDRAWN
    if not repeated:
        _write_consent(customer, purpose, decision, by=by)


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
    customer.closing_rule = rule_after_closing(local_day(customer.closed_at))
    customer.kept_until = kept_until(customer.closing_rule, customer.closed_at)
    save_as(
        customer,
        by=by,
        reason="closed by customer",
        fields=["closed_at", "closing_rule", "kept_until"],
    )
    for consent in customer.consents.latest_per_purpose().select_related("purpose"):
        if consent.decision == ConsentDecision.GIVEN:
            _write_consent(customer, consent.purpose, ConsentDecision.WITHDRAWN, by=by)
    if customer.user is not None:
        _end_sign_in(customer.user, by=by)
    queue_notice(
        "account_closed",
        recipient=customer.public_id,
        key=f"closed-{customer.public_id}",
        kept_until=customer.kept_until.isoformat(),
    )
    return customer.kept_until


def end_sessions(users: Iterable[int]) -> None:
    """Sign these users (primary keys) out everywhere."""
    sessions = UserSession.objects.filter(user__in=users)
    Session.objects.filter(pk__in=sessions.values("session_key")).delete()
    sessions.delete()


def forget_ended_sessions() -> None:
    """Remove the sessions that are over, with the address and browser noted for each."""
    Session.objects.filter(expire_date__lt=timezone.now()).delete()
    UserSession.objects.exclude(session_key__in=Session.objects.values("session_key")).delete()


def _end_sign_in(user: User, *, by: User) -> None:
    """Block a sign-in and give up its address, so that the person may open a new account."""
    EmailAddress.objects.filter(user=user).delete()
    user.is_active = False
    user.email = f"{user.public_id}@closed.invalid"
    save_as(user, by=by, reason="account closed", fields=["is_active", "email"])
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


def lock_customer(customer: Customer) -> None:
    """Reload the row and hold it until the transaction ends."""
    customer.refresh_from_db(from_queryset=Customer.objects.select_for_update(of=("self",)))


def _lock_open(customer: Customer) -> None:
    lock_customer(customer)
    if not customer.is_open:
        raise AccountClosed(_("This account is closed; its data can no longer be changed."))
