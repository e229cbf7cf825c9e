"""Each morning: what people have to carry out, and what no system has acknowledged in time."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.db.models import Count, F, Q
from django.urls import reverse
from django.utils import timezone

from accounts.staff import officers
from downstream.models import Order, OrderState
from downstream.orders import leave_late_hand_overs_to_people
from notices.services import queue_notices
from policies.counting import local_day

MAIL = "orders_due"


def remind_of_orders() -> int:
    """Write to who is responsible of what waits for them or is late, to the officers of what is
    late; return how many mails. Run again on one day it writes none."""
    leave_late_hand_overs_to_people()
    today = local_day(timezone.now())
    late = Count("pk", filter=Q(due_on__lt=today))
    systems = (
        Order.objects.unacknowledged()
        .filter(Q(state=OrderState.TASK) | Q(due_on__lt=today))
        .order_by()
        .values("system_id", name=F("system__name"), reader=F("system__responsible__public_id"))
        .annotate(tasks=Count("pk", filter=Q(state=OrderState.TASK)), late=late)
    )
    protectors = officers()
    mails = [
        (reader, f"{MAIL}-{row['system_id']}-{today.isoformat()}-{reader[:16]}", _context(row))
        for row in systems
        for reader in _readers(row, protectors)
    ]
    queue_notices(MAIL, mails)
    return len(mails)


def _readers(row: Mapping[str, Any], protectors: set[str]) -> Iterator[str]:
    yield row["reader"]
    if row["late"]:
        yield from protectors - {row["reader"]}


def _context(row: Mapping[str, Any]) -> dict[str, Any]:
    page = reverse("admin:downstream_order_changelist")
    return {
        "system": row["name"],
        "tasks": row["tasks"],
        "late": row["late"],
        "path": f"{page}?state={'late' if row['late'] else 'task'}",
    }
