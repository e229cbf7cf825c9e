"""Uses of customers' data: for a purpose of the register, and as its legal basis allows."""

from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from access.models import AccessAction, AccessRecord, AccessRecordQuerySet
from access.purposes import BUILT_IN
from accounts.consents import consent_in_force
from accounts.merging import public_ids_of
from accounts.models import (
    AccessApproval,
    ApprovalAnswer,
    AssistedChange,
    Consent,
    ConsentDecision,
    Customer,
    CustomerMerge,
    EmergencyAccess,
    MergeState,
)
from common.personal_data import DataCategory
from policies.counting import local_day
from policies.models import Company, LegalBasis, Purpose, StaffAccessMode


def may_use(customer: Customer, purpose: Purpose) -> bool:
    """Say whether the legal basis, or the customer's consent, allows to use their data for it."""
    return not purpose.asks_consent or consent_in_force(customer, purpose) is not None


def accesses_told_to(customer: Customer) -> AccessRecordQuerySet:
    """Return who looked at the customer's data, as far as the customer may know by now."""
    records = AccessRecord.objects.about(*public_ids_of(customer))
    return records.shown_to_customer(local_day(timezone.now()))


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


def uses_unapproved(since: datetime) -> AccessRecordQuerySet:
    """Return the looks that neither the customer nor a confirmed emergency had opened.

    Of the time in which the company asked its customers first. Of customers who are erased nobody
    knows any more. A look at a record that became one with another bears its former id.
    """
    then = {"asked_by": OuterRef("actor")}
    then |= {"ends_at__gt": OuterRef("at"), "field_groups__contains": OuterRef("field_groups")}
    merged = CustomerMerge.objects.filter(
        state=MergeState.MERGED, duplicate_public_id=OuterRef("customer")
    )
    earlier = CustomerMerge.objects.filter(
        state=MergeState.MERGED, duplicate_public_id=OuterRef(OuterRef("customer"))
    )
    theirs = Q(customer__public_id=OuterRef("customer")) | Q(
        customer__in=earlier.values("survivor")
    )
    approved = AccessApproval.objects.filter(
        theirs,
        Q(revoked_at=None) | Q(revoked_at__gt=OuterRef("at")),
        **then,
        answer=ApprovalAnswer.GRANTED,
        answered_at__lte=OuterRef("at"),
        purpose__code=OuterRef("purpose"),
    )
    emergency = EmergencyAccess.objects.filter(theirs, **then, confirmed_at__lte=OuterRef("at"))
    return (
        AccessRecord.objects.filter(
            _OPENS,
            Exists(Customer.objects.filter(public_id=OuterRef("customer"))) | Exists(merged),
            at__gte=since,
        )
        .alias(mode=_mode_then())
        .filter(mode=StaffAccessMode.APPROVAL)
        .exclude(Exists(approved))
        .exclude(Exists(emergency))
    )


_OPENS = Q(action__in=[AccessAction.REVEAL, AccessAction.PLAY]) | Q(
    action=AccessAction.DOWNLOAD, field_groups=[DataCategory.ACCOUNT]
)  # of the downloads the papers alone: evidence is what the customer sent to be handled


def changes_unapproved(since: datetime) -> QuerySet[AssistedChange]:
    """Return what staff changed without the customer's approval, while the company asked first."""
    changes = AssistedChange.objects.filter(at__gte=since, approval=None)
    return changes.alias(mode=_mode_then()).filter(mode=StaffAccessMode.APPROVAL)


def _mode_then() -> Subquery:
    """Return which way staff got access at that moment; nothing before the first profile."""
    company = Company.history.filter(history_date__lte=OuterRef("at"))
    return Subquery(company.order_by("-history_date").values("staff_access_mode")[:1])
