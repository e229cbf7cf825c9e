"""Sending what is due: claimed, sent outside of any transaction, tried again over days.

An order is claimed in a transaction of its own that puts the next try off, so that two senders
never hold one; killed in between, it is sent again under the same id, which changes nothing. A
system that fails is left alone until the next round, a minute later: one that is away keeps no
other waiting.
"""

import json
import logging
from datetime import UTC, datetime, timedelta
from random import SystemRandom
from time import monotonic

from celery.exceptions import SoftTimeLimitExceeded
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from access.roles import ADMINISTRATOR
from accounts.staff import holders, officers
from common.history import save_as
from common.tokens import new_public_id
from downstream.exceptions import NotDelivered
from downstream.models import Order, OrderState, System
from downstream.orders import acknowledge, leave_to_people
from downstream.posting import GONE, Reply, post, signed_headers
from downstream.withdrawing import is_wanted, withdraw
from notices.services import queue_notices
from policies.counting import local_day

logger = logging.getLogger(__name__)

# Longer than any order takes to be sent: 15 seconds, and the five minutes for which the end of its
# loop waits for a name that is still being looked up.
LEASE = timedelta(minutes=10)
WAITS = (1, 5, 30, 120, 300, 600, 840, 1200, 1440, 1440)  # minutes after each try: some four days
JITTER = 0.2  # of a wait, either way, so that not all of a day's orders come back at once
GIVEN_UP_AFTER = timedelta(days=5)  # also what was seldom tried, as its system was never there
LONGEST_ROUND = 300  # seconds; the next round goes on
TEST = "portal.test"
GIVEN_UP, GONE_FOR_GOOD = "given-up", "gone"  # why people carry out what was to be sent

_chance = SystemRandom()


def send_due_orders() -> int:
    """Send what is due, for a few minutes at most; return how many were tried. Safe to repeat."""
    until = monotonic() + LONGEST_ROUND
    tried = 0
    failing: set[int] = set()
    while monotonic() < until and (order := _claim_next(failing)):
        if order.state != OrderState.WAITING:
            continue
        tried += 1
        if not _send(order):
            failing.add(order.system_id)
    return tried


@transaction.atomic
def _claim_next(failing: set[int]) -> Order | None:
    """Claim what is due next; what nobody wants any more, and what can be sent no more, is put
    aside instead."""
    now = timezone.now()
    due = Order.objects.due(now).exclude(system__in=failing).order_by("send_after", "pk")
    rows = due.select_related("system").select_for_update(skip_locked=True, of=("self",))
    order = rows.first()
    if order is None:
        return None
    if not is_wanted(order):
        withdraw(order)
    elif not order.system.has_interface:
        leave_to_people(Order.objects.filter(pk=order.pk))
        order.refresh_from_db()
    else:
        order.attempts += 1
        order.send_after = now + LEASE
        order.save(update_fields=["attempts", "send_after"])
    return order


def _send(order: Order) -> bool:
    """Send one and note how it went; say whether the system took it."""
    try:
        reply = _post(order.system, order.public_id, body_of(order))
    except SoftTimeLimitExceeded:
        raise
    except NotDelivered as error:
        _fail(order, str(error))
        return False
    except Exception as error:  # noqa: BLE001 -- one broken order must not keep the others
        _fail(order, type(error).__name__)
        return False
    if reply.is_good:
        _deliver(order, reply)
    elif reply.status == GONE:
        disable_system(order.system)
    else:
        _fail(order, f"HTTP {reply.status}")
    return reply.is_good


def send_test(system: System) -> str:
    """Send a signed test now; return in a short code how it went."""
    body = json.dumps({"type": TEST, "timestamp": _moment(timezone.now()), "data": {}})
    try:
        return f"HTTP {_post(system, f'test_{new_public_id()}', body).status}"
    except NotDelivered as error:
        return str(error)


def body_of(order: Order) -> str:
    """Return what a system reads; the same at every try."""
    data = {
        **order.data,
        "order": order.public_id,
        "customer": order.subject,
        "acknowledge_by": order.due_on.isoformat(),
    }
    body = {"type": f"order.{order.kind}", "timestamp": _moment(order.at), "data": data}
    return json.dumps(body, separators=(",", ":"), sort_keys=True)


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _post(system: System, message_id: str, body: str) -> Reply:
    now = timezone.now()
    headers = signed_headers(message_id, body, system.secrets(now), at=now)
    return post(system.endpoint, body, headers)


def _deliver(order: Order, reply: Reply) -> None:
    """Note that it arrived; what the system said meanwhile on its own stands."""
    now = timezone.now()
    Order.objects.filter(pk=order.pk, delivered_at=None).update(delivered_at=now)
    waiting = Order.objects.filter(pk=order.pk, state=OrderState.WAITING)
    waiting.update(state=OrderState.DELIVERED, send_after=None, error="")
    if reply.acknowledges:
        acknowledge(order, note=reply.note)


def _fail(order: Order, error: str) -> None:
    """Try again later, or leave it to a person."""
    logger.warning("order %s not taken by system %s: %s", order.pk, order.system_id, error)
    now = timezone.now()
    waiting = Order.objects.filter(pk=order.pk, state=OrderState.WAITING)
    since = order.put_back_at or order.at
    if order.attempts <= len(WAITS) and now - since < GIVEN_UP_AFTER:
        minutes = WAITS[order.attempts - 1] * _chance.uniform(1 - JITTER, 1 + JITTER)
        waiting.update(send_after=now + timedelta(minutes=minutes), error=error)
        return
    with transaction.atomic():
        if leave_to_people(waiting, error=error):
            _tell(order.system, GIVEN_UP)


@transaction.atomic
def disable_system(system: System) -> None:
    """Send a system nothing more, as it answers that it is gone; people carry out its orders."""
    system.refresh_from_db(from_queryset=System.objects.select_for_update(of=("self",)))
    leave_to_people(Order.objects.filter(system=system), error=f"HTTP {GONE}")
    if system.disabled_at is not None:
        return
    system.disabled_at = timezone.now()
    save_as(system, by=None, reason="gone", fields=["disabled_at"])
    _tell(system, GONE_FOR_GOOD)


def _tell(system: System, why: str) -> None:
    """Write to who is responsible and to the officers, once a day for each system."""
    day = local_day(timezone.now()).isoformat()
    readers = officers() | {system.responsible.public_id}
    path = f"{reverse('admin:downstream_order_changelist')}?state=task"
    if why == GONE_FOR_GOOD:
        readers |= holders(ADMINISTRATOR)
        path = reverse("admin:downstream_system_change", args=[system.pk])
    context = {"system": system.name, "is_gone": why == GONE_FOR_GOOD, "path": path}
    queue_notices(
        "orders_not_taken",
        [(each, f"orders-{why}-{system.pk}-{day}-{each[:16]}", context) for each in readers],
    )
