from collections.abc import Collection
from functools import partial
from typing import Any

from django.db.models import Q, QuerySet

from casework.models import without_conflict
from common.personal_data import DataCategory, Declaration, declare, erasure_step, exempt, mask_all
from complaints.models import Complaint, ComplaintLink, QuestionedAccess, untold
from retention.access_records import keeps_access_records


def _between_readable(links: QuerySet[ComplaintLink], staff: Any) -> QuerySet[ComplaintLink]:
    """Leave out a link to a complaint, on either side, of which somebody may read nothing."""
    return without_conflict(without_conflict(links, staff, case="earlier"), staff, case="later")


declare(
    Declaration(
        model=Complaint,
        category=DataCategory.COMPLAINT,
        customer="customer",
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


@erasure_step
def unlink_from_others(customers: Collection[int]) -> None:
    """Remove the links to complaints of other customers, which stay."""
    either = Q(earlier__customer__in=customers) | Q(later__customer__in=customers)
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
