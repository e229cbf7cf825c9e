"""Systems say that they carried out an order, or people do; what nobody says is late."""

import json
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.utils import timezone
from django.utils.translation import override

from accounts.closed_pages import token_of
from downstream.exceptions import OrderRefused
from downstream.models import Order, System
from downstream.orders import KEPT_MONTHS, carry_out, forget_old_orders
from downstream.posting import signed_headers
from downstream.reminders import remind_of_orders
from downstream.systems import OVERLAP, forget_old_secrets, new_secret, renew_secret
from notices.services import send_due_notices
from policies.loading import load_profile
from policies.models import Promise, Purpose
from policies.promises import control_named
from privacyportal.roles import ADMINISTRATOR, COMPLAINT_OFFICER, DPO
from retention.models import PurgeRun, Tombstone
from tests.answers import answer_of
from tests.downstream.conftest import make_system
from tests.downstream.test_delivery import restrict, send_due_orders
from tests.factories import make_customer, make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(receiver):
    make_system(receiver)
    restrict()
    send_due_orders()
    return Order.objects.select_related("system").get()


def acknowledge(client, order, secret, *, message=None, to=None, at=None, **headers):
    """Send what a system sends; return the status and whether the order is acknowledged then."""
    message = message or {
        "type": "order.acknowledged",
        "data": {"order": order.public_id, "note": "gone\nfor good"},
    }
    body = message if isinstance(message, str) else json.dumps(message)
    sent = signed_headers("msg_1", body, [secret], at=at or timezone.now()) | headers
    address = f"/api/orders/{(to or order).public_id}/"
    answer = client.post(address, body, content_type="application/json", headers=sent)
    is_done = Order.objects.get(pk=(to or order).pk).acknowledged_at is not None
    return answer.status_code, is_done


def test_a_signed_word_ends_an_order_and_said_again_it_changes_nothing(client, order):
    secret = order.system.secret

    assert acknowledge(client, order, secret) == (200, True)
    first = Order.objects.get()
    assert acknowledge(client, order, secret) == (200, True)

    again = Order.objects.get()
    assert (again.state, again.note, again.acknowledged_by) == (
        "acknowledged", "gone for good", None
    )  # fmt: skip
    assert again.acknowledged_at == first.acknowledged_at


def test_what_is_not_the_systems_word_for_this_order_and_of_now_ends_nothing(client, order):
    secret, now = order.system.secret, timezone.now()
    restrict()
    other = Order.objects.latest("pk")
    ours = {"type": "order.restriction", "data": {"order": order.public_id}}
    for status, sent in (
        (401, {"secret": new_secret()}),
        (401, {"secret": secret, "at": now - timedelta(minutes=6)}),
        (401, {"secret": secret, "webhook-signature": "v1,x y,z"}),
        (401, {"secret": secret, "webhook-timestamp": "nan"}),
        (401, {"secret": secret, "message": "x" * 5000}),
        (400, {"secret": secret, "message": ours}),  # what we send, sent back
        (400, {"secret": secret, "message": "[]"}),
        (400, {"secret": secret, "message": {"type": "order.acknowledged", "data": []}}),
        (400, {"secret": secret, "to": other}),  # the word for one is none for another
    ):
        assert acknowledge(client, order, **sent) == (status, False), sent
    assert client.post("/api/orders/unknown/", {}).status_code == 401


def test_the_secret_before_opens_for_a_week_and_is_forgotten_then(client, order):
    old = order.system.secret
    renew_secret(order.system, by=order.system.responsible)
    assert acknowledge(client, order, old) == (200, True)

    with time_machine.travel(timezone.now() + OVERLAP + timedelta(minutes=1), tick=False):
        assert acknowledge(client, order, old)[0] == 401
        assert (forget_old_secrets(), forget_old_secrets()) == (1, 0)
    assert System.objects.get().previous_secret == ""


def test_a_secret_that_leaked_opens_nothing_more_nor_does_one_once_the_new_one_was_used(
    client, order
):
    old = order.system.secret
    renew_secret(order.system, by=order.system.responsible, has_leaked=True)
    assert acknowledge(client, order, old) == (401, False)

    old = order.system.secret
    new = renew_secret(order.system, by=order.system.responsible)
    other = {"type": "order.acknowledged", "data": {"order": "another"}}
    assert acknowledge(client, order, new, message=other)[0] == 400
    assert acknowledge(client, order, old) == (401, False)


