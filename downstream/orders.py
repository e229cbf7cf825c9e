"""Orders to other systems: written in the transaction of what causes them, ended by a word back."""

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from common.jobs import wake
from downstream.exceptions import OrderRefused
from downstream.models import OF_HOSTING, Order, OrderKind, OrderState, System
from downstream.tasks import send_orders
from policies.counting import add_months, local_day, midnight

KEPT_MONTHS = 24  # after the acknowledgement: as long as somebody may ask whether it was told
BATCH = 1000

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
            **_begin(system, kind, data, now),
        )
        for system in systems
        for subject, data in subjects.items()
    ]
    Order.objects.bulk_create(orders, batch_size=BATCH, ignore_conflicts=True)
    if any(each.state == OrderState.WAITING for each in orders):
        transaction.on_commit(partial(wake, send_orders))


def _begin(
    system: System, kind: OrderKind, data: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    """Leave to a person what cannot be sent, and what the system would not know by its own name."""
    is_known = kind not in OF_HOSTING or data.get("references")
    if system.has_interface and is_known:
        return {"state": OrderState.WAITING, "send_after": now}
    return {"state": OrderState.TASK, "send_after": None}


@transaction.atomic
def acknowledge(order: Order, *, note: str = "") -> None:
    """Take the system's word that it has done it. The first one counts."""
    _lock(order)
    if order.acknowledged_at is None:
        _end(order, note=note)


@transaction.atomic
def carry_out(order: Order, *, note: str, by: User) -> None:
    """Note that a person has done it, and how.

    Raises OrderRefused.
    """
    _lock(order)
    if order.acknowledged_at is not None:
        raise OrderRefused(_("This order is acknowledged already."))
    order.acknowledged_by = by
    _end(order, note=note)


def _end(order: Order, *, note: str) -> None:
    order.state, order.send_after = OrderState.ACKNOWLEDGED, None
    order.acknowledged_at, order.note = timezone.now(), note
    order.save(update_fields=["state", "send_after", "acknowledged_at", "acknowledged_by", "note"])


@transaction.atomic
def send_again(order: Order) -> None:
    """Put an order that people were to carry out, or that nobody acknowledged, into the queue.

    Raises OrderRefused.
    """
    _lock(order)
    if order.acknowledged_at is not None:
        raise OrderRefused(_("This order is acknowledged already."))
    if not order.system.has_interface:
        raise OrderRefused(_("This system takes no orders. Its people carry them out."))
    order.state, order.send_after = OrderState.WAITING, timezone.now()
    order.attempts, order.error = 0, ""
    order.save(update_fields=["state", "send_after", "attempts", "error"])
    transaction.on_commit(partial(wake, send_orders))


def forget_notes(public_ids: Collection[str]) -> None:
    """Forget what was written beside the orders about customers who are being erased."""
    Order.objects.about(public_ids).exclude(note="").update(note="")


def forget_old_orders() -> int:
    """Delete the orders whose time is over; return how many. Safe to repeat."""
    before = midnight(add_months(local_day(timezone.now()), -KEPT_MONTHS))
    return Order.objects.filter(acknowledged_at__lt=before).delete()[0]


def _lock(order: Order) -> None:
    rows = Order.objects.select_for_update(of=("self",)).select_related("system")
    order.refresh_from_db(from_queryset=rows)
