"""Clever Group: 7 to 15 calendar days, two required details, no tracking by third parties."""

from datetime import date

import pytest
from django.db import DatabaseError, transaction

from accounts.closing import close_as_unnecessary
from policies.exceptions import ChangeRefused, PublishingRefused
from policies.models import Purpose, Recipient, RecipientKind, TimeLimit
from privacyportal.roles import DPO
from tests.factories import make_customer, make_staff
from tests.profiles import walks

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("company")]


@pytest.fixture
def company(db):
    yield from walks.at_company("clever_group")


@pytest.mark.parametrize(
    ("vi", "en"),
    [
        pytest.param(
            "chỉ bắt buộc họ tên và thư điện tử",
            "only full name and e-mail address are required",
            id="CG-1",
        ),
        pytest.param(
            "đến khi quý khách yêu cầu xóa", "until you ask for their deletion", id="CG-5-asked"
        ),
        pytest.param(
            "đến khi chúng tôi thấy không còn cần thiết",
            "until we find them no longer necessary",
            id="CG-5-idle",
        ),
        pytest.param(
            "công ty liên kết và đối tác, trong và ngoài Việt Nam",
            "partners in and outside Viet Nam",
            id="CG-8",
        ),
        pytest.param(
            "Bên thứ ba không được phép theo dõi",
            "No third party is allowed to track users",
            id="CG-12",
        ),
        pytest.param("7 đến 15 ngày, tùy", "7 to 15 days, by", id="CG-14"),
        pytest.param("không nói về việc thay đổi", "does not speak of changes", id="notice"),
    ],
)
def test_the_policy_says_so(vi, en):
    assert walks.says("clever_group", {"vi": vi, "en": en})


def test_cg_1_phone_and_address_are_asked_but_may_stay_empty():
    assert walks.fields_missing_at_sign_up("phone", "address") == set()


@pytest.mark.parametrize("name", ["full_name", "email"])
def test_cg_1_name_and_email_are_required(name):
    assert walks.fields_missing_at_sign_up(name) == {name}


def test_cg_4_each_purpose_that_is_not_the_service_asks_for_itself():
    asked = set(Purpose.objects.asking_consent().values_list("code", flat=True))

    assert asked == {"quality", "personalisation", "promotions", "group_sharing"}


def test_cg_5_a_closed_account_is_kept_for_no_day_longer():
    customer = walks.closed_account(waives_grace=True)

    rule = customer.closing_rule
    assert (rule.trigger, rule.months) == ("on_request", 0)
    assert customer.kept_until == walks.TODAY
    assert walks.due_on(walks.TODAY, rule) == 0
    assert walks.due_on(date(2026, 12, 2), rule) == 1


def test_cg_5_the_customer_may_have_seven_days_to_change_their_mind():
    customer = walks.closed_account()

    assert customer.kept_until == customer.grace_until == date(2026, 12, 8)
    assert walks.due_on(date(2026, 12, 8), customer.closing_rule) == 0
    assert walks.due_on(date(2026, 12, 9), customer.closing_rule) == 1


def test_cg_5_data_no_longer_necessary_go_after_the_customer_was_told():
    customer = make_customer()
    close_as_unnecessary(customer, by=make_staff(DPO))

    rule = customer.closing_rule
    assert (rule.trigger, rule.months) == ("no_longer_necessary", 0)
    assert walks.due_on(date(2026, 12, 8), rule) == 0
    assert walks.due_on(date(2026, 12, 9), rule) == 1


def test_cg_8_staff_with_a_need_see_details():
    assert walks.staff_may_reveal()


def test_cg_12_no_advertising_partner_can_be_entered():
    with pytest.raises(ChangeRefused):
        walks.add_recipient(RecipientKind.ADVERTISING)
    with pytest.raises(DatabaseError), transaction.atomic():
        walks.force_recipient(RecipientKind.ADVERTISING)
    assert not Recipient.objects.active().filter(kind=RecipientKind.ADVERTISING).exists()


def test_cg_12_a_partner_can_be_entered():
    """CG-8 allows for partners: it is not every newcomer that is refused."""
    assert walks.add_recipient(RecipientKind.PARTNER).pk


def test_cg_14_the_term_ranges_from_7_to_15():
    limit = TimeLimit.objects.in_force(walks.TODAY).get(
        kind="complaint_completion", family="promise"
    )

    assert (limit.minimum, limit.maximum, limit.unit) == (7, 15, "calendar_day")


def test_cg_14_a_complaint_ends_after_15_calendar_days():
    # Received on Tuesday 1 December; 1 + 15 = 16.
    assert walks.last_day_of_complaint(date(2026, 12, 1)) == date(2026, 12, 16)


def test_cg_14_a_last_day_at_the_weekend_stays():
    # Received on Saturday 5 December; 5 + 15 = 20, a Sunday. A promised maximum is not moved.
    assert walks.last_day_of_complaint(date(2026, 12, 5)) == date(2026, 12, 20)


def test_cg_14_tet_counts():
    # Received on Saturday 23 January; 8 days are left of that month, so the 7th of February,
    # the second day of Tet.
    assert walks.last_day_of_complaint(date(2027, 1, 23)) == date(2027, 2, 7)


def test_no_notice_is_promised_but_versions_come_one_after_another():
    with pytest.raises(PublishingRefused):
        walks.publish("2", effective_in_days=-1)
    walks.publish("3", effective_in_days=0)
    with pytest.raises(PublishingRefused):
        walks.publish("4", effective_in_days=0)
    walks.publish("5", effective_in_days=1)