def test_what_a_system_says_of_somebody_erased_is_not_kept(client, order):
    Tombstone.objects.create(
        public_id=order.subject,
        opened_on=timezone.localdate(),
        closed_on=timezone.localdate(),
        retained_until=timezone.localdate(),
        rows=1,
        run=PurgeRun.objects.create(only_reported=False, due=1),
    )
    assert acknowledge(client, order, order.system.secret) == (200, True)
    assert Order.objects.get().note == ""


def test_an_order_is_closed_by_hand_by_who_is_responsible_or_an_officer_who_proves_it(client):
    system, other = make_system(), make_staff(COMPLAINT_OFFICER)
    restrict()
    order = Order.objects.get()
    for by in (other, make_staff(ADMINISTRATOR)):
        with pytest.raises(OrderRefused):
            carry_out(order, note="x", by=by)
    assert Order.objects.get().state == "task"
    Order.objects.update(kind="erasure")
    client.force_login(system.responsible)
    with time_machine.travel(timezone.now() + timedelta(minutes=6), tick=False):
        answer = client.post(f"/admin/downstream/order/{order.pk}/carry_out/", {"note": "x"})
    assert "reauthenticate" in answer["Location"]
    assert Order.objects.get().state == "task"

    carry_out(order, note="x", by=make_staff(DPO))
    assert Order.objects.get().state == "acknowledged"


def test_the_desk_from_the_register_to_what_a_person_carried_out(client, receiver, settings):
    administrator, officer = make_staff(ADMINISTRATOR), make_staff(DPO)
    client.force_login(administrator)
    filled = {
        "name": "CRM",
        "kinds": ["restriction"],
        "data_categories": ["contact"],
        "endpoint": receiver.url,
        "days": "7",
        "responsible": str(officer.pk),
    }
    page = client.post("/admin/downstream/system/add/", filled)
    system = System.objects.get()
    assert (page.context_data["secret"], page["Cache-Control"]) == (system.secret, "no-store")
    desk = f"/admin/downstream/system/{system.pk}"
    shown = client.get(f"{desk}/change/").content.decode()
    assert system.secret not in shown
    assert system.secret not in client.get(f"{desk}/history/").content.decode()
    alone = {"kinds": ["backup", "backup_destruction"]}  # what ends would stay in its backups
    inside = {"endpoint": "https://10.0.0.1/"}
    for refused in (inside, {"data_categories": []}, {"kinds": []}, alone):
        answer = client.post(f"{desk}/edit/", {**filled, **refused})
        assert answer.context_data["form"].errors, refused
    assert client.post("/admin/downstream/system/add/", filled).context_data["form"].errors

    assert client.post(f"{desk}/test/").status_code == 302
    receiver.answers = [(500, b"")]
    refusal = client.post(f"{desk}/test/").context_data["form"].errors
    assert "HTTP 500" in str(refusal)
    settings.DOWNSTREAM_INTERNAL_HOSTS = frozenset()
    refusal = client.post(f"{desk}/test/").context_data["form"].errors
    assert "DOWNSTREAM_INTERNAL_HOSTS" in str(refusal)
    secret = client.post(f"{desk}/renew/").context_data["secret"]
    assert secret == System.objects.get().secret
    client.post(f"{desk}/edit/", {**filled, "endpoint": "", "contact": "Phòng CSKH"})
    assert [each.history_change_reason for each in system.history.all()] == [
        "changed", "secret renewed", "added"
    ]  # fmt: skip

    customer = restrict()
    assert client.get("/admin/downstream/order/").status_code == 403
    client.force_login(officer)
    mine = client.get("/admin/downstream/order/?state=mine")
    assert customer.public_id[:8] in mine.content.decode()
    order = Order.objects.get()
    step = f"/admin/downstream/order/{order.pk}/carry_out/"
    Order.objects.update(data={"except": ["complaint"]})
    asked = client.get(step).content.decode()
    assert customer.public_id in asked
    assert "phải giữ lại: Khiếu nại và trả lời" in asked
    assert client.post(step, {"note": ""}).context_data["form"].errors
    client.post(step, {"note": "khóa trong CRM"})
    again = client.post(step, {"note": "khác"})

    order.refresh_from_db()
    assert again.context_data["form"].errors
    assert (order.state, order.acknowledged_by, order.note) == (
        "acknowledged", officer, "khóa trong CRM"
    )  # fmt: skip
    assert client.post(f"{desk}/retire/").status_code == 403


