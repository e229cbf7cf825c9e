from collections.abc import Collection

from django.utils.translation import gettext_noop

from casework.models import Case, CaseEvent, Clock, Evidence
from common.personal_data import DataCategory, Declaration, declare, defers_erasure, mask_all

declare(Declaration(model=Case, category=DataCategory.COMPLAINT, customer="customer"))
declare(
    Declaration(
        model=Clock,
        category=DataCategory.COMPLAINT,
        customer="case__customer",
        plain=["explanation"],
    )
)
declare(Declaration(model=CaseEvent, category=DataCategory.COMPLAINT, customer="case__customer"))
declare(
    Declaration(
        model=Evidence,
        category=DataCategory.EVIDENCE,
        customer="case__customer",
        personal={"name": mask_all},
        files=["file"],
    )
)


@defers_erasure(gettext_noop("open case"))
def with_open_cases(customers: Collection[int]) -> set[int]:
    cases = Case.objects.open().filter(customer__in=customers)
    return set(cases.values_list("customer", flat=True))
