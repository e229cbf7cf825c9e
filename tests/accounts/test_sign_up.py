import re

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.closing import close_account
from accounts.models import Consent, Customer, PolicyEvent, User
from notices.models import Notice
from notices.services import send_due_notices
from policies.models import Company, Purpose
from tests.factories import PASSWORD, make_customer
from tests.threads import at_once

pytestmark = pytest.mark.django_db

FORM = {
    "full_name": "Trần Thị Mai",
    "email": "mai@example.com",
    "phone": "0912 345 678",
    "address": "1 Lê Lợi, Huế",
    "password1": PASSWORD,
    "accept_policy": "on",
}


def sign_up(client, **changes):
    shown = client.get(reverse("account_signup")).context["form"]["shown"].value()
    return client.post(reverse("account_signup"), {**FORM, "shown": shown, **changes})


def mailed_code():
    send_due_notices()
    return re.search(r"\b[A-Z0-9]{3,4}-?[A-Z0-9]{3,4}\b", mail.outbox[-1].body).group()


def test_a_visitor_becomes_a_customer_by_a_mailed_code(client):
    response = sign_up(client, consent_newsletter="on")
    assert response.url == reverse("account_email_verification_sent")

    response = client.post(response.url, {"code": mailed_code()}, follow=True)

    customer = Customer.objects.get()
    assert response.redirect_chain[-1][0] == reverse("overview")
    assert (customer.full_name, customer.phone) == ("Trần Thị Mai", "+84912345678")
    assert EmailAddress.objects.get().verified
    assert [event.kind for event in customer.policy_events.all()] == ["shown", "accepted"]
    assert [consent.purpose.code for consent in customer.consents.all()] == ["newsletter"]


def test_what_the_company_names_in_neither_list_is_not_asked_nor_taken(client):
    Company.objects.update(required_fields=["full_name", "email"], optional_fields=["address"])
    page = client.get(reverse("account_signup")).text
    assert ('name="phone"' in page, 'name="address"' in page) == (False, True)

    sign_up(client)

    customer = Customer.objects.get()
    assert (customer.phone, customer.address) == ("", FORM["address"])


def test_nobody_gets_in_before_the_code(client):
    sign_up(client)

    assert client.get(reverse("overview")).url.startswith(reverse("account_login"))
    response = client.post(reverse("account_login"), {"login": FORM["email"], "password": PASSWORD})
    assert response.url == reverse("account_email_verification_sent")


def test_no_consent_is_given_for_the_visitor(client):
    page = client.get(reverse("account_signup")).content.decode()
    assert 'name="consent_newsletter"' in page
    assert "checked" not in page

    sign_up(client)
    assert not Consent.objects.exists()


@pytest.mark.parametrize(
    ("change", "value"),
    [
        ("full_name", ""),
        ("full_name", "\u200b\u202e"),
        ("email", "mai"),
        ("email", "maı@example.com"),
        ("email", "ｍai@example.com"),
        ("email", "mai@ｅxample.com"),
        ("email", "mai@[127.0.0.1]"),
        ("email", "mai@localhost"),
        ("email", '"a b"@example.com'),
        ("email", "mai@example.com,bob@example.com"),
        ("email", "mai@example.com\nBcc: z@example.com"),
        ("phone", "12"),
        ("phone", "khong co"),
        ("password1", "1234567"),
        ("password1", "password123"),
        ("accept_policy", ""),
        ("full_name", "x" * 101),
        ("full_name", "Mai\x00"),
    ],
)
def test_a_wrong_answer_is_named_and_nothing_is_saved(client, change, value):
    response = sign_up(client, **{change: value})

    assert response.status_code == 200
    assert response.context["form"].errors
    assert "error-summary" in response.content.decode()
    for model in (User, Customer, PolicyEvent, EmailAddress, Notice):
        assert not model.objects.exists()


def test_an_acceptance_counts_only_for_the_words_that_were_shown(client):
    shown = client.get(reverse("account_signup")).context["form"]["shown"].value()
    Purpose.objects.filter(code="newsletter").update(wording_vi="Khác?")

    response = client.post(reverse("account_signup"), {**FORM, "shown": shown})
    assert list(response.context["form"].errors) == ["shown"]
    assert not User.objects.exists()

    again = response.context["form"]["shown"].value()
    assert client.post(reverse("account_signup"), {**FORM, "shown": again}).status_code == 302


def test_fields_that_the_form_does_not_have_are_ignored(client):
    sign_up(client, is_staff="on", is_superuser="on", public_id="0" * 32)

    user = User.objects.get()
    assert (user.is_staff, user.is_superuser) == (False, False)
    assert user.customer.public_id != "0" * 32


def answer_to(email):
    client = Client()
    with CaptureQueriesContext(connection) as queries:
        response = sign_up(client, email=email)
    after = client.get(response.url)
    return response.status_code, response.url, len(after.content), len(queries)


def test_a_known_address_gets_the_answer_of_an_unknown_one():
    known = make_customer(email="known@example.com")
    EmailAddress.objects.create(user=known.user, email=known.email, verified=True)
    people = User.objects.count(), Customer.objects.count()

    status, url, length, queries = answer_to("known@example.com")
    assert (User.objects.count(), Customer.objects.count()) == people

    unknown = answer_to("other@example.com")
    assert (status, url) == unknown[:2]
    assert abs(length - unknown[2]) < 40  # the address itself and its token
    assert abs(queries - unknown[3]) <= 6

    send_due_notices()
    subjects = {message.to[0]: message.subject for message in mail.outbox}
    assert set(subjects) == {"known@example.com", "other@example.com"}
    assert subjects["known@example.com"] != subjects["other@example.com"]


@pytest.mark.parametrize("email", ["known@example.com", "unknown@example.com"])
def test_a_reset_answers_the_same_for_any_address(client, email):
    known = make_customer(email="known@example.com")
    EmailAddress.objects.create(user=known.user, email=known.email, verified=True)

    response = client.post(reverse("account_reset_password"), {"email": email})

    assert (response.status_code, response.url) == (302, reverse("account_reset_password_done"))
    assert Notice.objects.get().address == email


def test_a_reset_link_carries_the_sites_own_address(client):
    known = make_customer(email="known@example.com")
    EmailAddress.objects.create(user=known.user, email=known.email, verified=True)

    client.post(
        reverse("account_reset_password"),
        {"email": "known@example.com"},
        headers={"host": "testserver:31337", "x-forwarded-host": "evil.example"},
    )

    send_due_notices()
    links = re.findall(r"https?://[\w.:-]+/", mail.outbox[0].body)
    assert set(links) == {"http://testserver/"}


def test_a_foreign_host_is_refused(client):
    assert client.get("/", headers={"host": "evil.example"}).status_code == 400


def test_a_double_click_makes_one_account_and_no_fault(portal):
    shown = Client().get(reverse("account_signup")).context["form"]["shown"].value()

    def post():
        return Client().post(reverse("account_signup"), {**FORM, "shown": shown})

    answers = at_once(*[post] * 4)

    # The throttle on mails to one address may ask the later ones to wait.
    assert {answer.status_code for answer in answers} <= {302, 429}
    assert User.objects.count() == Customer.objects.count() == 1


def test_whoever_closed_their_account_may_open_a_new_one(client):
    old = make_customer(email=FORM["email"])
    EmailAddress.objects.create(user=old.user, email=old.email, verified=True)
    close_account(old, by=old.user)

    sign_up(client)

    assert Customer.objects.open().get().email == old.email
    assert Customer.objects.exclude(closed_at=None).get() == old
