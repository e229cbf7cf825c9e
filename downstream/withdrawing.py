"""Orders that nobody wants any more: whoever ordered them is asked again before one is sent.

What changes its mind asks at once for the customer it is about; the sender asks for each order
that it is about to send, so that nothing that was overlooked goes out.
"""

from collections.abc import Callable, Collection

from django.db import transaction

from accounts.models import Customer, CustomerMerge, MergeState
from downstream.models import Order, OrderKind, OrderState

Wanted = Callable[[Order], bool]
"""Takes an order that was not carried out, as far as is known; says whether it still holds."""

_wanted: dict[str, Wanted] = {}


def wanted_while(kind: OrderKind) -> Callable[[Wanted], Wanted]:
    """Register what says whether an order of a kind still holds; others always do."""

    def register(wanted: Wanted) -> Wanted:
        _wanted[kind] = wanted
        return wanted

    return register


def is_wanted(order: Order) -> bool:
    wanted = _wanted.get(order.kind)
    return wanted is None or wanted(order)


@transaction.atomic
def withdraw_unwanted(public_ids: Collection[str]) -> None:
    """Withdraw what was not sent about a customer, by each public id they had, and holds no more.

    Call it in the transaction of what changed.
    """
    unsent = Order.objects.about(public_ids).unsent().select_related("system").order_by("pk")
    for order in unsent.select_for_update(of=("self",)):
        if not is_wanted(order):
            withdraw(order)


def withdraw(order: Order) -> None:
    """Ordered again for the same cause, it is another order."""
    order.state, order.send_after = OrderState.WITHDRAWN, None
    order.save(update_fields=["state", "send_after"])


def customer_of(order: Order) -> Customer | None:
    """Return who an order is about, also by the id of a record that became theirs; None once they
    are erased."""
    merged = CustomerMerge.objects.filter(
        duplicate_public_id=order.subject, state=MergeState.MERGED
    )
    found = Customer.objects.filter(public_id=order.subject).first()
    return found or Customer.objects.filter(pk__in=merged.values("survivor")).first()
