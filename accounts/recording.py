"""Customers whom staff write down: people the company serves who have no sign-in here."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.consents import tell_followers
from accounts.details import NONE, put_declared
from accounts.exceptions import CustomerKnown, NoSuchConsent
from accounts.models import (
    Consent,
    ConsentDecision,
    ConsentProof,
    Customer,
    EventChannel,
    RequestChannel,
    User,
)
from common.database import wait_for_others
from common.history import save_as
from policies.as_of import purpose_at
from policies.counting import midnight
from policies.models import Language, PolicyVersion, Purpose, sha256


@dataclass(frozen=True)
class Agreement:
    """A consent outside of the portal: when and how it was given, and where it can be read."""

    on: date
    channel: RequestChannel
    reference: str


@transaction.atomic
def record_customer(
    *,
    details: Mapping[str, str],
    declared: Mapping[str, str] = NONE,
    email: str,
    language: Language,
    agreed_to: Iterable[Purpose] = (),
    agreement: Agreement | None = None,
    is_another: bool = False,
    by: User,
) -> Customer:
    """Record a customer without a sign-in, with the consents that ``agreement`` proves.

    ``is_another``: who knows the number already is another person, as in a family.

    Raises CustomerKnown, NoSuchConsent.
    """
    _require_unknown(email, "" if is_another else details["phone"])
    customer = Customer(email=email, language=language, **details)
    try:
        with transaction.atomic():
            save_as(customer, by=by, reason="recorded by staff")
    except IntegrityError as error:  # recorded by somebody else at this moment
        raise CustomerKnown(_("A customer with this email is recorded already.")) from error
    put_declared(customer, {code: text for code, text in declared.items() if text}, by=by)
    for purpose in agreed_to:
        if agreement is None:
            raise NoSuchConsent(_("Say when and how the consent was given."))
        terms = terms_on(agreement.on, purpose, language)
        consent = agreed_line(customer, purpose, agreement, terms, by=by)
        consent.save()
        proof_of(consent, agreement).save()
        tell_followers(consent)
    return customer


@transaction.atomic
def find_or_record(*, full_name: str, email: str, phone: str, language: str) -> Customer:
    """Return whose address this is, recorded now where it is nobody's. It was proved by a mail.

    The row is held, so that it stays open until the transaction ends. Of several, who signs in
    with the address comes first. Nothing that is recorded already is changed.
    """
    wait_for_others(f"record {email}")
    if known := _hold_known(email):
        return known
    customer = Customer(full_name=full_name, email=email, phone=phone, language=language)
    try:
        with transaction.atomic():
            save_as(customer, by=None, reason="recorded with a complaint")
    except IntegrityError:  # recorded by staff at this moment
        if known := _hold_known(email):
            return known
        raise
    return customer


def _hold_known(email: str) -> Customer | None:
    known = Customer.objects.open().without_unproved().filter(email=email)
    held = known.select_for_update(of=("self",))
    return held.order_by(F("user").asc(nulls_last=True), "pk").first()


def _require_unknown(email: str, phone: str) -> None:
    known = Customer.objects.open().without_unproved()
    if email and known.filter(email=email).exists():
        raise CustomerKnown(_("A customer with this email is recorded already."))
    if phone and known.filter(Customer.found_by("phone", phone)).exists():
        raise CustomerKnown(
            _("A customer with this phone number is recorded already. Tick below if it is another.")
        )


@dataclass(frozen=True)
class Terms:
    """What was asked on a day: the question, and the policy that was in effect."""

    wording: str
    version: PolicyVersion


def terms_on(day: date, purpose: Purpose, language: str) -> Terms:
    """Raises NoSuchConsent where no policy was in effect then."""
    with translation.override(language):
        wording = purpose_at(purpose, midnight(day + timedelta(days=1))).wording
    return Terms(wording, version_on(day))


def agreed_line(
    customer: Customer, purpose: Purpose, agreement: Agreement, terms: Terms, *, by: User
) -> Consent:
    """Return the line of the ledger, not saved."""
    return Consent(
        customer=customer,
        purpose=purpose,
        decision=ConsentDecision.GIVEN,
        wording=terms.wording,
        wording_sha256=sha256(terms.wording),
        language=customer.language,
        policy_version=terms.version,
        channel=EventChannel.STAFF,
        actor=by,
        at=midnight(agreement.on),
    )


def proof_of(consent: Consent, agreement: Agreement) -> ConsentProof:
    return ConsentProof(consent=consent, channel=agreement.channel, reference=agreement.reference)


def version_on(day: date) -> PolicyVersion:
    """Raises NoSuchConsent."""
    try:
        return PolicyVersion.objects.current(day)
    except PolicyVersion.DoesNotExist as error:
        raise NoSuchConsent(_("No version of the policy was in effect on that day.")) from error
