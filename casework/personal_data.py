from datetime import datetime
from functools import partial
from typing import Any

from django.db.models import OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from access.hidden import hides_cases
from accounts.activity import counts_as_activity
from accounts.models import Customer
from casework.models import (
    Case,
    CaseConflict,
    CaseEvent,
    CaseMessage,
    CaseNote,
    CaseReminder,
    Clock,
    Evidence,
    without_conflict,
)
from common.periods import Expiry, expires
from common.personal_data import (
    DataCategory,
    Declaration,
    RetentionTrigger,
    declare,
    defers_erasure,
    mask_all,
)

of_readable_case = partial(without_conflict, case="case")

declare(
    Declaration(
        model=Case,
        category=DataCategory.COMPLAINT,
        customer="customer",
        case="pk",
        readable_by=partial(without_conflict, case="pk"),
        plain=["reference", "submission"],
        exported=["kind", "reference", "channel", "received_at", "closed_at"],
    )
)
declare(
    Declaration(
        model=Clock,
        category=DataCategory.COMPLAINT,
        customer="case__customer",
        case="case",
        readable_by=of_readable_case,
        plain=["last_day", "explanation", "calendar_version", "extended_by"],
        exported=["kind", "last_day", "met_at"],
    )
)
declare(
    Declaration(
        model=CaseEvent,
        category=DataCategory.COMPLAINT,
        customer="case__customer",
        case="case",
        readable_by=of_readable_case,
        plain=["code", "details"],
    )
)
declare(
    Declaration(
        model=CaseMessage,
        category=DataCategory.COMPLAINT,
        customer="case__customer",
        case="case",
        readable_by=of_readable_case,
        personal={"text": mask_all},
        since="at",
        origin=_("written by you or by us, about a case"),
        page="complaints",
        exported=["from_customer", "at"],
    )
)
declare(
    Declaration(
        model=CaseNote,
        category=DataCategory.COMPLAINT,
        customer="case__customer",
        case="case",
        readable_by=of_readable_case,
        internal=["text"],  # what those who handle a case write for each other
        plain=["about"],
    )
)
declare(
    Declaration(
        model=CaseReminder,
        category=DataCategory.COMPLAINT,
        customer="case__customer",
        case="case",
        readable_by=of_readable_case,
        plain=["on"],
    )
)
declare(
    Declaration(
        model=CaseConflict,
        category=DataCategory.COMPLAINT,
        customer="case__customer",
        case="case",
        readable_by=of_readable_case,
    )
)
declare(
    Declaration(
        model=Evidence,
        category=DataCategory.EVIDENCE,
        customer="case__customer",
        case="case",
        readable_by=of_readable_case,
        personal={"name": mask_all},
        since="added_at",
        origin=_("from you, with a complaint"),
        page="complaints",
        plain=["content_type", "size", "sha256", "scan_state"],
        files=["file"],
        exported=["size", "sha256", "added_at"],
    )
)
expires(
    Expiry(
        name="evidence",
        label=_("evidence of closed cases"),
        category=DataCategory.EVIDENCE,
        trigger=RetentionTrigger.CASE_CLOSED,
        rows=partial(Evidence.objects.exclude, case__closed_at=None),
        begins="case__closed_at",
        customer="case__customer",
        case="case",
        facet="content_type",
    )
)


@hides_cases
def in_conflict(user: Any) -> QuerySet[Any, Any]:
    return CaseConflict.objects.hiding_from(user).values("case__reference")


@counts_as_activity
def having_a_case(since: datetime) -> QuerySet[Any, Any]:
    lately = Q(closed_at=None) | Q(received_at__gte=since) | Q(closed_at__gte=since)
    return Case.objects.filter(lately, customer=OuterRef("pk"))


@defers_erasure(gettext_noop("open case"))
def with_open_cases() -> QuerySet[Any, Any]:
    return Case.objects.open().values("customer")


@defers_erasure(gettext_noop("open case of the same address"))
def with_open_cases_elsewhere() -> QuerySet[Any, Any]:
    """Return the closed accounts whose address complains by another record: as a new customer."""
    addresses = Case.objects.open().exclude(customer__email="").values("customer__email")
    theirs = Customer.objects.filter(kept_until__isnull=False, email__in=addresses)
    return theirs.exclude(pk__in=with_open_cases()).values("pk")
