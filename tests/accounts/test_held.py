"""The page of everything that is held, and its pages by category."""

from datetime import date, timedelta

import pytest
from allauth.account.models import EmailAddress
from django.db.models import F
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.formats import date_format

from accounts.acceptance import accept_policy
from accounts.accuracy import confirm_details
from accounts.consents import decide_consent
from accounts.details import correct_details
from accounts.held import held_about
from accounts.models import (
    ConsentDecision,
    IdentityCheck,
    IdentityProof,
    KnownDevice,
    ServiceEnd,
)
from common.personal_data import DataCategory, declarations
from policies.loading import load_profile
from policies.models import PolicyText, Purpose, RetentionRule
from privacyportal.roles import COMPLAINT_OFFICER
from tests.clients import set_up_app
from tests.factories import make_complaint, make_customer, make_evidence, make_staff

pytestmark = pytest.mark.django_db

NEW = {"full_name": "Nguyễn Văn Ưng", "phone": "+84912345678", "address": "Huế"}


@pytest.fixture
def customer(client):
    customer = make_customer(full_name="Nguyễn Văn Ưng")
    client.force_login(customer.user)
    return customer


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


def held_of(customer, category):
    return next(held for held in held_about(customer) if held.category == category)


def origins(customer):
    (row,) = held_of(customer, DataCategory.CONTACT).tables[0].rows
    return {field.detail: field.origin and str(field.origin.source) for field in row}


def test_each_value_says_who_gave_it_and_since_when(customer):
    correct_details(customer, details=NEW, by=customer.user)
    correct_details(
        customer, details={**NEW, "address": "Hà Nội"}, by=make_staff(COMPLAINT_OFFICER)
    )
    first, *_rest = customer.history.order_by("history_date")
    type(first).objects.filter(pk=first.pk).update(history_date=timezone.now() - timedelta(days=30))

    assert origins(customer) == {
        "full_name": "from the company's records",
        "email": "from the company's records",
        "phone": "from you",
        "address": "from a member of staff",
    }
    (row,) = held_of(customer, DataCategory.CONTACT).tables[0].rows
    name, _email, phone, _address = row
    assert timezone.now() - name.origin.since > timedelta(days=29)
    assert timezone.now() - phone.origin.since < timedelta(days=1)


def test_the_sign_in_address_came_from_who_signed_up(customer):
    tables = held_of(customer, DataCategory.ACCOUNT).tables
    (address,) = [field for table in tables for row in table.rows for field in row]
    assert address.value == customer.user.email
    assert str(address.origin.source) == "from you, when you signed up"


def test_what_the_law_keeps_of_orders_is_said_where_the_company_uses_them(client, customer):
    load_profile("speedsms")

    held = held_of(customer, DataCategory.ORDER)
    page = client.get(reverse("data"), headers={"accept-language": "en"}).text

    assert [period.words for period in held.periods] == [
        "Until you ask us to erase it.",
        "36 months after it was recorded. The law demands that; until then it is only stored.",
        "120 months after the end of its accounting year. The law demands that; until then it is"
        " only stored.",
    ]
    assert "Accounting Law 88/2015/QH13, art. 41" in page
    assert page.count("The company keeps this outside of the portal.") == 1

    Purpose.objects.update(data_categories=[DataCategory.ACCOUNT])
    assert DataCategory.ORDER not in {held.category for held in held_about(customer)}


def test_tables_are_named_for_customers_not_for_programmers(client, customer):
    set_up_app(customer.user)
    accept_policy(customer, PolicyText.objects.first())

    page = client.get(reverse("data"), headers={"accept-language": "en"}).content.decode()

    assert "Second factors: " in page
    assert "Policies shown and accepted: " in page


def test_a_category_says_which_purposes_use_it_and_whether_the_customer_let_them(customer):
    def uses():
        held = held_of(customer, DataCategory.CONTACT)
        return {use.purpose.code: use.is_allowed for use in held.uses}

    assert uses()["service"] is True
    assert uses()["newsletter"] is False

    newsletter = Purpose.objects.get(code="newsletter")
    decide_consent(customer, newsletter, decision=ConsentDecision.GIVEN, by=customer.user)
    assert uses()["newsletter"] is True


def test_a_category_says_how_long_it_is_kept_and_why(customer):
    (period,) = held_of(customer, DataCategory.CONTACT).periods

    assert period.words == "12 months after you close your account."
    assert period.source


