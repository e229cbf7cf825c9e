"""An order that its system has not acknowledged in time breaks what it was to keep."""

from collections import defaultdict
from functools import partial

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from downstream.models import Order, OrderKind, OrderQuerySet
from policies.counting import local_day
from policies.promises import Breach, Unit, admin_list, also_breaks

LATE = _("Another system has not acknowledged an order by its last day.")
BREAKS = {
    OrderKind.ERASURE: (
        *("ended_services", "removal_by_request", "closed_accounts", "idle_data_review"),
        "hand_over",
    ),
    OrderKind.RESTRICTION: ("closed_accounts",),
    OrderKind.WITHDRAWAL: ("marketing_stops", "use_gate"),
    OrderKind.CORRECTION: ("assisted_requests",),
    OrderKind.DETAIL_ERASURE: ("field_erasure", "assisted_requests"),
    OrderKind.DESTRUCTION: ("destruction_order", "hand_over"),
    OrderKind.HAND_OVER: ("hand_over",),
    OrderKind.BACKUP_DESTRUCTION: ("backup_confirmation",),
}


def late_orders(*kinds: OrderKind) -> OrderQuerySet:
    return Order.objects.late(local_day(timezone.now())).filter(kind__in=kinds)


def list_of_late() -> str:
    return admin_list("downstream.order", state="late")


def list_of_orders(kind: OrderKind) -> str:
    return admin_list("downstream.order", kind__exact=kind)


def _register() -> None:
    kinds = defaultdict(list)
    for kind, names in BREAKS.items():
        for name in names:
            kinds[name].append(kind)
    for name, of_name in kinds.items():
        rows = partial(late_orders, *of_name)
        also_breaks(name, Breach(rows, Unit.ORDERS, list_of_late, LATE))


_register()
