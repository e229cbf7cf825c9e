"""Orders to other systems: written in the transaction of what causes them, ended by a word back."""

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.staff import officers
from common.jobs import wake
from common.personal_data import erased_among
from downstream.exceptions import OrderRefused
from downstream.models import Order, OrderKind, OrderQuerySet, OrderState, System
from downstream.tasks import send_orders
from policies.counting import add_months, local_day, midnight

KEPT_MONTHS = 24  # after the acknowledgement: as long as somebody may ask whether it was told
BATCH = 1000
ENDING = ("state", "send_after", "acknowledged_at", "acknowledged_by", "note", "confirmed_at")

Says = Callable[[System], Mapping[str, Any]]
"""Takes a system that gets an order; returns what it is told beyond kind and customer."""


def systems_for(kind: OrderKind, *, using: str = "", purpose: str = "") -> list[System]:
    """Return the systems that take such orders, of those that hold a kind of data, or use for a
    purpose (its code), where one is named."""
    systems = System.objects.taking(kind).prefetch_related("purposes")
    return [
        system
        for system in systems
        if (not using or using in system.categories)
        and (not purpose or any(each.code == purpose for each in system.purposes.all()))
    ]


def order(
    kind: OrderKind,
    subjects: Mapping[str, Mapping[str, Any]],
    *,
    cause: str,
    systems: Iterable[System],
) -> None:
    """Order something about customers, each by public id with what the system is told of them.

    Call it in the transaction of the cause; said again with the same cause, it adds nothing. One
    statement writes a thousand.
    """
    now = timezone.now()
    orders = [
        Order(
            system=system,
            kind=kind,
            subject=subject,
            data=dict(data),
            cause=cause,
            at=now,
            due_on=local_day(now) + timedelta(days=system.days),
        )
        for system in systems
        for subject, data in subjects.items()
    ]
    for each in orders:
        _begin(each)
    Order.objects.bulk_create(orders, batch_size=BATCH, ignore_conflicts=True)
    if any(each.state == OrderState.WAITING for each in orders):
        transaction.on_commit(partial(wake, send_orders))


def _begin(order: Order) -> None:
    """Leave to a person what cannot be sent, and what the system would not know by its own name."""
    if order.system.has_interface and order.is_by_name:
        order.state, order.send_after = OrderState.WAITING, order.at
    else:
        order.state = OrderState.TASK


@transaction.atomic
def acknowledge(order: Order, *, note: str = "") -> None:
    """Take the system's word that it has done it. The first one counts.

    What it says of somebody who is erased is not kept: it may name them.
    """
    _lock(order)
    if order.acknowledged_at is None:
        _end(order, note="" if erased_among([order.subject]) else note)


@transaction.atomic
def carry_out(order: Order, *, note: str, by: User) -> None:
    """Note that a person has done it, and how: who is responsible, or a data protection officer.

    Raises OrderRefused.
    """
    _lock_open(order)
    _end_by_hand(order, note=note, by=by)


@transaction.atomic
def give_up(order: Order, *, note: str, by: User) -> None:
    """Note that the customer gave a hand-over up, and where they wrote so: what waited for it goes
    on.

    Raises OrderRefused.
    """
    _lock_open(order)
    if order.kind != OrderKind.HAND_OVER:
        raise OrderRefused(_("A hand-over alone can be given up."))
    order.confirmed_at = timezone.now()
    _end_by_hand(order, note=note, by=by, state=OrderState.GIVEN_UP)


def _end_by_hand(order: Order, *, by: User, **end: Any) -> None:
    """Raises OrderRefused."""
    if not may_carry_out(order, by):
        raise OrderRefused(_("Only who is responsible for the system, or a DPO, may say so."))
    order.acknowledged_by = by
    _end(order, **end)


def settle_hand_overs(orders: OrderQuerySet) -> None:
    """Note that the customer has these hand-overs, or gives up those that nobody carried out."""
    now = timezone.now()
    orders.unacknowledged().update(
        state=OrderState.GIVEN_UP, send_after=None, acknowledged_at=now, confirmed_at=now
    )
    orders.filter(confirmed_at=None).update(confirmed_at=now)


def may_carry_out(order: Order, user: User) -> bool:
    return order.system.responsible_id == user.pk or user.public_id in officers()


def _end(order: Order, *, note: str, state: OrderState = OrderState.ACKNOWLEDGED) -> None:
    order.state, order.send_after = state, None
    order.acknowledged_at, order.note = timezone.now(), note
    order.save(update_fields=ENDING)
    if state == OrderState.ACKNOWLEDGED:
        for follow in _followers:
            follow(order)


@transaction.atomic
def send_again(order: Order) -> None:
    """Put an order that people were to carry out, or that nobody acknowledged, into the queue.

    Raises OrderRefused.
    """
    _lock_open(order)
    if not order.system.has_interface or not order.is_by_name:
        raise OrderRefused(_("This system takes no such order. Its people carry it out."))
    put_back(Order.objects.filter(pk=order.pk))
    order.refresh_from_db()


def put_back(orders: OrderQuerySet) -> None:
    """Let orders be tried anew, from the first try on."""
    now = timezone.now()
    orders.update(state=OrderState.WAITING, send_after=now, put_back_at=now, attempts=0, error="")
    transaction.on_commit(partial(wake, send_orders))


def leave_to_people(orders: OrderQuerySet, *, error: str = "") -> int:
    """Leave what waits to be sent to a person; return how many."""
    waiting = orders.filter(state=OrderState.WAITING)
    return waiting.update(state=OrderState.TASK, send_after=None, error=error)


def leave_late_hand_overs_to_people() -> int:
    """Leave to a person what its system did not hand over in time: the destruction, and the erasure
    of the customer, wait for it. Return how many."""
    late = Order.objects.late(local_day(timezone.now())).filter(kind=OrderKind.HAND_OVER)
    return late.filter(state=OrderState.DELIVERED).update(state=OrderState.TASK)


def forget_notes(public_ids: Collection[str]) -> None:
    """Forget what was written beside the orders about customers who are being erased."""
    Order.objects.about(public_ids).exclude(note="").update(note="")


def forget_old_orders() -> int:
    """Delete the orders whose time is over; return how many. Safe to repeat."""
    before = midnight(add_months(local_day(timezone.now()), -KEPT_MONTHS))
    withdrawn = Q(state=OrderState.WITHDRAWN, at__lt=before)
    over = Order.objects.filter(Q(acknowledged_at__lt=before) | withdrawn)
    for needed in _needed:
        over = over.exclude(pk__in=needed().values("pk"))
    return over.delete()[0]


Follow = Callable[[Order], None]
"""Takes an order that was just carried out, in that transaction."""

_followers: list[Follow] = []


def follows_carrying_out(follow: Follow) -> Follow:
    _followers.append(follow)
    return follow


Needed = Callable[[], OrderQuerySet]
"""Returns the orders that must be remembered, however old, so that nothing is ordered again."""

_needed: list[Needed] = []


def remembers_orders(needed: Needed) -> Needed:
    _needed.append(needed)
    return needed


def _lock_open(order: Order) -> None:
    """Raises OrderRefused."""
    _lock(order)
    if not order.is_open:
        raise OrderRefused(_("This order is over: %s.") % order.get_state_display())


def _lock(order: Order) -> None:
    rows = Order.objects.select_for_update(of=("self",)).select_related("system")
    order.refresh_from_db(from_queryset=rows)