def test_rows_that_go_before_their_customer_say_when(customer):
    KnownDevice.objects.create(user=customer.user)
    check = IdentityCheck.objects.create(
        customer=customer, kind="call_back", channel="phone", result="proved", by=customer.user
    )
    IdentityProof.objects.create(
        identity_check=check, content_type="image/png", kept_until=date(2030, 1, 31)
    )

    words = [period.words for period in held_of(customer, DataCategory.DEVICE).periods]
    assert "12 months after its last use." in words
    rows = [
        row for table in held_of(customer, DataCategory.IDENTITY_PROOF).tables for row in table.rows
    ]
    days = {str(field.label): field.value for row in rows for field in row}
    assert days["kept until"] == date(2030, 1, 31)


def test_what_staff_and_code_wrote_of_a_customer_is_shown_too(client, customer):
    EmailAddress.objects.create(user=customer.user, email="moi@example.com")
    ServiceEnd.objects.create(customer=customer, ended_on=date(2026, 1, 31), reason="Hết hạn")
    confirm_details(customer)

    page = client.get(reverse("data"), headers={"accept-language": "en"}).text

    for words in ("moi@example.com", date_format(date(2026, 1, 31)), "my details are complete"):
        assert words in page
    unseen = {each.model.__name__ for each in declarations() if not (each.personal or each.page)}
    assert unseen == {
        # In the complaint that they are part of, on its page,
        "Case",
        "CaseConflict",
        "CaseEvent",
        "CaseNote",
        "CaseReminder",
        "Clock",
        "ComplaintLink",
        "QuestionedAccess",
        "ClosedSender",
        "CopyCode",
        # keys of mails,
        "EmailConfirmation",
        # and what an authority or an officer has to decide.
        "LegalHold",
        "NecessityReview",
        # What became of an erasure: of a closed account, which shows it on a page of its own.
        "PurgeFailure",
        "Remainder",
        # Whose relative or colleague among the staff a customer is: it guards, and is not used.
        "FlaggedRecord",
    }


def test_a_category_without_a_rule_of_its_own_is_kept_as_the_account_is(customer):
    assert held_of(customer, DataCategory.CONSENT).periods
    load_profile("vietnam_server")
    own = RetentionRule.objects.filter(category=DataCategory.DEVICE)
    own.update(valid_to=F("valid_from") - timedelta(days=1))
    held = held_of(customer, DataCategory.DEVICE)
    assert [period.words for period in held.periods] == ["Until your service ends."]


def test_the_page_shows_who_may_receive_the_data(client, customer):
    load_profile("vietnam_server")
    page = client.get(reverse("data"), headers={"accept-language": "en"}).content.decode()
    assert "VNNIC" in page


@pytest.mark.parametrize("rows", [1, 3])
def test_the_pages_ask_no_more_for_more_rows(client, customer, rows, django_assert_num_queries):
    for number in range(rows):
        make_evidence(make_complaint(customer=customer))
        correct_details(customer, details={**NEW, "address": f"{number}"}, by=customer.user)
    client.get(reverse("data"))  # what is asked once a session

    with django_assert_num_queries(51):
        client.get(reverse("data"))
    with django_assert_num_queries(16):
        client.get(reverse("data_category", args=["complaint"]))


def test_each_kind_folds_under_how_much_there_is_and_what_for(client, customer):
    page = client.get(reverse("data"), headers={"accept-language": "en"}).text
    before, *kinds = page.split('<details class="card fold kind"')

    assert [kind.startswith(" open>") for kind in kinds] == [True] + [False] * (len(kinds) - 1)
    assert len(kinds) == len(held_about(customer))
    purposes = [use.purpose.name for use in held_of(customer, DataCategory.CONTACT).uses]
    (contact,) = (kind for kind in kinds if "Contact details</h2>" in kind)
    said = contact.partition("</summary>")[0]
    assert ("1 entry" in said, [name for name in purposes if str(name) not in said]) == (True, [])
    for name in ("export", "close_account"):
        assert f'href="{reverse(name)}">' in before.partition("<h1>")[2]


def test_a_long_list_is_paged(client, customer):
    complaint = make_complaint(customer=customer)
    for number in range(30):
        make_evidence(complaint, name=f"thu-{number:02}.pdf")

    newest = client.get(reverse("data")).content.decode()
    first = client.get(reverse("data_category", args=["evidence"])).content.decode()
    second = client.get(reverse("data_category", args=["evidence"]) + "?page=2").content.decode()

    assert "thu-25.pdf" in newest
    assert "thu-24.pdf" not in newest
    assert ("thu-05.pdf" in first, "thu-04.pdf" in first) == (True, False)
    assert ("thu-05.pdf" in second, "thu-04.pdf" in second) == (False, True)


@pytest.mark.parametrize("category", ["nonsense", "order", "contact%00", "enquiry"])
def test_a_category_that_the_portal_does_not_hold_is_not_there(client, customer, category):
    assert client.get(f"/me/data/{category}/").status_code in (400, 404)
