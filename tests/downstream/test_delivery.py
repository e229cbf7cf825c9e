"""Orders reach other systems: signed, tried again over days, and never twice at once."""

from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.utils import timezone

from accounts.closing import CLOSING_FIELDS, close_account
from accounts.models import Customer
from common.jobs import due_jobs
from downstream import delivery
from downstream.causes import order_erasure, order_restriction
from downstream.delivery import WAITS, disable_system, send_due_orders, send_test
from downstream.exceptions import OrderRefused
from downstream.models import Order, OrderState, System
from downstream.orders import acknowledge, order, send_again
from downstream.systems import OVERLAP, renew_secret, resume_system, save_system
from notices.services import send_due_notices
from privacyportal.roles import DPO
from tests.downstream.conftest import make_system
from tests.factories import make_customer, make_staff
from tests.threads import at_once

pytestmark = pytest.mark.django_db


def restrict(customer=None):
    customer = customer or make_customer(closed_days_ago=0)
    order_restriction(customer, None)
    return customer


def states():
    return list(Order.objects.order_by("pk").values_list("state", flat=True))


def test_an_order_is_signed_names_no_value_and_is_delivered_once(receiver):
    system = make_system(receiver)
    customer = restrict()
    restrict(customer)

    assert (send_due_orders(), send_due_orders()) == (1, 0)

    order = Order.objects.get()
    assert (order.state, order.attempts, order.error) == ("delivered", 1, "")
    assert order.delivered_at is not None
    (said,) = receiver.orders(system.secret)
    assert said == {
        "type": "order.restriction",
        "timestamp": delivery._moment(order.at),
        "data": {
            "order": order.public_id,
            "customer": customer.public_id,
            "acknowledge_by": (timezone.localdate() + timedelta(days=7)).isoformat(),
        },
    }
    headers = receiver.got[0][0]
    assert headers["webhook-id"] == order.public_id
    assert headers["Host"] == receiver.url.split("/")[2]


def test_after_a_new_secret_both_sign_for_a_week_and_the_old_one_then_no_more(receiver):
    system = make_system(receiver)
    old = system.secret
    new = renew_secret(system, by=system.responsible)
    restrict()
    send_due_orders()
    assert receiver.orders(old) == receiver.orders(new) != []

    with time_machine.travel(timezone.now() + OVERLAP + timedelta(minutes=1), tick=False):
        receiver.got.clear()
        restrict()
        send_due_orders()
        assert len(receiver.got[0][0]["webhook-signature"].split(" ")) == 1
        assert len(receiver.orders(new)) == 1


def test_an_answer_that_acknowledges_ends_the_order_with_its_note(receiver):
    make_system(receiver)
    restrict()
    receiver.answers = [(202, b'{"acknowledged": true, "note": "done\\nnow"}')]

    send_due_orders()

    order = Order.objects.get()
    assert (order.state, order.note, order.acknowledged_by) == ("acknowledged", "done now", None)


def test_what_fails_is_tried_again_over_days_and_left_to_a_person_then(receiver):
    officer, system = make_staff(DPO), make_system(receiver)
    restrict()
    receiver.answers = [(500, b"no")]
    start = timezone.now()

    with time_machine.travel(start, tick=False) as clock:
        waits = []
        while states() == [OrderState.WAITING]:
            assert send_due_orders() == 1
            assert send_due_orders() == 0
            if after := Order.objects.get().send_after:
                waits.append((after - timezone.now()) / timedelta(minutes=1))
                clock.move_to(after)
        took = timezone.now() - start
        send_due_notices()

    assert len(waits) == len(WAITS)
    assert all(0.8 * is_ <= was <= 1.2 * is_ for was, is_ in zip(waits, WAITS, strict=True))
    assert timedelta(days=3) < took < timedelta(days=6)
    order = Order.objects.get()
    assert (order.state, order.error, len(receiver.got)) == ("task", "HTTP 500", len(WAITS) + 1)
    assert len(set(receiver.ids())) == 1
    assert {each.to[0] for each in mail.outbox} == {officer.email, system.responsible.email}

    send_again(order)
    receiver.answers = [(204, b"")]
    send_due_orders()
    assert states() == ["delivered"]


