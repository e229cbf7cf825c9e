"""SpeedSMS: 15 working days, four required details, erasure as soon as the customer asks."""

from datetime import date

import pytest
from django.urls import reverse

from accounts.models import Customer
from common.personal_data import DataCategory
from policies.counting import midnight
from policies.exceptions import PublishingRefused
from policies.models import Company, DayKind, RecipientKind
from retention.purge import purge_closed_accounts
from tests.factories import approve, make_customer
from tests.profiles import walks

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("company")]


@pytest.fixture
def company(db):
    yield from walks.at_company("speedsms")


@pytest.mark.parametrize(
    ("vi", "en"),
    [
        pytest.param(
            "họ tên, thư điện tử, số điện thoại và địa chỉ",
            "full name, e-mail address, telephone number and address",
            id="SP-1",
        ),
        pytest.param(
            "đến khi khách hàng yêu cầu hủy bỏ",
            "until the customer asks for their removal",
            id="SP-6",
        ),
        pytest.param(
            "cần dữ liệu cho công việc mới được tiếp cận",
            "whose work needs the data have access",
            id="SP-7",
        ),
        pytest.param("15 ngày làm việc kể từ", "15 working days", id="SP-12"),
        pytest.param("không nói về việc thay đổi", "does not speak of changes", id="notice"),
    ],
)
def test_the_policy_says_so(vi, en):
    assert walks.says("speedsms", {"vi": vi, "en": en})


@pytest.mark.parametrize("name", ["full_name", "email", "phone", "address"])
def test_sp_1_sign_up_needs_each_of_four_details(name):
    assert walks.fields_missing_at_sign_up(name) == {name}


def test_sp_1_four_details_are_enough():
    assert walks.fields_missing_at_sign_up() == set()


def test_sp_6_a_closed_account_is_kept_for_no_day_longer():
    customer = walks.closed_account(waives_grace=True)

    rule = customer.closing_rule
    assert (rule.trigger, rule.months) == ("on_request", 0)
    assert customer.kept_until == walks.TODAY
    assert walks.due_on(walks.TODAY, rule) == 0
    assert walks.due_on(date(2026, 12, 2), rule) == 1


def test_sp_6_the_customer_may_have_seven_days_to_change_their_mind():
    customer = walks.closed_account()

    assert customer.kept_until == customer.grace_until == date(2026, 12, 8)
    assert walks.due_on(date(2026, 12, 8), customer.closing_rule) == 0


def test_sp_6_the_purge_takes_who_asked_and_leaves_who_did_not():
    going, staying = walks.closed_account(waives_grace=True), make_customer()
    approve(going.closing_rule)

    purge_closed_accounts(at=midnight(date(2026, 12, 2)))

    assert list(Customer.objects.all()) == [staying]


def test_sp_7_staff_with_a_need_see_details():
    assert walks.staff_may_reveal()


def test_sp_8_contact_facts_are_on_the_policy_page(client):
    page = client.get(reverse("policy")).content.decode()

    for fact in ("+84 979 051 021", "0107386356", "196/8/11"):
        assert fact in page


def test_sp_12_a_complaint_ends_after_15_working_days():
    # Received on Tuesday 1 December. 2, 3, 4 | 7 to 11 | 14 to 18 | 21, 22: the fifteenth.
    assert walks.last_day_of_complaint(date(2026, 12, 1)) == date(2026, 12, 22)


def test_sp_12_tet_does_not_count():
    # Received on Monday 1 February. 2, 3 | Tet from the 4th to Wednesday the 10th | 11, 12 |
    # 15 to 19 | 22 to 26 | 1 March: the fifteenth.
    assert walks.last_day_of_complaint(date(2027, 2, 1)) == date(2027, 3, 1)


def test_sp_12_saturdays_count_where_the_company_works_on_them():
    """The policy leaves open what a working day is; the deployment says it."""
    Company.objects.update(day_kind=DayKind.MON_SAT)

    # 2 to 5 | 7 to 12 | 14 to 18: the fifteenth.
    assert walks.last_day_of_complaint(date(2026, 12, 1)) == date(2026, 12, 18)


def test_no_notice_is_promised_but_versions_come_one_after_another():
    with pytest.raises(PublishingRefused):
        walks.publish("2", effective_in_days=-1)
    walks.publish("3", effective_in_days=0)
    with pytest.raises(PublishingRefused):
        walks.publish("4", effective_in_days=0)
    walks.publish("5", effective_in_days=1)


def test_no_kind_of_recipient_is_ruled_out():
    """SP-5 and SP-17 need an approval for each disclosure; they forbid no kind as such."""
    assert walks.force_recipient(RecipientKind.PARTNER, DataCategory.CONTACT).pk
