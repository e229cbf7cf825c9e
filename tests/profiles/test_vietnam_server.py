"""Vietnam Server: staff ask first, hosted content goes to nobody, data end with the service."""

from datetime import date, timedelta

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse
from django.utils import timezone

from access.models import AccessRecord
from accounts.closing import end_service
from common.personal_data import DataCategory
from policies.exceptions import ChangeRefused, PublishingRefused
from policies.models import Recipient, RecipientKind
from tests.factories import make_customer
from tests.profiles import walks

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("company")]


@pytest.fixture
def company(db):
    yield from walks.at_company("vietnam_server")


@pytest.mark.parametrize(
    ("vi", "en"),
    [
        pytest.param(
            "bắt buộc họ tên, thư điện tử và số điện thoại",
            "name, e-mail address and telephone number are required",
            id="VS-3",
        ),
        pytest.param("ngừng sử dụng dịch vụ", "until the customer leaves the service", id="VS-7"),
        pytest.param(
            "không quảng cáo dịch vụ không do mình trực tiếp cung cấp",
            "advertises no services but those it provides directly",
            id="VS-11",
        ),
        pytest.param(
            "không bên thứ ba nào được tiếp cận, vì bất kỳ mục đích gì",
            "no third party gets access to them, whatever the purpose",
            id="VS-15",
        ),
        pytest.param(
            "thay đổi mà không báo trước", "change without prior notice", id="VS-20-notice"
        ),
        pytest.param(
            "ngày cập nhật gần nhất được ghi",
            "the date of the latest update is shown",
            id="VS-20-date",
        ),
    ],
)
def test_the_policy_says_so(vi, en):
    assert walks.says("vietnam_server", {"vi": vi, "en": en})


@pytest.mark.parametrize("name", ["full_name", "email", "phone"])
def test_vs_3_registration_needs_contact_data(name):
    assert walks.fields_missing_at_sign_up(name) == {name}


def test_vs_3_the_address_may_stay_empty():
    assert walks.fields_missing_at_sign_up("address") == set()


def test_vs_7_contact_data_end_with_the_service():
    customer = walks.closed_account(waives_grace=True)

    rule = customer.closing_rule
    assert (rule.trigger, rule.months) == ("service_ended", 0)
    assert customer.kept_until == walks.TODAY
    assert walks.due_on(walks.TODAY, rule) == 0
    assert walks.due_on(date(2026, 12, 2), rule) == 1


def test_vs_7_the_end_of_the_service_counts_without_the_customer():
    customer = make_customer(opened_at=timezone.now() - timedelta(days=400))
    end_service(customer, ended_on=date(2026, 11, 20), reason="x", by=None)

    # Nothing is kept for the company: the seven days are there to find a wrong entry.
    assert customer.kept_until == customer.grace_until == date(2026, 12, 8)
    assert walks.due_on(date(2026, 12, 8), customer.closing_rule) == 0
    assert walks.due_on(date(2026, 12, 9), customer.closing_rule) == 1


def test_vs_11_no_advertising_partner_can_be_entered():
    with pytest.raises(ChangeRefused):
        walks.add_recipient(RecipientKind.ADVERTISING)
    with pytest.raises(DatabaseError), transaction.atomic():
        walks.force_recipient(RecipientKind.ADVERTISING)
    assert not Recipient.objects.active().filter(kind=RecipientKind.ADVERTISING).exists()


def test_vs_14_staff_see_no_details_before_the_customer_approves():
    words = {"vi": "sau khi khách hàng", "en": "only after the customer has confirmed"}
    assert walks.says("vietnam_server", words)

    assert not walks.staff_may_reveal()
    assert not AccessRecord.objects.exists()


def test_vs_15_nobody_can_be_entered_who_would_receive_hosted_content():
    with pytest.raises(ChangeRefused, match="VS-15"):
        walks.add_recipient(category=DataCategory.HOSTED_CONTENT)
    with pytest.raises(DatabaseError), transaction.atomic():
        walks.force_recipient(category=DataCategory.HOSTED_CONTENT)
    receiving = Recipient.objects.active().filter(data_categories__contains=["hosted_content"])
    assert not receiving.exists()


def test_vs_15_the_same_recipient_may_receive_contact_data():
    assert walks.add_recipient(category=DataCategory.CONTACT).pk


def test_vs_20_versions_need_no_notice_but_an_order():
    with pytest.raises(PublishingRefused):
        walks.publish("2", effective_in_days=-1)
    walks.publish("3", effective_in_days=0)
    with pytest.raises(PublishingRefused):
        walks.publish("4", effective_in_days=0)


def test_vs_20_the_date_of_the_latest_update_is_shown(client):
    walks.publish("2", effective_in_days=0)

    assert f"{walks.TODAY:%d/%m/%Y}" in client.get(reverse("policy")).content.decode()


def test_a_complaint_ends_after_15_working_days_by_choice():
    words = {"vi": "7 đến 15 ngày làm việc", "en": "7 to 15 working days"}
    assert walks.says("vietnam_server", words)

    # Received on Monday 1 February. 2, 3 | Tet from the 4th to Wednesday the 10th | 11, 12 |
    # 15 to 19 | 22 to 26 | 1 March: the fifteenth.
    assert walks.last_day_of_complaint(date(2027, 2, 1)) == date(2027, 3, 1)
