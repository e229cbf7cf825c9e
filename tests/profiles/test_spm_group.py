"""SPM Group: buyers' data go to nobody; where the policy is silent, the company chose."""

from datetime import date

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse

from policies.exceptions import ChangeRefused, PublishingRefused
from policies.models import Recipient, RecipientKind
from tests.factories import make_policy_version
from tests.profiles import walks

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("company")]

FORBIDDEN = [
    RecipientKind.PARTNER,
    RecipientKind.AFFILIATE,
    RecipientKind.AGENT,
    RecipientKind.ADVERTISING,
]


@pytest.fixture
def company(db):
    yield from walks.at_company("spm_group")


@pytest.mark.parametrize(
    ("vi", "en"),
    [
        pytest.param(
            "chỉ bắt buộc họ tên và thư điện tử",
            "only name and e-mail address are required",
            id="SPM-3",
        ),
        pytest.param(
            "không bán, không chia sẻ và không cho bên thứ ba thuê",
            "do not sell, share or rent",
            id="SPM-4",
        ),
        pytest.param(
            "có thể thay đổi chính sách theo thời gian",
            "may change the policy over time",
            id="SPM-7",
        ),
        pytest.param("bằng tiếng Việt và tiếng Anh", "in Vietnamese and in English", id="SPM-8"),
    ],
)
def test_the_policy_says_so(vi, en):
    assert walks.says("spm_group", {"vi": vi, "en": en})


def test_spm_3_name_and_email_are_enough_for_an_account():
    assert walks.fields_missing_at_sign_up("phone", "address") == set()


@pytest.mark.parametrize("name", ["full_name", "email"])
def test_spm_3_name_and_email_are_required(name):
    assert walks.fields_missing_at_sign_up(name) == {name}


@pytest.mark.parametrize("kind", FORBIDDEN)
def test_spm_4_whoever_data_would_be_sold_or_shared_with_cannot_be_entered(kind):
    with pytest.raises(ChangeRefused, match="SPM-4"):
        walks.add_recipient(kind)
    with pytest.raises(DatabaseError), transaction.atomic():
        walks.force_recipient(kind)
    assert not Recipient.objects.active().filter(kind=kind).exists()


def test_spm_4_a_processor_can_be_entered():
    assert walks.add_recipient(RecipientKind.PROCESSOR).pk


def test_spm_7_versions_come_one_after_another_without_notice():
    with pytest.raises(PublishingRefused):
        walks.publish("2", effective_in_days=-1)
    walks.publish("3", effective_in_days=0)
    with pytest.raises(PublishingRefused):
        walks.publish("4", effective_in_days=0)
    walks.publish("5", effective_in_days=1)


@pytest.mark.parametrize("language", ["vi", "en"])
def test_spm_8_the_policy_reads_in_both_languages(language, client):
    texts = {"vi": "# Chính sách\n\nLời tiếng Việt.", "en": "# Policy\n\nEnglish words."}
    make_policy_version("2", texts=texts)
    client.cookies["django_language"] = language

    page = client.get(reverse("policy")).content.decode()

    shown = {
        code for code, words in (("vi", "Lời tiếng Việt"), ("en", "English words")) if words in page
    }
    assert shown == {language}


def test_a_closed_account_is_kept_for_no_day_longer_by_choice():
    words = {"vi": "ngay sau khi", "en": "erased at once after you close the account"}
    assert walks.says("spm_group", words)

    customer = walks.closed_account()

    rule = customer.closing_rule
    assert (rule.trigger, rule.months, rule.basis) == ("account_closed", 0, "company_choice")
    # "At once" leaves no room for days to change one's mind: this profile gives none.
    assert (customer.kept_until, customer.grace_until) == (walks.TODAY, None)
    assert walks.due_on(walks.TODAY, rule) == 0
    assert walks.due_on(date(2026, 12, 2), rule) == 1


def test_a_complaint_ends_after_15_working_days_by_choice():
    words = {"vi": "7 đến 15 ngày làm việc", "en": "7 to 15 working days"}
    assert walks.says("spm_group", words)

    # Received on Friday 29 January. 1 to 3 February | Tet from the 4th to Wednesday the 10th |
    # 11, 12 | 15 to 19 | 22 to 26: the fifteenth.
    assert walks.last_day_of_complaint(date(2027, 1, 29)) == date(2027, 2, 26)


def test_staff_with_a_need_see_details():
    assert walks.staff_may_reveal()
