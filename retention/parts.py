"""What stays of a customer who is due while a part of their data must be kept.

A legal hold on a category or on a case keeps that part, and so may a law; everything else goes on
its day. What is kept is a matter of rows: those of the category or the case, with their history and
files, and the rows that they refer to, up to the customer's own. Those others stay without their
history, and emptied of what nobody needs (``reducing_step``). What is left is stored and no more:
nobody signs in, staff open it on a duty by law alone, and a ``Remainder`` says what it is. The
tombstone is written when the last of it goes.

As long as the same parts stay, a night finds nothing to do; each month it looks again.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.db.models import Model
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.database import among
from common.erasure import Erased, erase_rows
from common.personal_data import (
    DataCategory,
    Declaration,
    Stay,
    children_first,
    declarations,
    erasure_steps,
    keeps_part,
    reducing_steps,
    stays_of,
)
from retention.models import LegalHold, PurgeRun, Remainder

LOOKED_AT_AGAIN = timedelta(days=30)

Shape = frozenset[str]
"""The parts that stay of a customer, as Stay.part names them."""


@keeps_part
def held_parts(customers: Collection[int]) -> dict[int, list[Stay]]:
    parts: dict[int, list[Stay]] = defaultdict(list)
    holds = LegalHold.objects.keeping().partial().filter(among("customer", customers))
    for hold in holds.select_related("case"):
        what: Any = hold.case.reference if hold.case else DataCategory(hold.category).label
        why = _("a legal duty demands it")
        parts[hold.customer_id].append(Stay(what, why, hold.category, hold.case_id))
    return parts


def unsettled(customers: Collection[int]) -> dict[int, list[Stay]]:
    """Return those (primary keys) of whom there is something to erase, with what stays of each."""
    stays = stays_of(customers)
    recent = timezone.now() - LOOKED_AT_AGAIN
    settled = {
        remainder.customer_id
        for remainder in Remainder.objects.filter(customer__in=stays, looked_at__gte=recent)
        if set(remainder.parts) == shape_of(stays[remainder.customer_id])
    }
    return {key: stays.get(key, []) for key in customers if key not in settled}


def shape_of(stays: Iterable[Stay]) -> Shape:
    return frozenset(stay.part for stay in stays)


@dataclass(frozen=True)
class Reduced:
    """What went, and of whom (primary keys) there is another remainder than before."""

    erased: Erased
    changed: list[int]


def erase_but(stays: Mapping[int, Collection[Stay]]) -> Reduced:
    """Erase of each of these customers (by primary key) all but what stays.

    Call it in a transaction that holds the customers' rows.
    """
    erased = Erased()
    alike: dict[Shape, list[int]] = defaultdict(list)
    for customer, parts in stays.items():
        alike[frozenset(part.category for part in parts if part.category)].append(customer)
    for step in erasure_steps() if stays else ():
        step(list(stays))
    for categories, customers in alike.items():
        cases = {part.case for key in customers for part in stays[key] if part.case is not None}
        erased.update(_erase_but(customers, categories, cases))
    return Reduced(erased, _note(stays))


def _erase_but(
    customers: Collection[int], categories: Collection[str], cases: Collection[int]
) -> Erased:
    kept = _Kept()
    for declaration in declarations():
        kept.hold(declaration, customers, categories, cases)
    kept.add_needed()
    erased = erase_rows(children_first(), customers, but=kept.rows, past_of=kept.held)
    for category, step in reducing_steps():
        if category not in categories:
            step(customers)
    return erased


@dataclass
class _Kept:
    """The rows that stay, by their keys: all, and those that stay for their own sake."""

    rows: dict[type[Model], set[Any]] = field(default_factory=lambda: defaultdict(set))
    held: dict[type[Model], set[Any]] = field(default_factory=lambda: defaultdict(set))

    def hold(
        self,
        declaration: Declaration,
        customers: Collection[int],
        categories: Collection[str],
        cases: Collection[int],
    ) -> None:
        rows = declaration.about(customers)
        if declaration.model is LegalHold:
            rows = rows.filter(pk__in=LegalHold.objects.keeping().values("pk"))
        elif declaration.lasts:
            self.rows[declaration.model].update(rows.values_list("pk", flat=True))
        if declaration.category not in categories and declaration.model is not LegalHold:
            if not (declaration.case and cases):
                return
            rows = rows.filter(**{f"{declaration.case}__in": cases})
        keys = rows.values_list("pk", flat=True)
        self.held[declaration.model].update(keys)
        if declaration.category in categories and declaration.history is not None:
            # Of a row that is gone already its history is all there is to keep.
            past = declaration.history_about(customers, ())
            gone = past.values_list(declaration.model._meta.pk.attname, flat=True)
            self.held[declaration.model].update(gone)
        self.rows[declaration.model].update(keys)

    def add_needed(self) -> None:
        """Add what the rows refer to; who refers to a row comes before it."""
        for declaration in children_first():
            rows = declaration.model._base_manager.filter(pk__in=self.rows[declaration.model])
            for relation in declaration.model._meta.local_fields:
                target: Any = relation.related_model
                if (
                    relation.is_relation
                    and target is not declaration.model
                    and _is_declared(target)
                ):
                    keys = rows.values_list(relation.attname, flat=True)
                    self.rows[target].update(key for key in keys if key is not None)


def _is_declared(model: type[Model]) -> bool:
    return any(declaration.model is model for declaration in declarations())


def _note(stays: Mapping[int, Collection[Stay]]) -> list[int]:
    """Write down what is left; return of whom that is another thing than before."""
    known = {each.customer_id: each for each in Remainder.objects.filter(customer__in=stays)}
    changed = []
    for customer, parts in stays.items():
        remainder = known.get(customer) or Remainder(customer_id=customer)
        if remainder.parts != (now := sorted(shape_of(parts))):
            remainder.parts = now
            changed.append(customer)
        remainder.until = until_of(parts)
        remainder.looked_at = timezone.now()
        remainder.save()
    return changed


def note_what_went(run: PurgeRun, rows: Mapping[int, Mapping[str, int]]) -> None:
    """Add to what is left of these customers what a run took of each, for their tombstones."""
    for remainder in Remainder.objects.filter(customer__in=rows):
        remainder.rows = dict(Counter(remainder.rows) + Counter(rows[remainder.customer_id]))
        remainder.runs.append(run.pk)
        remainder.save(update_fields=["rows", "runs"])


def until_of(stays: Collection[Stay]) -> date | None:
    """Return the last day of the last part, where every part has one."""
    days = [stay.until for stay in stays]
    return None if None in days else max(days)  # type: ignore[type-var]