def test_who_is_responsible_is_reminded_each_day_and_the_officers_of_what_is_late():
    officer, system = make_staff(DPO), make_system()
    restrict()
    assert (remind_of_orders(), remind_of_orders()) == (1, 1)
    send_due_notices()
    (first,) = mail.outbox
    assert first.to == [system.responsible.email]
    assert "CRM" in first.subject

    with time_machine.travel(timezone.now() + timedelta(days=8), tick=False):
        remind_of_orders()
        send_due_notices()
        remind_of_orders()
        send_due_notices()
    assert {each.to[0] for each in mail.outbox[1:]} == {system.responsible.email, officer.email}
    assert len(mail.outbox) == 3


def test_an_order_past_its_date_breaks_the_promise_and_leads_to_the_list():
    load_profile("speedsms")
    make_system()
    assert answer_of("SP-6")[0] != "broken"
    Order.objects.create(
        system=System.objects.get(), kind="erasure", subject="x", cause="x", state="task",
        at=timezone.now(), due_on=timezone.localdate(),
    )  # fmt: skip
    assert answer_of("SP-6")[0] != "broken"
    Order.objects.update(due_on=timezone.localdate() - timedelta(days=1))

    assert answer_of("SP-6") == ("broken", 1, "orders")
    assert answer_of("SP-9")[0] != "broken"
    Order.objects.update(kind="correction")
    assert answer_of("SP-9") == ("broken", 1, "orders")
    promise = Promise.objects.get(code="SP-9")
    measure = control_named(promise.control).measure(promise)
    assert measure.link == "/admin/downstream/order/?state=late"


def test_the_customer_reads_how_each_order_stands_also_when_the_account_is_closed(client, order):
    customer = make_customer()
    Order.objects.update(subject=customer.public_id)
    client.force_login(customer.user)
    other = make_customer()

    def shown(**change):
        Order.objects.update(**change)
        with override("vi"):
            return client.get("/me/data/").content.decode()

    due = order.due_on.strftime("%d/%m/%Y")
    assert f"đã nhận, chờ xác nhận, chậm nhất {due}" in (page := shown())
    assert "CRM" in page
    past = timezone.localdate() - timedelta(days=1)
    assert f"quá hạn: lẽ ra phải được xác nhận chậm nhất {past:%d/%m/%Y}" in shown(due_on=past)
    now = timezone.now()
    done = f"đã thực hiện, xác nhận ngày {timezone.localdate():%d/%m/%Y}"
    assert done in shown(state="acknowledged", acknowledged_at=now)

    order.system.purposes.add(purpose := Purpose.objects.first())
    more = {"subject": customer.public_id, "kind": "correction", "at": now, "due_on": past}
    Order.objects.create(system=make_system(name="Mail"), state="task", **more)
    again = Order.objects.create(system=order.system, state="task", cause="x", **more)
    with override("vi"):
        systems = client.get("/me/data/").context["systems"]
    assert [each.latest.system for each in systems] == ["CRM", "Mail"]
    assert systems[0].uses == f"dùng cho: {purpose.name_vi}"
    assert systems[1].uses.startswith("lưu giữ: Thông tin liên hệ")
    assert (systems[0].latest.order, systems[0].earlier[0].order) == (again, order)

    client.force_login(other.user)
    assert "CRM" not in client.get("/me/data/").content.decode()
    closed = make_customer(closed_days_ago=1)
    Order.objects.update(subject=closed.public_id)
    client.logout()
    assert done in client.get(f"/closed/{token_of(closed.public_id)}/").content.decode()


def test_orders_are_kept_for_two_years_after_they_were_acknowledged(order):
    Order.objects.update(state="acknowledged", acknowledged_at=timezone.now())
    restrict()

    with time_machine.travel(timezone.now() + timedelta(days=31 * KEPT_MONTHS), tick=False):
        assert (forget_old_orders(), forget_old_orders()) == (1, 0)

    assert Order.objects.get().state == "waiting"
