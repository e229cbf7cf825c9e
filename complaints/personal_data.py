from collections.abc import Collection
from functools import partial
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from casework.models import without_conflict
from common.database import among
from common.periods import Expiry, expires
from common.personal_data import (
    DataCategory,
    Declaration,
    RetentionTrigger,
    declare,
    erasure_step,
    exempt,
    mask_all,
    without_keepers,
)
from complaints.models import (
    Complaint,
    ComplaintLink,
    QuestionedAccess,
    UnconfirmedComplaint,
    untold,
)
from complaints.open_intake import erase_unconfirmed
from retention.access_records import keeps_access_records


def _between_readable(links: QuerySet[ComplaintLink], staff: Any) -> QuerySet[ComplaintLink]:
    """Leave out a link to a complaint, on either side, of which somebody may read nothing."""
    return without_conflict(without_conflict(links, staff, case="earlier"), staff, case="later")


declare(
    Declaration(
        model=Complaint,
        category=DataCategory.COMPLAINT,
        customer="customer",
        case="pk",
        readable_by=partial(without_conflict, case="pk"),
        personal={
            "text": mask_all,
            "cause": mask_all,
            "finding": mask_all,
            "solution": mask_all,
            "remedy": mask_all,
            "next_steps": mask_all,
            "decision": mask_all,
        },
        internal=["lesson"],  # what the company learns of it
        untold=untold,
        page="complaints",
        plain=["authority", "authority_reference"],
        exported=["category", "state", "outcome", "authority", "authority_reference"],
    )
)
declare(
    Declaration(
        model=QuestionedAccess,
        category=DataCategory.COMPLAINT,
        customer="complaint__customer",
        case="complaint",
        readable_by=partial(without_conflict, case="complaint"),
    )
)
declare(
    Declaration(
        model=ComplaintLink,
        category=DataCategory.COMPLAINT,
        customer="earlier__customer",
        readable_by=_between_readable,
    )
)


def _linked_to_open() -> QuerySet[Complaint]:
    """Return the complaints that an open one speaks of, on either side."""
    open_ones = Complaint.objects.filter(closed_at=None)
    is_earlier = Q(later_links__later__in=open_ones)
    return Complaint.objects.filter(is_earlier | Q(earlier_links__earlier__in=open_ones))


expires(
    Expiry(
        name="complaints",
        label=_("closed complaints"),
        category=DataCategory.COMPLAINT,
        trigger=RetentionTrigger.CASE_CLOSED,
        rows=partial(Complaint.objects.exclude, closed_at=None),
        begins="closed_at",
        customer="customer",
        case="pk",
        needed={gettext_noop("open case"): _linked_to_open},
        facet="category",
    )
)
expires(
    Expiry(
        name="unconfirmed_complaints",
        label=_("complaints from unconfirmed addresses"),
        category=DataCategory.COMPLAINT,
        trigger=None,
        rows=UnconfirmedComplaint.objects.all,
        begins="received_at",
        days=lambda: settings.UNCONFIRMED_ENQUIRY_DAYS,
        erase=erase_unconfirmed,
    )
)


@erasure_step
def unlink_from_others(customers: Collection[int]) -> None:
    """Remove the links to complaints of other customers, which stay; but where both stay."""
    going = without_keepers(DataCategory.COMPLAINT, customers)
    either = among("earlier__customer", going) | among("later__customer", going)
    ComplaintLink.objects.filter(either).delete()


exempt("complaints.ReplyTemplate", because="words that officers send to anybody")
exempt("complaints.SavedFilter", because="a list's address: states, categories and handlers")
exempt(
    "complaints.UnconfirmedComplaint",
    because="nobody has shown whose it is; filed or erased within days, and linked to nobody",
)


@keeps_access_records
def _questioned() -> "QuerySet[QuestionedAccess, int]":
    return QuestionedAccess.objects.values_list("record", flat=True)
