"""What the hosting system is told to hand over and to destroy, and when."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts.merging import approve_merge, ask_merge
from accounts.models import Customer
from common.personal_data import DataCategory
from downstream.exceptions import OrderRefused
from downstream.models import Order
from downstream.orders import acknowledge, carry_out, forget_old_orders, give_up
from downstream.reminders import remind_of_orders
from hosting.backups import answer_backup, ask_backup, why_not_asked
from hosting.exceptions import ServiceRefused
from hosting.imports import import_services
from hosting.models import HostedService
from hosting.orders import ask_destruction, ask_hand_over, orders_about
from hosting.services import end_service, erase_service
from notices.models import Notice
from policies.models import RetentionRule
from privacyportal.roles import COMPLAINT_OFFICER, DPO
from retention.due import free_to_go
from retention.models import LegalHold, PurgeApproval, PurgeRun
from retention.purge import erase
from retention.schedule import schedule
from retention.services import place_hold
from retention.sweeps import sweep
from tests.answers import answer_of, without_guards
from tests.downstream.conftest import make_system
from tests.factories import PASSWORD, approve, make_customer, make_hold, make_staff
from tests.hosting.conftest import make_service

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate


@pytest.fixture
def system(company):
    """A hosting system that takes orders; to see what is ordered, none is sent."""
    hosted = [DataCategory.HOSTED_CONTENT]
    approve(RetentionRule.objects.get(category="hosted_content", trigger="service_ended"))
    return make_system(name="Hosting", data_categories=hosted, endpoint="https://h.example.vn/")


def ended(customer, days=2, **kwargs):
    kwargs = {"external_id": "web-1", "ended_on": TODAY() - timedelta(days=days), **kwargs}
    return make_service(customer, **kwargs)


def sweep_night():
    """Return how many destructions the nightly sweep orders."""
    before = Order.objects.filter(kind="destruction").count()
    sweep()
    return Order.objects.filter(kind="destruction").count() - before


def orders():
    rows = Order.objects.order_by("pk")
    return [(row.kind, row.state, row.data["references"]) for row in rows]


def post(client, name, service, **data):
    return client.post(reverse(name, args=[service.public_id]), data, follow=True)


def destroy(client, service, **ticked):
    """Order the destruction, and give the password when asked."""
    ticked = {"understood": "on", **ticked}
    asked = client.post(reverse("destroy_service", args=[service.public_id]), ticked)
    if "reauthenticate" not in asked.get("Location", ""):
        return asked
    return client.post(asked.url, {"password": PASSWORD}, follow=True)


def test_vs_9_what_the_hosting_system_ended_is_ordered_to_be_destroyed_once(customer, system):
    make_service(customer, external_id="web-2")
    ended(customer, days=0, external_id="web-3")
    ended(make_customer(), external_id=None)
    held = ended(make_customer(), external_id="web-4")
    hold = make_hold(held.customer)
    content = f"external_id,customer,kind,label,ended_on\nweb-2,{customer.public_id},website,x,"
    import_services(f"{content}{TODAY() - timedelta(days=1)}\n".encode())

    assert (sweep_night(), sweep_night()) == (1, 0)
    assert orders() == [("destruction", "waiting", ["web-2"])]

    hold.released_by, hold.released_at = make_staff(), timezone.now() - timedelta(days=9)
    hold.save()
    assert answer_of("VS-9") == ("broken", 1, "services")
    assert sweep_night() == 1
    assert answer_of("VS-9") == ("kept", 0, "orders")
    Order.objects.update(due_on=TODAY() - timedelta(days=1))
    assert answer_of("VS-9") == ("broken", 2, "orders")
    assert answer_of("VS-16") == ("broken", 2, "orders")


def test_the_period_of_the_rule_is_waited_for_and_without_a_rule_nothing_is_destroyed(
    customer, system
):
    ended(customer, days=40)
    rules = RetentionRule.objects.filter(category="hosted_content", trigger="service_ended")
    without_guards("policies_retentionrule")
    rules.update(months=2)
    assert sweep_night() == 0
    rules.update(months=1)
    HostedService.objects.update(ended_on=TODAY() - timedelta(days=20))
    assert sweep_night() == 0
    HostedService.objects.update(ended_on=TODAY() - timedelta(days=40))
    rules.update(action="restrict")
    assert sweep_night() == 0
    rules.update(action="delete")
    assert sweep_night() == 1


def test_vs_16_a_hand_over_comes_before_the_destruction_or_the_customer_says_none(
    client, customer, system
):
    service = ended(customer)

    post(client, "hand_over_service", service)
    page = post(client, "hand_over_service", service)

    assert orders() == [("hand_over", "waiting", ["web-1"])]
    assert "đang gửi, chờ xác nhận" in page.content.decode()
    assert sweep_night() == 0
    assert "đang được bàn giao" in destroy(client, service).content.decode()
    assert (
        "Chưa có gì được bàn giao" in post(client, "service_handed_over", service).content.decode()
    )
    acknowledge(Order.objects.get(), note="<b>Tải về</b> trong 7 ngày")
    ready = Notice.objects.get(template="hand_over_ready")
    assert ready.recipient == customer.public_id
    assert ready.context == {
        "kept_until": str(TODAY() + timedelta(days=30)),
        "path": service.get_absolute_url(),
    }
    told = client.get(service.get_absolute_url()).content.decode()
    assert "&lt;b&gt;Tải về&lt;/b&gt; trong 7 ngày" in told
    assert "trong 30 ngày kể từ khi bàn giao" in told
    assert sweep_night() == 0

    post(client, "service_handed_over", service)
    assert sweep_night() == 1
    assert [kind for kind, *_rest in orders()] == ["hand_over", "destruction"]

    other = make_service(customer, external_id="web-9")
    post(client, "hand_over_service", other)
    asked = client.get(reverse("destroy_service", args=[other.public_id])).text
    assert "Dịch vụ này đang hoạt động" in asked
    assert "understood" in destroy(client, other, understood="").context["form"].errors
    assert len(orders()) == 3
    destroy(client, other, needs_no_hand_over="on")
    destroy(client, other, needs_no_hand_over="on")
    told = Notice.objects.get(template="destruction_ordered")
    assert (told.recipient, told.context["path"]) == (customer.public_id, other.get_absolute_url())
    assert orders()[2:] == [
        ("hand_over", "given_up", ["web-9"]),
        ("destruction", "waiting", ["web-9"]),
    ]
    assert "Đã có lệnh hủy" in post(client, "hand_over_service", other).content.decode()


def test_what_the_hosting_system_does_not_know_by_its_own_name_a_person_destroys(
    client, customer, system
):
    entered = make_service(customer)
    asked_backup = ask_backup(entered, need_vi="x", need_en="x", by=make_staff(COMPLAINT_OFFICER))

    address = reverse("destroy_service", args=[entered.public_id])
    client.confirm(customer.user)
    asked = client.post(address, {"understood": "on"})
    assert (asked.url.startswith(reverse("account_reauthenticate")), orders()) == (True, [])
    client.confirm(customer.user)
    assert client.post(address, {"understood": "on"}).url == asked.url
    assert orders() == []
    told = destroy(client, entered).text
    assert "Đã có lệnh hủy dịch vụ này" in told
    assert (
        'name="label"' in told,
        reverse("erase_hosted_service", args=[entered.public_id]) in told,
    ) == (False, False)
    with pytest.raises(ServiceRefused, match="Đã có lệnh hủy"):
        erase_service(entered)
    with pytest.raises(ServiceRefused, match="Đã có lệnh hủy"):
        end_service(entered, by=customer.user)
    assert "Đã có lệnh hủy" in why_not_asked(entered)
    with pytest.raises(ServiceRefused, match="Đã có lệnh hủy"):
        answer_backup(entered, asked=asked_backup.public_id, is_yes=True, by=customer.user)
    assert 'value="yes"' not in told
    assert entered.history.count() == 1
    assert orders() == [("destruction", "task", [])]
    assert answer_of("VS-16") == ("kept", 0, "orders")
    carry_out(Order.objects.get(), note="hủy trong bảng điều khiển", by=make_staff(DPO))

    page = client.get(entered.get_absolute_url()).content.decode()
    assert f"đã thực hiện, xác nhận ngày {TODAY():%d/%m/%Y}" in page
    assert ("Hủy dịch vụ…" in page, "Dữ liệu trên máy chủ vẫn giữ nguyên" in page) == (False, False)
    assert reverse("erase_hosted_service", args=[entered.public_id]) in page


def test_nothing_is_destroyed_under_a_hold_nor_offered_where_no_system_takes_orders(
    client, customer
):
    service = make_service(customer, external_id="web-1")
    make_system(name="Files", data_categories=["hosted_content"], kinds=["hand_over"])
    assert (answer_of("VS-9")[0], answer_of("VS-16")[0]) == ("not_measured", "not_measured")
    page = client.get(service.get_absolute_url()).content.decode()
    assert ("Hủy dịch vụ…" in page, "hãy viết cho chúng tôi" in page) == (False, True)
    assert destroy(client, service).url == service.get_absolute_url()
    make_system(name="Hosting", data_categories=["hosted_content"])
    make_hold(customer)

    with pytest.raises(ServiceRefused):
        ask_destruction(service, needs_no_hand_over=True)

    other = make_customer()
    client.force_login(other.user)
    assert post(client, "destroy_service", service).status_code == 404
    assert orders() == []


def report(service, ended_on=""):
    """Let the hosting system report a service again."""
    head = "external_id,customer,kind,label,ended_on"
    row = f"{service.external_id},{service.customer.public_id},website,x,{ended_on}"
    import_services(f"{head}\n{row}\n".encode())


def states():
    return list(Order.objects.order_by("pk").values_list("kind", "state"))


def test_what_runs_again_or_is_held_is_not_destroyed_and_what_ends_again_is(customer, system):
    service = ended(customer)
    assert sweep_night() == 1

    report(service)
    assert states() == [("destruction", "withdrawn")]
    assert [(each.state, each.tone) for each in orders_about(service)] == [
        ("đã rút lại trước khi thực hiện", "")
    ]
    assert answer_of("VS-9") == ("kept", 0, "orders")

    report(service, TODAY() - timedelta(days=2))
    assert sweep_night() == 1
    acknowledge(Order.objects.get(state="waiting"))
    assert sweep_night() == 0
    report(service)
    report(service, TODAY() - timedelta(days=1))
    assert sweep_night() == 1

    place_hold(
        customer.public_id,
        authority="TAND",
        document="1/2026",
        reason="vụ án",
        by=make_staff(DPO),
    )
    assert [state for _kind, state in states()] == ["withdrawn", "acknowledged", "withdrawn"]
    past = timezone.now() - timedelta(days=9)
    LegalHold.objects.update(released_at=past, released_by=make_staff(DPO))
    assert sweep_night() == 1


def test_without_the_approval_of_the_rule_or_far_too_many_at_once_nothing_is_destroyed(
    customer, system, settings
):
    settings.PURGE_NEVER_MANY = 1
    ended(customer)
    ended(customer, external_id="web-2")
    assert sweep_night() == 0
    assert PurgeRun.objects.get(rule__trigger="service_ended").doubts == {"share": 2}
    settings.PURGE_NEVER_MANY = 100
    without_guards("retention_purgeapproval")
    PurgeApproval.objects.all().delete()
    assert sweep_night() == 0
    assert answer_of("VS-9") == ("at_risk", 2, "services")
    (line,) = [each for each in schedule(TODAY()) if each.stock.category == "hosted_content"]
    assert (line.due[0], line.may_be_approved) == (2, True)


def test_a_hand_over_is_found_after_a_merge_and_is_over_a_month_after_it_was_done(system):
    survivor, duplicate = make_customer(full_name="A"), make_customer(full_name="B")
    service = ended(duplicate, days=1)
    ask_hand_over(service)
    merge = ask_merge(
        survivor, duplicate=duplicate.public_id, reason="x", by=make_staff(COMPLAINT_OFFICER)
    )
    approve_merge(merge, by=make_staff(DPO))
    assert sweep_night() == 0
    assert [each.order.kind for each in orders_about(HostedService.objects.get())] == ["hand_over"]

    acknowledge(Order.objects.get())
    assert sweep_night() == 0
    Order.objects.update(acknowledged_at=timezone.now() - timedelta(days=31))
    assert answer_of("VS-9") == ("kept", 0, "orders")
    assert sweep_night() == 1

    acknowledge(Order.objects.get(kind="destruction"))
    Order.objects.update(acknowledged_at=timezone.now() - timedelta(days=1000))
    assert (forget_old_orders(), sweep_night()) == (1, 0)
    assert states() == [("destruction", "acknowledged")]


def test_an_entry_of_what_has_ended_is_erased_with_an_order_to_destroy_it(client, customer, system):
    service, handed = ended(customer), ended(customer, external_id="web-2")
    told = client.get(service.get_absolute_url()).text
    assert "dữ liệu trên máy chủ sẽ bị hủy cùng" in told
    assert "Dữ liệu trên máy chủ vẫn giữ nguyên" not in told
    ask_hand_over(handed)
    with pytest.raises(ServiceRefused):
        erase_service(handed)

    erase_service(service)

    assert states() == [("hand_over", "waiting"), ("destruction", "waiting")]
    assert list(HostedService.objects.all()) == [handed]


def test_who_is_erased_waits_for_a_hand_over_and_each_system_is_told_in_words_it_takes(company):
    make_system(name="Hosting", data_categories=["hosted_content"], kinds=["destruction"])
    keeper = make_system(name="Files", data_categories=["hosted_content"], kinds=["hand_over"])
    customer = make_customer()
    service = make_service(customer, external_id="web-1")
    ask_hand_over(service)
    everybody = Customer.objects.filter(pk=customer.pk)
    assert list(free_to_go(everybody)) == []
    Order.objects.update(state="acknowledged", acknowledged_at=timezone.now())
    assert list(free_to_go(everybody)) == []
    Order.objects.update(state="task", acknowledged_at=None)
    give_up(Order.objects.get(), note="thư ngày 1/12", by=make_staff(DPO))
    assert list(free_to_go(everybody)) == [customer]

    with transaction.atomic():
        erase([customer.pk])

    told = Order.objects.exclude(system=keeper)
    assert [(each.kind, each.data["references"]) for each in told] == [("destruction", ["web-1"])]


def test_a_hand_over_that_is_never_acknowledged_becomes_a_persons_task_and_ends_by_their_word(
    client, customer, system
):
    service, other = ended(customer), ended(customer, external_id="web-2")
    for each in (service, other):
        post(client, "hand_over_service", each)
    Order.objects.update(state="delivered", send_after=None, due_on=TODAY() - timedelta(days=40))
    assert (sweep_night(), answer_of("VS-16")) == (0, ("broken", 2, "orders"))

    assert remind_of_orders() == 1
    assert states() == [("hand_over", "task")] * 2
    told = client.get(service.get_absolute_url()).text
    assert "cán bộ của chúng tôi đang xử lý" in told
    given_up, handed = Order.objects.order_by("pk")
    with pytest.raises(OrderRefused):
        give_up(given_up, note="x", by=make_staff(COMPLAINT_OFFICER))

    client.force_login(system.responsible)
    desk = f"/admin/downstream/order/{given_up.pk}/give_up/"
    assert client.post(desk, {"note": ""}).context_data["form"].errors
    client.post(desk, {"note": "thư tay ngày 2/12, hồ sơ 12"})
    carry_out(handed, note="giao đĩa tại quầy", by=system.responsible)
    assert "đã thực hiện" in client.get(f"/admin/downstream/order/{handed.pk}/change/").text
    ready = Notice.objects.get(template="hand_over_ready")
    assert ready.context["path"] == other.get_absolute_url()

    given_up.refresh_from_db()
    assert (given_up.state, given_up.acknowledged_by, given_up.note) == (
        *("given_up", system.responsible, "thư tay ngày 2/12, hồ sơ 12"),
    )
    assert answer_of("VS-16") == ("kept", 0, "orders")
    assert sweep_night() == 1
    assert orders()[-1] == ("destruction", "waiting", ["web-1"])
    client.force_login(customer.user)
    told = client.get(service.get_absolute_url()).text
    assert "bạn đã từ bỏ" in told
    assert "thư tay ngày 2/12, hồ sơ 12" in told
    acknowledge(given_up)
    assert Order.objects.get(pk=given_up.pk).state == "given_up"
