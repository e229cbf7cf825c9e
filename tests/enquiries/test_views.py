"""The form that anybody may use, and the link that confirms the address."""

import re

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.models import Customer, User
from common.cards import MASKED
from common.open_forms import TRAP
from common.tokens import new_public_id
from enquiries.forms import LONGEST_MESSAGE
from enquiries.mails import CONFIRMING
from enquiries.models import Enquiry, EnquiryState
from enquiries.services import dismiss_enquiry, settle_by_phone
from notices.models import Notice
from notices.services import send_due_notices
from privacyportal.roles import COMPLAINT_OFFICER
from tests.enquiries.conftest import TYPED, make_enquiry
from tests.factories import make_customer, make_staff
from tests.threads import at_once

pytestmark = pytest.mark.django_db


def send(client, **changes):
    form = {**TYPED, "submission": new_public_id(), **changes}
    return client.post(reverse("enquiry"), form)


def link_in(message) -> str:
    return re.search(r"http://testserver(/\S+)", message.body).group(1)


def test_a_message_is_kept_and_its_address_confirmed_by_the_mailed_link(client):
    assert send(client).url == reverse("enquiry_sent")
    assert client.get(reverse("enquiry_sent")).status_code == 200
    send_due_notices()

    page = client.post(link_in(mail.outbox[0]))

    enquiry = Enquiry.objects.get()
    assert mail.outbox[0].to == [TYPED["email"]]
    assert {name: getattr(enquiry, name) for name in TYPED} == TYPED
    assert (enquiry.state, enquiry.language) == (EnquiryState.OPEN, "vi")
    assert enquiry.reference in page.text


def test_the_mail_that_confirms_says_nothing_that_was_typed(client):
    send(client, name="Nhận thưởng tại evil.example", message="Bấm vào evil.example")
    send_due_notices()

    assert "evil.example" not in mail.outbox[0].subject + mail.outbox[0].body
    assert mail.outbox[0].body.startswith("Xin chào,")


def test_a_program_that_opens_the_link_confirms_nothing(client):
    enquiry = make_enquiry(confirmed=False)
    address = reverse("confirm_enquiry", args=[CONFIRMING.sign(enquiry.public_id)])

    for method in (client.get, client.head, client.options):
        assert TYPED["message"] not in method(address).text

    enquiry.refresh_from_db()
    assert enquiry.state == EnquiryState.UNCONFIRMED


def test_confirming_twice_is_as_once(client):
    enquiry = make_enquiry(confirmed=False)
    address = reverse("confirm_enquiry", args=[CONFIRMING.sign(enquiry.public_id)])

    assert [client.post(address).status_code for _ in range(2)] == [200, 200]
    assert enquiry.history.filter(history_change_reason="confirmed").count() == 1


@pytest.mark.parametrize("settle", [dismiss_enquiry, settle_by_phone])
def test_who_confirms_what_is_closed_is_promised_no_mail(settle, client):
    enquiry = make_enquiry(confirmed=False)
    address = reverse("confirm_enquiry", args=[CONFIRMING.sign(enquiry.public_id)])
    settle(enquiry, by=make_staff(COMPLAINT_OFFICER))

    page = client.post(address, headers={"accept-language": "en"})

    assert "We answer by mail" not in page.text
    assert f"Your message with the reference {enquiry.reference} is closed already" in page.text


@pytest.mark.parametrize("end", ["x", ".forged", ""])
def test_a_link_that_was_not_mailed_confirms_nothing(end, client):
    enquiry = make_enquiry(confirmed=False)
    token = f"{enquiry.public_id}{end}"

    page = client.post(reverse("confirm_enquiry", args=[token]))

    assert page.status_code == 404
    enquiry.refresh_from_db()
    assert enquiry.state == EnquiryState.UNCONFIRMED


def test_the_link_of_an_erased_message_says_so(client):
    page = client.post(reverse("confirm_enquiry", args=[CONFIRMING.sign(new_public_id())]))

    assert page.status_code == 404
    assert reverse("enquiry") in page.text


def test_nobody_gets_an_account_or_a_cookie_by_asking(client):
    make_customer(email="thao@example.com")
    people = (User.objects.count(), Customer.objects.count())

    cookies = [
        client.get(reverse("enquiry")).cookies,
        send(client).cookies,
        client.get(reverse("enquiry_sent")).cookies,
    ]

    assert (User.objects.count(), Customer.objects.count()) == people
    assert not any(cookies)


def test_a_browser_without_cookies_can_ask_and_confirm():
    strict = Client(enforce_csrf_checks=True)

    assert send(strict).status_code == 302
    send_due_notices()
    assert strict.post(link_in(mail.outbox[0])).status_code == 200


def test_a_customer_may_ask_too_and_the_message_is_not_tied_to_them(client):
    customer = make_customer(email=TYPED["email"])
    client.force_login(customer.user)

    assert send(client).status_code == 302
    assert customer.public_id not in str(Enquiry.objects.values().get())


