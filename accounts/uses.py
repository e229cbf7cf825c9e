"""Uses of customers' data: for a purpose of the register, and as its legal basis allows."""

from datetime import datetime

from django.db.models import Exists, OuterRef, Q, Subquery

from access.models import AccessAction, AccessRecord, AccessRecordQuerySet
from access.purposes import BUILT_IN
from accounts.consents import consent_in_force
from accounts.models import Consent, ConsentDecision, Customer
from policies.models import LegalBasis, Purpose


def may_use(customer: Customer, purpose: Purpose) -> bool:
    """Say whether the legal basis, or the customer's consent, allows to use their data for it."""
    return not purpose.asks_consent or consent_in_force(customer, purpose) is not None


def uses_for_no_purpose(since: datetime) -> AccessRecordQuerySet:
    """Return the accesses that name neither a purpose of the register nor one of the portal's."""
    uses = AccessRecord.objects.filter(at__gte=since)
    return uses.exclude(purpose__in=BUILT_IN).exclude(purpose__in=Purpose.objects.values("code"))


def uses_without_consent(since: datetime) -> AccessRecordQuerySet:
    """Return the accesses for a purpose to which the customer had not consented by then.

    A question whether a use is allowed is none. Of customers who are erased nobody knows any more.
    """
    decided = Consent.objects.filter(
        customer__public_id=OuterRef("customer"),
        purpose__code=OuterRef("purpose"),
        at__lte=OuterRef("at"),
    )
    by_consent = Purpose.objects.filter(legal_basis=LegalBasis.CONSENT)
    uses = AccessRecord.objects.filter(
        Exists(Customer.objects.filter(public_id=OuterRef("customer"))),
        at__gte=since,
        purpose__in=by_consent.values("code"),
    )
    last = Subquery(decided.order_by("-at", "-pk").values("decision")[:1])
    not_given = Q(decision=None) | ~Q(decision=ConsentDecision.GIVEN)
    return uses.exclude(action=AccessAction.CHECK).alias(decision=last).filter(not_given)
