"""FPT Smart Cloud: 12 months after closing, 5 days of notice, survey answers go to nobody."""

from datetime import date

import pytest
from django.db import DatabaseError, transaction

from accounts.models import Customer
from common.personal_data import DataCategory
from policies.counting import midnight
from policies.exceptions import ChangeRefused, PublishingRefused
from policies.models import Recipient, RecipientKind
from retention.purge import purge_closed_accounts
from tests.factories import approve, make_customer
from tests.profiles import walks

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("company")]


@pytest.fixture
def company(db):
    yield from walks.at_company("fpt_smart_cloud")


@pytest.mark.parametrize(
    ("vi", "en"),
    [
        pytest.param("có hiệu lực 5 ngày sau", "takes effect 5 days after", id="FPT-1"),
        pytest.param(
            "Họ tên, thư điện tử và số điện thoại là bắt buộc, địa chỉ thì không",
            "are required, an address is not",
            id="FPT-2",
        ),
        pytest.param(
            "Chừng nào tài khoản còn hoạt động", "As long as an account is in use", id="FPT-7"
        ),
        pytest.param("tối đa 12 tháng kể từ ngày đóng", "12 months at most", id="FPT-8"),
        pytest.param(
            "Câu trả lời khảo sát không được chuyển cho bất kỳ ai",
            "Survey answers are passed to nobody",
            id="FPT-13",
        ),
        pytest.param(
            "với điều kiện tuân thủ chính sách này", "provided they follow this policy", id="FPT-14"
        ),
    ],
)
def test_the_policy_says_so(vi, en):
    assert walks.says("fpt_smart_cloud", {"vi": vi, "en": en})


def test_fpt_1_a_version_takes_effect_after_5_days_and_not_a_day_earlier():
    with pytest.raises(PublishingRefused):
        walks.publish("2", effective_in_days=4)

    version = walks.publish("3", effective_in_days=5)

    assert (version.effective_on, version.notice_days) == (date(2026, 12, 6), 5)


@pytest.mark.parametrize("name", ["full_name", "email", "phone"])
def test_fpt_2_registration_needs_contact_data(name):
    assert walks.fields_missing_at_sign_up(name) == {name}


def test_fpt_2_the_address_may_stay_empty():
    assert walks.fields_missing_at_sign_up("address") == set()


def test_fpt_7_an_open_account_is_never_purged():
    staying, going = make_customer(), walks.closed_account()
    approve(going.closing_rule)

    purge_closed_accounts(at=midnight(date(2027, 12, 2)))

    assert list(Customer.objects.all()) == [staying]


def test_fpt_8_a_closed_account_is_kept_for_12_months_and_not_a_day_longer():
    customer = walks.closed_account()

    rule = customer.closing_rule
    assert (rule.trigger, rule.months) == ("account_closed", 12)
    assert customer.kept_until == date(2027, 12, 1)
    assert walks.due_on(date(2027, 12, 1), rule) == 0
    assert walks.due_on(date(2027, 12, 2), rule) == 1


def test_fpt_13_nobody_can_be_entered_who_would_receive_survey_answers():
    with pytest.raises(ChangeRefused, match="FPT-13"):
        walks.add_recipient(category=DataCategory.SURVEY_ANSWER)
    with pytest.raises(DatabaseError), transaction.atomic():
        walks.force_recipient(category=DataCategory.SURVEY_ANSWER)
    assert not Recipient.objects.filter(data_categories__contains=["survey_answer"]).exists()


@pytest.mark.parametrize("kind", RecipientKind)
def test_fpt_14_every_kind_of_recipient_can_be_entered(kind):
    """They receive only under an agreement; no kind is ruled out as such."""
    assert walks.add_recipient(kind).pk


def test_a_complaint_ends_after_15_working_days_by_choice():
    words = {"vi": "7 đến 15 ngày làm việc", "en": "7 to 15 working days"}
    assert walks.says("fpt_smart_cloud", words)

    # Received on Monday 23 November. 24 is Viet Nam Culture Day | 25 to 27 | 30 to 4 December |
    # 7 to 11 | 14, 15: the fifteenth.
    assert walks.last_day_of_complaint(date(2026, 11, 23)) == date(2026, 12, 15)
    # Received on Monday 1 February. 2, 3 | Tet from the 4th to Wednesday the 10th | 11, 12 |
    # 15 to 19 | 22 to 26 | 1 March: the fifteenth.
    assert walks.last_day_of_complaint(date(2027, 2, 1)) == date(2027, 3, 1)


def test_staff_with_a_need_see_details():
    assert walks.staff_may_reveal()
