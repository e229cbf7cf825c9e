import re
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from access.models import AccessAction
from access.services import record_access
from accounts.acceptance import accept_policy
from accounts.consents import decide_consent
from accounts.models import Customer, KnownDevice
from common.personal_data import DataCategory
from notices.services import send_due_notices
from policies.counting import add_months, local_day
from policies.models import PolicyVersion, Purpose, RetentionTrigger, sha256
from privacyportal.roles import COMPLAINT_OFFICER
from tests.calls.conftest import decide, make_recording, make_rule
from tests.factories import PASSWORD, make_complaint, make_customer, make_staff

pytestmark = pytest.mark.django_db

PAGES = ["overview", "data", "edit_details", "consents", "accesses", "complaints", "file_complaint"]


@pytest.fixture
def customer(client):
    customer = make_customer(full_name="Nguyễn Văn Ưng")
    EmailAddress.objects.create(user=customer.user, email=customer.email, verified=True)
    accept_policy(customer, PolicyVersion.objects.current().text_in("vi"))
    client.force_login(customer.user)
    return customer


def sign_in(client, user, password=PASSWORD):
    return client.post(reverse("account_login"), {"login": user.email, "password": password})


def words_of(code):
    return sha256(Purpose.objects.get(code=code).wording)


@pytest.mark.parametrize("name", [*PAGES, "close_account"])
def test_a_stranger_is_sent_to_sign_in(client, name):
    response = client.get(reverse(name))
    assert response.status_code == 302
    assert response.url.startswith(reverse("account_login"))


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("language", ["vi", "en"])
def test_a_customers_page_speaks_their_language_and_is_kept_by_no_cache(
    client, customer, name, language
):
    client.cookies["django_language"] = language

    response = client.get(reverse(name))

    assert response.status_code == 200
    assert f'<html lang="{language}"' in response.content.decode()
    assert response["Cache-Control"] == "no-store"
    assert "default-src 'self'" in response["Content-Security-Policy"]
    assert "unsafe" not in response["Content-Security-Policy"]


@pytest.mark.parametrize("name", PAGES)
def test_staff_are_sent_to_their_desk(client, name):
    client.force_login(make_staff(COMPLAINT_OFFICER))
    assert client.get(reverse(name)).url == reverse("admin:index")


def test_the_data_page_shows_what_is_held(client, customer):
    page = client.get(reverse("data")).content.decode()
    for value in (customer.full_name, customer.email, customer.phone, customer.address):
        assert value in page


def test_nobody_sees_another_customers_data(client, customer):
    make_customer(full_name="Người Khác", address="99 Bí Mật")
    for page in PAGES:
        content = client.get(reverse(page)).content.decode()
        assert "Người Khác" not in content
        assert "99 Bí Mật" not in content


def test_details_are_corrected_and_cleaned(client, customer):
    response = client.post(
        reverse("edit_details"),
        {
            "full_name": "  Nguyễn\u200b   Văn  Ứng ",
            "phone": "０９１２３４５６７８",
            "address": "Huế",
        },
    )

    assert response.url == reverse("data")
    customer.refresh_from_db()
    assert (customer.full_name, customer.phone) == ("Nguyễn Văn Ứng", "+84912345678")


def test_a_required_detail_cannot_be_emptied(client, customer):
    response = client.post(reverse("edit_details"), {"full_name": "", "phone": "", "address": ""})

    assert set(response.context["form"].errors) == {"full_name", "phone"}
    before = customer.full_name
    customer.refresh_from_db()
    assert customer.full_name == before


def test_a_consent_is_given_and_withdrawn(client, customer):
    for decision in ("given", "withdrawn"):
        response = client.post(
            reverse("decide_consent"),
            {"purpose": "newsletter", "decision": decision, "wording": words_of("newsletter")},
        )
        assert response.url == reverse("consents")

    assert [c.decision for c in customer.consents.all()] == ["given", "withdrawn"]


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"purpose": "newsletter"},
        {"purpose": "newsletter", "decision": "maybe"},
        {"purpose": "newsletter", "decision": "given", "wording": "0" * 64},
        {"purpose": "nothing", "decision": "given"},
        {"purpose": "service", "decision": "given"},
        {"purpose": "news\x00letter", "decision": "given"},
    ],
)
def test_an_unknown_choice_is_refused_with_a_sentence(client, customer, sent):
    response = client.post(reverse("decide_consent"), sent, follow=True)

    assert response.status_code == 200
    assert not customer.consents.exists()


def test_opening_the_address_of_a_choice_decides_nothing_and_leads_to_the_choices(client, customer):
    choice = {"purpose": "newsletter", "decision": "given", "wording": words_of("newsletter")}

    assert client.get(reverse("decide_consent"), choice).url == reverse("consents")
    assert client.put(reverse("decide_consent")).status_code == 405
    assert not customer.consents.exists()


def test_the_customer_sees_who_looked(client, customer):
    record_access(
        by=make_staff(COMPLAINT_OFFICER, staff_name="Lê Thu Hà"),
        action=AccessAction.OPEN,
        customer=customer.public_id,
        purpose="complaint_handling",
        field_groups=[DataCategory.CONTACT],
        case_reference="KN-2345-6789",
    )

    page = client.get(reverse("accesses")).content.decode()

    assert "KN-2345-6789" in page
    assert "Lê Thu Hà" not in page  # the role answers, not the person


