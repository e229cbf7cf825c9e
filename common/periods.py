"""The one list of rows that go by a period of their own, before their customer does.

Each room declares its own beside its personal data. The nightly sweep, the schedule of what falls
due and its simulation all follow from this list, and know no room by name.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db.models import DateField, DateTimeField, Q, QuerySet
from django.utils.functional import Promise

from common.erasure import Erased
from common.personal_data import DataCategory, RetentionTrigger, deferrals

Rows = QuerySet[Any]


@dataclass(frozen=True)
class Expiry:
    """Rows of one table whose period begins by itself, and that go when its last day is over.

    trigger: with the category names the rules that say for how many months. None where a setting
        says it; ``days`` returns that one.
    rows: those that may go at all, however old.
    begins: the field, or a lookup, of the day or the moment at which the period begins.
    until: the field of the last day, where a row bears it as it was told; it wins over the rule.
    customer: lookup to the customer, by their field ``known_by``; empty for rows about nobody.
    case: lookup to the case that they belong to.
    needed: the rows that must wait, by the reason, which the report of a run counts by; the parts
        of a case wait with it.
    deferred: the rows wait too while the erasure of their customer is deferred, as by an open case.
    facet: the field by which they are counted before they go, where a rule asks for statistics.
    erase: takes the primary keys of rows that are held; removes them, with all that is theirs, in
        the transaction. By default as the registry of personal data says.
    """

    name: str
    label: str | Promise
    category: DataCategory
    trigger: RetentionTrigger | None
    rows: Callable[[], Rows]
    begins: str
    until: str = ""
    days: Callable[[], int] | None = None
    customer: str = ""
    known_by: str = "pk"
    case: str = ""
    needed: Mapping[str, Callable[[], Rows]] = field(default_factory=dict)
    deferred: bool = False
    facet: str = ""
    erase: Callable[[Collection[Any]], Erased] | None = None

    def is_day(self, lookup: str) -> bool:
        """Say whether a lookup of these rows leads to a day, not to a moment."""
        model, found = self.rows().model, None
        for name in lookup.split("__"):
            found = model._meta.get_field(name)
            model = found.related_model
        return isinstance(found, DateField) and not isinstance(found, DateTimeField)


_expiries: dict[str, Expiry] = {}
_holds: list[Callable[[Expiry], Q]] = []
_demands: dict[str, Callable[[Expiry], Q]] = {}


def expires(expiry: Expiry) -> Expiry:
    if expiry.name in _expiries:
        raise ImproperlyConfigured(f"The period {expiry.name} is declared twice.")
    if (expiry.trigger is None) == (expiry.days is None):
        raise ImproperlyConfigured(f"{expiry.name} goes by a rule or by a setting.")
    _expiries[expiry.name] = expiry
    return expiry


def holds_rows(says: Callable[[Expiry], Q]) -> Callable[[Expiry], Q]:
    """Register what keeps rows whatever their age, as what is asked of them."""
    _holds.append(says)
    return says


def demands_rows(reason: str, says: Callable[[Expiry], Q]) -> None:
    """Register what lets nobody delete rows yet, as a law; it says an empty one of all others.

    reason: a short code, which the report of a run counts by.
    """
    _demands[reason] = says


def wanted_rows(expiry: Expiry) -> dict[str, Q]:
    """Return what is asked of the rows that must stay for now, as by a law, by the reason."""
    return {reason: rows for reason, says in _demands.items() if (rows := says(expiry))}


def is_held(expiry: Expiry) -> Q:
    return reduce(or_, (says(expiry) for says in _holds), Q(pk__in=()))


def expiries() -> Collection[Expiry]:
    return _expiries.values()


def parts_of(expiry: Expiry) -> list[Expiry]:
    """Return what goes with these rows where they are cases, and has a period of its own."""
    if expiry.case != "pk":
        return []
    return [each for each in expiries() if each.case not in ("", "pk")]


def waits_of(expiry: Expiry) -> dict[str, Q]:
    """Return what is asked of the rows that must wait, by the reason."""
    waits = {reason: Q(pk__in=rows().values("pk")) for reason, rows in expiry.needed.items()}
    for whole in expiries():
        if expiry in parts_of(whole):
            for reason, rows in whole.needed.items():
                waits[reason] = Q(**{f"{expiry.case}__in": rows().values("pk")})
    return waits | deferred_rows(expiry) | wanted_rows(expiry)


def deferred_rows(expiry: Expiry) -> dict[str, Q]:
    """Return what is asked of the rows of customers whose erasure is deferred, by the reason."""
    if not expiry.deferred:
        return {}
    return {
        reason: Q(**{f"{expiry.customer}__in": keeps()}) for reason, keeps in deferrals().items()
    }


def expiry_named(name: str) -> Expiry:
    """Raises KeyError."""
    return _expiries[name]
