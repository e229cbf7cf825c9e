"""Which rows must stay although their period is over, and why; asked anew under the lock."""

from collections.abc import Callable
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_noop

from accounts.models import Customer
from common.periods import Expiry, is_held, parts_of, waits_of
from retention.conflicts import kept_by_law_among
from retention.models import LegalHold

BY_LAW = gettext_noop("a law demands to store it")


def free_rows(expiry: Expiry, rows: QuerySet[Any]) -> QuerySet[Any]:
    """Narrow to those that neither a hold nor a need keeps."""
    going = rows.exclude(is_held(expiry))
    for waits in waits_of(expiry).values():
        going = going.exclude(waits)
    return going


def held_rows(expiry: Expiry, rows: QuerySet[Any]) -> QuerySet[Any]:
    return rows.filter(is_held(expiry))


def needed_rows(expiry: Expiry, rows: QuerySet[Any]) -> dict[str, QuerySet[Any]]:
    """Return the rows that wait, by the reason; one may be under several."""
    return {reason: rows.filter(waits) for reason, waits in waits_of(expiry).items()}


def stored_by_law(expiry: Expiry) -> Q:
    return kept_by_law_among(expiry) | _with_parts(expiry, kept_by_law_among)


def lock_customers(expiry: Expiry, rows: QuerySet[Any]) -> QuerySet[Any]:
    """Hold the customers of these rows, but whom somebody else holds; narrow to the rows left.

    Rows about nobody, such as mails to staff, are left. Nobody waits, so that no order matters.
    """
    if not expiry.customer:
        return rows
    theirs = {f"{expiry.known_by}__in": rows.order_by().values(expiry.customer)}
    people = Customer.objects.filter(**theirs).only("pk").order_by("pk")
    locked = [each.pk for each in people.select_for_update(skip_locked=True, of=("self",))]
    owner = Customer.objects.filter(**{expiry.known_by: OuterRef(expiry.customer)})
    return rows.filter(~Exists(owner.exclude(pk__in=locked)))


def on_legal_hold(expiry: Expiry) -> Q:
    if not expiry.customer:
        return Q(pk__in=())
    holds = LegalHold.objects.keeping()
    people = Customer.objects.filter(legal_holds__in=holds.covering(expiry.category))
    is_held = Q(**{f"{expiry.customer}__in": people.values(expiry.known_by)})
    if expiry.case:
        is_held |= Q(**{f"{expiry.case}__in": holds.exclude(case=None).values("case")})
    return is_held | _with_parts(expiry, on_legal_hold)


def _with_parts(expiry: Expiry, keeps: Callable[[Expiry], Q]) -> Q:
    """Return what is asked of the cases that would take along a part which something keeps."""
    kept = [(part, condition) for part in parts_of(expiry) if (condition := keeps(part))]
    theirs = [Q(pk__in=part.rows().filter(each).values(part.case)) for part, each in kept]
    return reduce(or_, theirs, Q())