@pytest.mark.parametrize("rows", [1, 3])
def test_the_pages_ask_as_often_for_three_rows_as_for_one(
    client, customer, rows, django_assert_max_num_queries
):
    for purpose in Purpose.objects.asking_consent()[:rows]:
        decide_consent(customer, purpose, decision="given", by=customer.user)
    officer = make_staff(COMPLAINT_OFFICER)
    for _ in range(rows):
        record_access(
            by=officer,
            action=AccessAction.OPEN,
            customer=customer.public_id,
            purpose="complaint_handling",
            field_groups=[DataCategory.CONTACT],
        )

    for page in ("overview", "consents", "accesses"):
        with django_assert_max_num_queries(18):
            client.get(reverse(page))


class TestClosing:
    @pytest.fixture
    def fresh(self, client, customer):
        client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
        return customer

    def test_asks_for_the_password_again(self, client, customer):
        client.force_login(customer.user, fresh=False)
        response = client.get(reverse("close_account"))
        assert response.url.startswith(reverse("account_reauthenticate"))

    def test_says_what_stays_until_when_before_anything_happens(self, client, fresh):
        response = client.get(reverse("close_account"))

        a_year_on = add_months(local_day(timezone.now()), 12)
        assert {kept.until for kept in response.context["kept"]} == {a_year_on}
        fresh.refresh_from_db()
        assert fresh.is_open

    def test_says_what_goes_before_the_rest_and_nothing_of_what_is_not_held(self, client, fresh):
        today = local_day(timezone.now())
        device = KnownDevice.objects.create(user=fresh.user)
        seen = timezone.now() - timedelta(days=100)
        KnownDevice.objects.filter(pk=device.pk).update(last_seen_at=seen)
        decide(fresh)
        make_rule(RetentionTrigger.CREATED, months=2)
        make_recording(fresh)

        kept = client.get(reverse("close_account")).context["kept"]

        until = {each.category: each.until for each in kept}
        assert until[DataCategory.DEVICE] == add_months(local_day(seen), 12)
        assert until[DataCategory.CALL_RECORDING] == add_months(today, 2)
        assert until[DataCategory.ACCOUNT] == add_months(today, 12)
        assert not {DataCategory.COMPLAINT, DataCategory.HOSTED_CONTENT} & until.keys()
        sources = {each.category: each.source for each in kept}
        assert sources[DataCategory.CALL_RECORDING] == "Công ty tự chọn"

    def test_needs_the_tick(self, client, fresh):
        response = client.post(reverse("close_account"), {"understood": ""})
        assert response.context["form"].errors
        fresh.refresh_from_db()
        assert fresh.is_open

    def test_closes_signs_out_everywhere_and_blocks_sign_in(self, client, fresh):
        elsewhere = Client()
        sign_in(elsewhere, fresh.user)
        assert elsewhere.get(reverse("overview")).status_code == 200

        response = client.post(reverse("close_account"), {"understood": "on"})

        assert client.get(response.url).status_code == 200
        assert Customer.objects.get().closed_at is not None
        for browser in (client, elsewhere):
            assert browser.get(reverse("overview")).url.startswith(reverse("account_login"))
        assert sign_in(Client(), fresh.user).context["form"].errors


def test_a_new_address_counts_once_it_is_verified(client, customer):
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    old = customer.email
    client.post(reverse("account_email"), {"action_add": "", "email": "moi@example.com"})
    customer.refresh_from_db()
    assert customer.email == old

    send_due_notices()
    code = re.search(r"\b[A-Z0-9]{3,4}-?[A-Z0-9]{3,4}\b", mail.outbox[-1].body).group()
    client.post(reverse("account_email_verification_sent"), {"code": code})

    customer.refresh_from_db()
    customer.user.refresh_from_db()
    assert customer.email == customer.user.email == "moi@example.com"
    assert customer.history.first().history_change_reason == "email verified"
    mail.outbox.clear()
    send_due_notices()
    told = {address: message.subject for message in mail.outbox for address in message.to}
    assert set(told) == {old, "moi@example.com"}
    assert told["moi@example.com"] == "Thông tin của bạn đã thay đổi"


def test_the_chosen_language_is_that_of_the_mails_too(client, customer):
    client.post(reverse("set_language"), {"language": "en", "next": reverse("data")})
    client.post(reverse("set_language"), {"language": "xx"})

    customer.refresh_from_db()
    customer.user.refresh_from_db()
    assert (customer.language, customer.user.language) == ("en", "en")


def test_a_visitor_may_choose_the_language(client):
    response = client.post(reverse("set_language"), {"language": "en", "next": "/policy/"})
    assert response.url == "/policy/"
    assert '<html lang="en"' in client.get("/policy/").content.decode()


@pytest.mark.parametrize("target", ["//evil.example", "https:evil.example", "javascript:alert(1)"])
def test_a_switch_of_language_leads_nowhere_else(client, target):
    response = client.post(reverse("set_language"), {"language": "en", "next": target})
    assert response.url == "/"


@pytest.mark.parametrize("url", ["/", "/policy/"])
def test_whoever_only_reads_gets_no_cookie(client, url):
    assert not client.get(url).cookies


def test_closing_speaks_of_a_complaint_that_is_still_open(client, customer):
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    assert not client.get(reverse("close_account")).context["waits"]
    make_complaint(customer=customer)
    assert client.get(reverse("close_account")).context["waits"]
