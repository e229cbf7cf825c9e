"""What happens to customers and other systems must follow, each in the transaction of its cause.

The systems know customers by their public id, so that somebody whose records became one has an
order for each id that they had.
"""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any

from django.db.models import F

from accounts.closing import ends_with_account
from accounts.consents import follows_decisions
from accounts.details import Change, follows_changes
from accounts.merging import public_ids_of
from accounts.models import Consent, ConsentDecision, Customer, User
from accounts.reopening import follows_reopening
from common.database import among
from common.personal_data import DataCategory, declarations, erasure_step, is_held, stays_of
from common.tokens import new_public_id
from downstream.models import Order, OrderKind, System
from downstream.orders import forget_notes, order, systems_for
from downstream.withdrawing import customer_of, wanted_while, withdraw_unwanted

ERASED = "erased"  # a customer is erased once

OF_CASES = frozenset({DataCategory.COMPLAINT.value, DataCategory.EVIDENCE.value})

References = Mapping[DataCategory, Mapping[int, list[str]]]
"""By kind of data and customer (primary key): what systems call the rows about them."""


@erasure_step
def order_erasure(customers: Collection[int]) -> None:
    """Order the erasure of those whose address was proved, of all of them at once.

    Of the others no system was told anything. What must stay here a while, for a legal hold or by
    a law, stays in the systems too: they are told what to except, and again when it goes.
    """
    ids = _public_ids(customers)
    forget_notes([public_id for each in ids.values() for public_id in each])
    if not ids or not (systems := systems_for(OrderKind.ERASURE)):
        return
    references, kept = references_of(ids), _kept_of(ids)
    for system in systems:
        subjects: dict[str, dict[str, Mapping[str, Any]]] = defaultdict(dict)
        for customer, each in ids.items():
            excepted = sorted(system.categories & kept.get(customer, set()))
            said = _said(system, references, customer, excepted)
            subjects[_cause(excepted)].update(dict.fromkeys(each, said))
        for cause, of_cause in subjects.items():
            order(OrderKind.ERASURE, of_cause, cause=cause, systems=[system])


@wanted_while(OrderKind.ERASURE)
def _is_still_to_be_erased(order: Order) -> bool:
    """Whoever is gone is; of whom something stays, only if the order excepts all of that."""
    customer = customer_of(order)
    if customer is None:
        return True
    if customer.is_open or is_held(customer.pk):
        return False
    stays = order.system.categories & _kept_of([customer.pk]).get(customer.pk, set())
    return stays <= {*order.data.get("except", ())}


@wanted_while(OrderKind.DETAIL_ERASURE)
def _are_details_still_to_be_erased(order: Order) -> bool:
    customer = customer_of(order)
    return customer is None or not is_held(customer.pk, order.data["category"])


@wanted_while(OrderKind.RESTRICTION)
def _is_still_closed(order: Order) -> bool:
    customer = customer_of(order)
    return customer is None or not customer.is_open


@wanted_while(OrderKind.REOPENING)
def _is_still_open(order: Order) -> bool:
    customer = customer_of(order)
    return customer is not None and customer.is_open


@ends_with_account
def order_restriction(customer: Customer, by: User | None) -> None:
    withdraw_unwanted(public_ids_of(customer))
    _order(customer, OrderKind.RESTRICTION, cause=f"closed-{customer.closed_at:%y%m%d%H%M%S%f}")


@follows_reopening
def order_reopening(customer: Customer) -> None:
    withdraw_unwanted(public_ids_of(customer))
    cause = f"reopened-{customer.history.latest().history_id}"
    _order(customer, OrderKind.REOPENING, cause=cause)


@follows_decisions
def order_withdrawal(consent: Consent) -> None:
    """Follow each line of the ledger by which a consent ends, withdrawn or expired."""
    if consent.decision != ConsentDecision.GIVEN:
        code = consent.purpose.code
        systems = systems_for(OrderKind.WITHDRAWAL, purpose=code)
        said = {"purpose": code}
        _order(
            consent.customer, OrderKind.WITHDRAWAL, said, cause=f"consent-{consent.pk}", to=systems
        )


@follows_changes
def order_correction(change: Change) -> None:
    """Say which details changed or are to be erased; their values are nobody's to send."""
    kind = OrderKind.DETAIL_ERASURE if change.is_erased else OrderKind.CORRECTION
    said = {"category": change.category.value, "details": list(change.details)}
    systems = systems_for(kind, using=change.category)
    _order(change.customer, kind, said, cause=f"details-{new_public_id()}", to=systems)


def references_of(customers: Collection[int]) -> References:
    """Return what other systems call the rows about these customers (primary keys)."""
    found: dict[DataCategory, dict[int, list[str]]] = {}
    for declaration in declarations():
        for name in declaration.references:
            rows = declaration.about(customers).exclude(**{name: None})
            of_kind = found.setdefault(declaration.category, defaultdict(list))
            pairs = rows.annotate(whose=F(declaration.customer))
            for whose, reference in pairs.order_by("pk").values_list("whose", name):
                of_kind[whose].append(reference)
    return found


def _said(
    system: System, references: References, customer: int, excepted: Collection[str]
) -> dict[str, Any]:
    known = [
        reference
        for category in sorted(references)
        if category in system.categories and category not in excepted
        for reference in references[category].get(customer, ())
    ]
    said = {"references": known, "except": list(excepted)}
    return {name: value for name, value in said.items() if value}


def _cause(excepted: Collection[str]) -> str:
    """Return the cause of an erasure: the same parts that stay are one cause, night after night."""
    digest = hashlib.sha256(" ".join(excepted).encode()).hexdigest()
    return f"{ERASED}-but-{digest[:16]}" if excepted else ERASED


def _kept_of(customers: Collection[int]) -> dict[int, set[str]]:
    """Return the kinds of data of which something stays; of a case, those of cases."""
    return {
        customer: {stay.category for stay in stays if stay.category}.union(
            *(OF_CASES for stay in stays if stay.case is not None)
        )
        for customer, stays in stays_of(customers).items()
    }


def _public_ids(customers: Collection[int]) -> dict[int, list[str]]:
    """Return each public id that these customers (primary keys) had, by the key."""
    people: Any = Customer.objects.filter(among("pk", customers)).without_unproved()
    rows = people.with_former_ids().values_list("pk", "public_id", "former_ids")
    return {customer: [public_id, *former] for customer, public_id, former in rows}


def _order(
    customer: Customer,
    kind: OrderKind,
    said: Mapping[str, Any] | None = None,
    *,
    cause: str,
    to: list[System] | None = None,
) -> None:
    systems = systems_for(kind) if to is None else to
    if systems:
        subjects = dict.fromkeys(public_ids_of(customer), said or {})
        order(kind, subjects, cause=cause, systems=systems)