def test_what_was_typed_is_sealed_in_the_database(client):
    send(client)
    make_enquiry()

    with connection.cursor() as cursor:
        for table in ("enquiries_enquiry", "enquiries_historicalenquiry", "notices_notice"):
            cursor.execute(f"SELECT string_agg(t::text, '') FROM {table} AS t")
            text = cursor.fetchone()[0]
            assert text
            assert [value for value in TYPED.values() if value in text] == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "a\0b"),
        ("name", "x" * 101),
        ("name", "\u200b\u2066"),
        ("email", ""),
        ("email", "ａlice@x.vn"),
        ("email", "ali\u200bce@x.vn"),
        ("email", "alıce@x.vn"),
        ("email", '"a b"@x.vn'),
        ("email", "alice@x.vn,bob@x.vn"),
        ("email", "alice@x.vn\nBcc: z@x.vn"),
        ("email", "alice@[127.0.0.1]"),
        ("email", "alice@localhost"),
        ("email", f"{'x' * 250}@x.vn"),
        ("phone", "12"),
        ("phone", "not a number"),
        ("message", ""),
        ("message", " \n "),
        ("message", "a\0b"),
        ("message", "x" * (LONGEST_MESSAGE + 1)),
        ("submission", "forged"),
    ],
)
def test_nonsense_is_refused_in_words_and_nothing_typed_is_lost(field, value, client):
    typed = {**TYPED, field: value}

    page = send(client, **typed)

    form = page.context["form"]
    assert (page.status_code, set(form.errors)) == (200, {field})
    assert not Enquiry.objects.exists()
    assert {each: form[each].value() for each in TYPED} == {each: typed[each] for each in TYPED}


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "{{7*7}} ${7*7} {% now 'Y' %}",
        "javascript:alert(1)",
        "'; DROP TABLE enquiries_enquiry;--",
        "<" * LONGEST_MESSAGE,
        "A\u0301\u0302\u0303" * 40,
    ],
)
def test_odd_text_is_kept_as_text(text, client):
    assert send(client, message=text, name=text[:60]).status_code == 302

    enquiry = Enquiry.objects.get()
    assert enquiry.message == text


def test_what_the_form_does_not_ask_for_is_not_taken(client):
    send(client, state="answered", closed_at="2000-01-01", public_id="0" * 32, answer="x")

    enquiry = Enquiry.objects.get()
    assert (enquiry.state, enquiry.answer, enquiry.closed_at) == ("unconfirmed", "", None)
    assert enquiry.public_id != "0" * 32


def test_a_card_number_is_masked_and_the_sender_told(client):
    page = client.post(
        reverse("enquiry"),
        {**TYPED, "submission": new_public_id(), "message": "Thẻ 4111 1111 1111 1111 bị trừ tiền"},
        follow=True,
    )

    assert Enquiry.objects.get().message == f"Thẻ {MASKED} bị trừ tiền"
    assert "thẻ" in page.text


def test_the_trap_catches_programs_and_a_person_loses_nothing(client):
    page = send(client, **{TRAP: "http://spam.example"})

    assert not Enquiry.objects.exists()
    assert TYPED["message"] in page.text
    assert "spam.example" not in page.text


def test_a_form_sent_twice_makes_one_enquiry_and_one_mail(client):
    submission = new_public_id()
    send(client, submission=submission)
    send(client, submission=submission)

    assert (Enquiry.objects.count(), Notice.objects.count()) == (1, 1)


def test_a_form_sent_again_with_other_words_makes_another(client):
    submission = new_public_id()
    send(client, submission=submission)
    send(client, submission=submission, message="Và địa chỉ của tôi?")

    assert {each.message for each in Enquiry.objects.all()} == {
        TYPED["message"],
        "Và địa chỉ của tôi?",
    }


def test_a_form_sent_twice_at_once_makes_one_enquiry(portal):
    submission = new_public_id()

    made = at_once(*[lambda: make_enquiry(submission=submission, confirmed=False)] * 4)

    assert len({enquiry.pk for enquiry in made}) == Enquiry.objects.count() == 1


def test_a_flood_is_stopped_and_nothing_typed_is_lost(client):
    answers = [send(client, email=f"a{n}@example.com") for n in range(6)]

    assert [answer.status_code for answer in answers] == [302] * 5 + [429]
    assert TYPED["message"] in answers[-1].text
    assert Enquiry.objects.count() == 5


def test_one_address_is_not_flooded_with_mails_from_many(client):
    answers = [
        client.post(
            reverse("enquiry"),
            {**TYPED, "submission": new_public_id()},
            REMOTE_ADDR=f"203.0.113.{n}",
        )
        for n in range(4)
    ]

    assert [answer.status_code for answer in answers] == [302] * 3 + [429]


def test_a_known_address_gets_the_same_answer(client):
    make_customer(email="known@example.com")

    known = send(client, email="known@example.com")
    other = send(client, email="other@example.com")

    assert (known.status_code, known.url) == (other.status_code, other.url)


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_form_reads_in_both_languages(language, client):
    client.cookies["django_language"] = language

    page = client.get(reverse("enquiry")).text

    assert f'<html lang="{language}">' in page


@pytest.mark.parametrize("name", ["home", "policy"])
def test_every_page_leads_to_the_form(name, client):
    assert f'href="{reverse("enquiry")}"' in client.get(reverse(name)).text
