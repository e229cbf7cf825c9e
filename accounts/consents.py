"""The ledger of consents: deciding, and which ones are in force now or were on a day."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.exceptions import NoSuchConsent
from accounts.locks import lock_open
from accounts.models import Consent, ConsentDecision, Customer, EventChannel, User
from policies.counting import midnight
from policies.models import LegalBasis, PolicyVersion, Purpose, sha256

FollowDecision = Callable[[Consent], None]
"""Takes a line that was just written; does what follows from it, in the same transaction."""

_followers: list[FollowDecision] = []


def follows_decisions(follower: FollowDecision) -> FollowDecision:
    """Let a room above act on every decision, whichever way it was made."""
    _followers.append(follower)
    return follower


@dataclass(frozen=True)
class Words:
    """What a customer read, and in which language."""

    text: str
    language: str


@dataclass(frozen=True)
class ConsentChoice:
    """A purpose that asks for consent, and the customer's last word on it, if any."""

    purpose: Purpose
    last: Consent | None

    @property
    def wording_sha256(self) -> str:
        return sha256(self.purpose.wording)

    @property
    def was_given(self) -> bool:
        return self.last is not None and self.last.decision == ConsentDecision.GIVEN

    @property
    def is_given(self) -> bool:
        return self.last is not None and self.last.is_in_force

    @property
    def is_old(self) -> bool:
        """Say whether consent was given to other words than are asked now."""
        return self.was_given and not self.is_given and self.purpose.retired_on is None

    @property
    def has_expired(self) -> bool:
        return self.last is not None and self.last.decision == ConsentDecision.EXPIRED

    @property
    def is_open(self) -> bool:
        """Say whether consent can be given: the purpose is used, and asked in these words."""
        return self.purpose.retired_on is None and not self.is_given


def choices_of(customer: Customer) -> list[ConsentChoice]:
    """Return what the customer may decide: all that is asked now, and what was given once."""
    latest = customer.consents.latest_per_purpose().select_related("purpose", "policy_version")
    last = {consent.purpose_id: consent for consent in latest}
    given = [pk for pk, consent in last.items() if consent.decision == ConsentDecision.GIVEN]
    purposes = Purpose.objects.filter(
        Q(retired_on=None) | Q(pk__in=given), legal_basis=LegalBasis.CONSENT
    )
    return [ConsentChoice(purpose, last.get(purpose.pk)) for purpose in purposes]


def consents_on(customer: Customer, day: date) -> list[Consent]:
    """Return the consents in force at the end of that local day, each with the words agreed to."""
    end = midnight(day + timedelta(days=1))
    ledger = customer.consents.filter(at__lt=end)
    last = ledger.latest_per_purpose().select_related("purpose", "policy_version")
    given = [consent for consent in last if consent.decision == ConsentDecision.GIVEN]
    purposes = [consent.purpose_id for consent in given]
    asked = {
        purpose.pk: purpose.wording_hashes
        for purpose in Purpose.history.as_of(end).filter(id__in=purposes)
    }
    return [
        consent
        for consent in given
        if (consent.purpose.retired_on is None or consent.purpose.retired_on > day)
        # A purpose without a record from then was not asked in other words since.
        and consent.wording_sha256 in asked.get(consent.purpose_id, [consent.wording_sha256])
    ]


def consent_in_force(customer: Customer, purpose: Purpose) -> Consent | None:
    """Return the consent that covers the purpose as it is asked now, if the customer gave one."""
    last = customer.consents.filter(purpose=purpose).select_related("purpose").last()
    return last if last is not None and last.is_in_force else None


@transaction.atomic
def decide_consent(
    customer: Customer, purpose: Purpose, *, decision: ConsentDecision, by: User
) -> None:
    """Give or withdraw one consent. Deciding the same again writes nothing.

    What was given can be withdrawn also when its purpose is asked no longer.

    Raises AccountClosed, NoSuchConsent.
    """
    lock_open(customer)
    if not purpose.asks_consent:
        raise NoSuchConsent(_("This purpose asks for no consent."))
    last = customer.consents.filter(purpose=purpose).last()
    if decision == ConsentDecision.GIVEN:
        if purpose.retired_on:
            raise NoSuchConsent(_("Your data is no longer used for this purpose."))
        repeated = last is not None and last.is_in_force
    else:
        repeated = last is None or last.decision != ConsentDecision.GIVEN
    if not repeated:
        write_consent(customer, purpose, decision, by=by)


def write_consent(
    customer: Customer,
    purpose: Purpose,
    decision: ConsentDecision,
    *,
    by: User | None,
    channel: EventChannel = EventChannel.WEB,
    words: Words | None = None,
) -> Consent:
    """Append to the ledger what was decided, and let others follow.

    ``words`` are what the customer read; without them the question as it is asked now.
    """
    words = words or _asked_now(customer, purpose)
    consent = Consent.objects.create(
        customer=customer,
        purpose=purpose,
        decision=decision,
        wording=words.text,
        wording_sha256=sha256(words.text),
        language=words.language,
        policy_version=PolicyVersion.objects.current(),
        channel=channel,
        actor=by,
    )
    tell_followers(consent)
    return consent


def withdraw_given(
    customer: Customer,
    which: Callable[[Purpose], bool] = lambda purpose: True,
    *,
    by: User | None,
    channel: EventChannel = EventChannel.WEB,
) -> list[Purpose]:
    """Withdraw what the customer last consented to, of these purposes; return which it was.

    Expects the row locked.
    """
    latest = customer.consents.latest_per_purpose().select_related("purpose")
    given = [each.purpose for each in latest if each.decision == ConsentDecision.GIVEN]
    withdrawn = [purpose for purpose in given if which(purpose)]
    for purpose in withdrawn:
        write_consent(customer, purpose, ConsentDecision.WITHDRAWN, by=by, channel=channel)
    return withdrawn


def tell_followers(consent: Consent) -> None:
    """Let others follow a line that was just written."""
    for follow in _followers:
        follow(consent)


def _asked_now(customer: Customer, purpose: Purpose) -> Words:
    language = (translation.get_language() or customer.language)[:2]
    return Words(purpose.wording, language)
