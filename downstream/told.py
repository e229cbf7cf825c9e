"""What customers read of the orders about them."""

from collections.abc import Collection
from dataclasses import dataclass

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from common.personal_data import DataCategory
from downstream.models import Order, OrderKind, OrderState, System
from policies.counting import local_day

MOST = 30  # the newest; the rest is with the company

WORDS: dict[str, str | Promise] = {
    OrderKind.ERASURE: _("Erase everything about you"),
    OrderKind.RESTRICTION: _("Only store your data, and use it no more"),
    OrderKind.REOPENING: _("Your account is open again"),
    OrderKind.WITHDRAWAL: _("Use your data no more for a purpose"),
    OrderKind.CORRECTION: _("Correct your details"),
    OrderKind.DETAIL_ERASURE: _("Erase details of yours"),
    OrderKind.DESTRUCTION: _("Destroy what is hosted for you"),
    OrderKind.HAND_OVER: _("Hand over what is hosted for you"),
    OrderKind.BACKUP: _("You agree to backups of what is hosted for you"),
    OrderKind.BACKUP_DESTRUCTION: _("Destroy the backups of what is hosted for you"),
}


@dataclass(frozen=True)
class Told:
    """An order in words, and how it stands; ``tone`` as of a tag: good, bad or nothing."""

    system: str
    words: str | Promise
    order: Order
    state: str
    tone: str


@dataclass(frozen=True)
class ToldSystem:
    """What one system has data for, and its orders about a customer, the newest first."""

    uses: str
    latest: Told
    earlier: list[Told]


def orders_told(public_ids: Collection[str]) -> list[ToldSystem]:
    """Return the newest orders about a customer by system, that of the newest one first.

    public_ids: each that they have had.
    """
    orders = Order.objects.about(public_ids).select_related("system").order_by("-pk")
    told: dict[System, list[Told]] = {}
    for order in orders.prefetch_related("system__purposes")[:MOST]:
        told.setdefault(order.system, []).append(tell(order))
    return [
        ToldSystem(_uses(system), latest, earlier) for system, (latest, *earlier) in told.items()
    ]


def _uses(system: System) -> str:
    if purposes := [str(purpose.name) for purpose in system.purposes.all()]:
        return _("used for: %s") % ", ".join(purposes)
    kinds = (str(DataCategory(each).label) for each in system.data_categories)
    return _("holds: %s") % ", ".join(kinds)


def tell(order: Order) -> Told:
    state, tone = _state(order)
    words = _("Erase all but what must be kept") if "except" in order.data else WORDS[order.kind]
    return Told(order.system.name, words, order, state, tone)


def _state(order: Order) -> tuple[str, str]:
    due = date_format(order.due_on, "SHORT_DATE_FORMAT")
    if order.state == OrderState.GIVEN_UP:
        return str(_("given up by you")), ""
    if order.acknowledged_at is not None:
        day = date_format(local_day(order.acknowledged_at), "SHORT_DATE_FORMAT")
        return _("carried out, confirmed on %s") % day, "good"
    if order.state == OrderState.WITHDRAWN:
        return str(_("withdrawn before it was carried out")), ""
    if order.is_late and order.kind == OrderKind.HAND_OVER and order.state == OrderState.TASK:
        return _("late since %s: our staff see to it, and nothing is destroyed before") % due, "bad"
    if order.is_late:
        return _("late: it should have been confirmed by %s") % due, "bad"
    if order.state == OrderState.DELIVERED:
        return _("received, to be confirmed by %s") % due, ""
    if order.state == OrderState.TASK:
        return _("our staff see to it, by %s") % due, ""
    return _("being sent, to be confirmed by %s") % due, ""
