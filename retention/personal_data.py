from collections.abc import Collection

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import Customer
from common.periods import Expiry, demands_rows, expires, holds_rows
from common.personal_data import (
    DataCategory,
    Declaration,
    RetentionTrigger,
    declare,
    exempt,
    forbids_erasure,
    keeps_part,
    moves_on_merge,
    outlives,
    remembers_erased,
)
from retention.conflicts import kept_by_law
from retention.kept_rows import BY_LAW, on_legal_hold, stored_by_law
from retention.models import (
    LegalHold,
    NecessityReview,
    PurgeFailure,
    PurgeRun,
    Remainder,
    Tombstone,
)

declare(
    Declaration(
        model=LegalHold,
        category=DataCategory.ACCOUNT,
        customer="customer",
        internal=["authority", "document", "reason", "review", "release"],
        plain=["category"],
    )
)

declare(
    Declaration(
        model=NecessityReview,
        category=DataCategory.ACCOUNT,
        customer="customer",
        internal=["reason"],
        plain=["asked_on", "ask_again_on"],
    )
)

exempt("retention.OrphanClearing", because="says what may be cleared, and how much it was")
exempt("retention.OrphanReport", because="keys, random paths and hashes of what is nobody's")
declare(
    Declaration(
        model=Remainder,
        category=DataCategory.ACCOUNT,
        customer="customer",
        lasts=True,
        plain=["parts", "until", "rows", "runs"],
    )
)

declare(
    Declaration(
        model=PurgeFailure,
        category=DataCategory.ACCOUNT,
        customer="customer",
        plain=["attempts", "error"],
    )
)

exempt("retention.RetentionDecision", because="says which of two rules goes, and why")
exempt("retention.RetentionStatistic", because="numbers of a month, with no key back to a row")
exempt("retention.PurgeApproval", because="says which rule may delete")
exempt("retention.PurgePermit", because="says how much a run may delete")
exempt("retention.PurgeRun", because="numbers only")
exempt("retention.ResidueClearing", because="says which places were cleaned, and why")
exempt("retention.RestoreRehearsal", because="numbers only")
exempt("retention.Tombstone", because="a public id and dates are all that is left")
outlives("retention.Tombstone.public_id", because="says that there was a customer, and no more")
exempt("common.DoomedFile", because="a random path, gone with its file")


@forbids_erasure
def under_legal_hold(category: str) -> "QuerySet[LegalHold]":
    return LegalHold.objects.keeping().covering(category)


@remembers_erased
def buried(public_ids: Collection[str]) -> QuerySet[Tombstone, str]:
    return Tombstone.objects.filter(public_id__in=public_ids).values_list("public_id", flat=True)


@moves_on_merge
def drop_the_question(duplicate: Customer, survivor: Customer) -> None:
    """Of one customer one review waits; the job asks anew whether the merged account is idle."""
    NecessityReview.objects.waiting().filter(customer__in=[duplicate, survivor]).delete()


expires(
    Expiry(
        name="purge_reports",
        label=_("reports of deletions"),
        category=DataCategory.PURGE_REPORT,
        trigger=RetentionTrigger.CREATED,
        rows=PurgeRun.objects.replaceable,
        begins="started_at",
    )
)

holds_rows(on_legal_hold)
demands_rows(BY_LAW, stored_by_law)
keeps_part(kept_by_law)
