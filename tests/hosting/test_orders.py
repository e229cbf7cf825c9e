"""What the hosting system is told to hand over and to destroy, and when."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from common.personal_data import DataCategory
from downstream.models import Order
from downstream.orders import acknowledge, carry_out
from hosting.exceptions import ServiceRefused
from hosting.imports import import_services
from hosting.models import HostedService
from hosting.orders import ask_destruction, order_destruction_of_ended
from policies.models import RetentionRule
from tests.answers import answer_of, without_guards
from tests.downstream.conftest import make_system
from tests.factories import make_customer, make_hold, make_staff
from tests.hosting.conftest import make_service

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate


@pytest.fixture
def system(company):
    """A hosting system that takes orders; to see what is ordered, none is sent."""
    hosted = [DataCategory.HOSTED_CONTENT]
    return make_system(name="Hosting", data_categories=hosted, endpoint="https://h.example.vn/")


def ended(customer, days=2, **kwargs):
    kwargs = {"external_id": "web-1", "ended_on": TODAY() - timedelta(days=days), **kwargs}
    return make_service(customer, **kwargs)


def orders():
    rows = Order.objects.order_by("pk")
    return [(row.kind, row.state, row.data["references"]) for row in rows]


def post(client, name, service, **data):
    return client.post(reverse(name, args=[service.public_id]), data, follow=True)


def test_vs_9_what_the_hosting_system_ended_is_ordered_to_be_destroyed_once(customer, system):
    make_service(customer, external_id="web-2")
    ended(customer, days=0, external_id="web-3")
    ended(make_customer(), external_id=None)
    held = ended(make_customer(), external_id="web-4")
    hold = make_hold(held.customer)
    content = f"external_id,customer,kind,label,ended_on\nweb-2,{customer.public_id},website,x,"
    import_services(f"{content}{TODAY() - timedelta(days=1)}\n".encode())

    assert (order_destruction_of_ended(), order_destruction_of_ended()) == (1, 0)
    assert orders() == [("destruction", "waiting", ["web-2"])]

    hold.released_by, hold.released_at = make_staff(), timezone.now() - timedelta(days=9)
    hold.save()
    assert answer_of("VS-9") == ("broken", 1, "services")
    assert order_destruction_of_ended() == 1
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
    assert order_destruction_of_ended() == 0
    rules.update(months=1)
    HostedService.objects.update(ended_on=TODAY() - timedelta(days=20))
    assert order_destruction_of_ended() == 0
    HostedService.objects.update(ended_on=TODAY() - timedelta(days=40))
    rules.update(action="restrict")
    assert order_destruction_of_ended() == 0
    rules.update(action="delete")
    assert order_destruction_of_ended() == 1


def test_vs_16_a_hand_over_comes_before_the_destruction_or_the_customer_says_none(
    client, customer, system
):
    service = ended(customer)

    post(client, "hand_over_service", service)
    page = post(client, "hand_over_service", service)

    assert orders() == [("hand_over", "waiting", ["web-1"])]
    assert "đang gửi, chờ xác nhận" in page.content.decode()
    assert order_destruction_of_ended() == 0
    refused = post(client, "destroy_service", service)
    assert "đang được bàn giao" in refused.content.decode()
    assert (
        "Chưa có gì được bàn giao" in post(client, "service_handed_over", service).content.decode()
    )
    acknowledge(Order.objects.get(), note="<b>Tải về</b> trong 7 ngày")
    told = client.get(service.get_absolute_url()).content.decode()
    assert "&lt;b&gt;Tải về&lt;/b&gt; trong 7 ngày" in told
    assert order_destruction_of_ended() == 0

    post(client, "service_handed_over", service)
    assert order_destruction_of_ended() == 1
    assert [kind for kind, *_rest in orders()] == ["hand_over", "destruction"]

    other = make_service(customer, external_id="web-9")
    post(client, "hand_over_service", other)
    post(client, "destroy_service", other, needs_no_hand_over="yes")
    post(client, "destroy_service", other, needs_no_hand_over="yes")
    assert orders()[2:] == [
        ("hand_over", "waiting", ["web-9"]),
        ("destruction", "waiting", ["web-9"]),
    ]
    assert "Đã có lệnh hủy" in post(client, "hand_over_service", other).content.decode()


def test_what_the_hosting_system_does_not_know_by_its_own_name_a_person_destroys(
    client, customer, system
):
    entered = make_service(customer)

    post(client, "destroy_service", entered)
    assert orders() == [("destruction", "task", [])]
    assert answer_of("VS-16") == ("kept", 0, "orders")
    carry_out(Order.objects.get(), note="hủy trong bảng điều khiển", by=make_staff())

    page = client.get(entered.get_absolute_url()).content.decode()
    assert f"đã thực hiện, xác nhận ngày {TODAY():%d/%m/%Y}" in page
    assert "Hủy vĩnh viễn" not in page


def test_nothing_is_destroyed_under_a_hold_nor_offered_where_no_system_takes_orders(
    client, customer
):
    service = make_service(customer, external_id="web-1")
    assert (answer_of("VS-9")[0], answer_of("VS-16")[0]) == ("not_measured", "not_measured")
    page = client.get(service.get_absolute_url()).content.decode()
    assert "Hủy vĩnh viễn" not in page
    refused = post(client, "destroy_service", service)
    assert "Chưa có hệ thống nào nhận lệnh này" in refused.content.decode()
    make_system(name="Hosting", data_categories=["hosted_content"])
    make_hold(customer)

    with pytest.raises(ServiceRefused):
        ask_destruction(service, needs_no_hand_over=True)

    other = make_customer()
    client.force_login(other.user)
    assert post(client, "destroy_service", service).status_code == 404
    assert orders() == []
