"""Which consents of a customer are in force, as the pages and whoever wants to use data ask."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Q

from accounts.models import Consent, ConsentDecision, Customer
from policies.counting import midnight
from policies.models import LegalBasis, Purpose, sha256


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
