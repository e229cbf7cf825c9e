"""Erasures that wait for an open case: of its customer, and of closed accounts of its address."""

from datetime import date
from typing import Any

from django.db.models import Min, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from accounts.models import Customer
from casework.models import Case
from common.personal_data import not_held
from policies.counting import local_day


def erasure_waits_for(case: Case) -> date | None:
    """Return the last day of the data that is still there because of this case, None where none is.

    Of several accounts the earliest; what a legal hold keeps would stay in any case.
    """
    if not case.is_open:
        return None
    theirs = _waiting(case.customer_id, case.customer.email, before=local_day(timezone.now()))
    last_day: date | None = theirs.aggregate(day=Min("kept_until"))["day"]
    return last_day


def last_day_waiting(*, before: date) -> Subquery:
    """Return the same of each row in a query for cases, where that day lies before this one."""
    theirs = _waiting(OuterRef("customer"), OuterRef("customer__email"), before=before)
    return Subquery(theirs.order_by("kept_until").values("kept_until")[:1])


def _waiting(customer: Any, email: Any, *, before: date) -> QuerySet[Customer]:
    same_address = Q(email=email) & ~Q(email="")
    over = Customer.objects.kept_too_long(before).filter(Q(pk=customer) | same_address)
    return not_held(over, "pk")