def test_a_system_that_fails_keeps_no_other_waiting_and_one_that_is_gone_gets_no_more(receiver):
    away = make_system(receiver, name="Away", endpoint="http://127.0.0.1:1/orders")
    make_system(receiver, name="There")
    for _ in range(3):
        restrict()

    assert send_due_orders() == 4  # one to who is away, three to who is there

    assert Order.objects.filter(system=away, attempts=1).count() == 1
    assert Order.objects.filter(state="delivered").count() == 3
    there = System.objects.get(name="There")
    receiver.answers = [(410, b"")]
    restrict()
    restrict()
    System.objects.filter(pk=away.pk).update(retired_at=timezone.now())
    with time_machine.travel(timezone.now() + timedelta(minutes=2), tick=False):
        send_due_orders()
    there.refresh_from_db()
    assert there.disabled_at is not None
    assert there.history.latest().history_change_reason == "gone"
    assert Order.objects.filter(system=there, state="task", error="HTTP 410").count() == 2
    restrict()
    assert Order.objects.latest("pk").state == "task"

    receiver.answers = [(200, b"{}")]
    resume_system(there, by=there.responsible)
    send_due_orders()
    assert set(Order.objects.filter(system=there).values_list("state", flat=True)) == {"delivered"}


@pytest.mark.parametrize(
    ("answer", "headers", "error"),
    [
        ((302, b""), {"Location": "http://127.0.0.1/"}, "HTTP 302"),
        ((200, b'{"acknowledged": true, "x": "' + b"x" * 20_000 + b'"}'), {}, ""),
        ((200, b'{"acknowledged": "yes"}'), {}, ""),
        ((200, b"[" * 10_000), {}, ""),
    ],
    ids=["redirect", "too long", "no word", "nested"],
)
def test_an_answer_that_is_odd_acknowledges_nothing(receiver, answer, headers, error):
    make_system(receiver)
    restrict()
    receiver.answers, receiver.headers = [answer], headers

    send_due_orders()

    order = Order.objects.get()
    assert (order.error, order.acknowledged_at, len(receiver.got)) == (error, None, 1)


def test_a_test_is_sent_at_once_and_writes_no_order(receiver):
    system = make_system(receiver)

    assert send_test(system) == "HTTP 200"

    (said,) = receiver.orders(system.secret)
    assert (said["type"], said["data"]) == ("portal.test", {})
    assert Order.objects.count() == 0


def test_a_sender_that_was_killed_leaves_its_order_to_the_next(receiver):
    make_system(receiver)
    restrict()
    assert delivery._claim_next(set()) is not None  # and there it died
    assert send_due_orders() == 0

    with time_machine.travel(timezone.now() + delivery.LEASE + timedelta(seconds=1), tick=False):
        assert send_due_orders() == 1

    assert states() == ["delivered"]
    assert "downstream.sweep_orders" in {job.name for job in due_jobs(timezone.now())}


def test_two_senders_at_once_send_each_order_once(portal, receiver):
    make_system(receiver)
    for _ in range(6):
        customer = make_customer()
        close_account(customer, by=customer.user)

    outcomes = at_once(send_due_orders, send_due_orders)

    assert sum(outcomes) == Order.objects.filter(state="delivered").count() == 6
    assert len(set(receiver.ids())) == len(receiver.got) == 6


def test_what_nobody_wants_any_more_is_not_sent_and_who_changed_their_mind_is_told_so(receiver):
    make_system(receiver)
    customer = make_customer(closed_days_ago=1)
    restrict(customer)
    order_erasure([customer.pk])
    Customer.objects.update(**dict.fromkeys(CLOSING_FIELDS) | {"closing_cause": ""})

    assert send_due_orders() == 0
    assert (states(), receiver.got) == (["withdrawn", "withdrawn"], [])
    assert Order.objects.unacknowledged().count() == 0

    order = Order.objects.first()
    with pytest.raises(OrderRefused):
        send_again(order)
    acknowledge(order)
    assert order.state == "acknowledged"


def test_what_a_system_cannot_be_sent_any_more_is_left_to_people(receiver):
    system = make_system(receiver)
    restrict()
    save_system(system, values={"endpoint": ""}, purposes=[], by=make_staff())
    assert states() == ["task"]

    save_system(system, values={"endpoint": receiver.url}, purposes=[], by=make_staff())
    stale = System.objects.get()
    disable_system(system)
    order("correction", {"0" * 32: {}}, cause="x", systems=[stale])
    assert (states(), send_due_orders()) == (["task", "waiting"], 0)
    assert states() == ["task", "task"]

    nameless = {"service": "0" * 32, "references": []}
    order("destruction", {"0" * 32: nameless}, cause="y", systems=[system])
    resume_system(system, by=make_staff())
    assert states() == ["waiting", "waiting", "task"]
    with pytest.raises(OrderRefused):
        send_again(Order.objects.get(kind="destruction"))


def test_what_is_put_back_after_days_is_tried_for_days_again(receiver):
    make_system(receiver)
    restrict()
    past = timezone.now() - timedelta(days=6)
    Order.objects.update(at=past, state=OrderState.TASK, send_after=None)
    receiver.answers = [(503, b"")]

    send_again(Order.objects.get())
    send_due_orders()

    assert states() == ["waiting"]
