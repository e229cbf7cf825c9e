"""What a customer writes from the page of a closed account becomes a case before anything goes."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.closed_pages import token_of
from accounts.closing import close_account
from accounts.models import Customer
from casework.reminders import remind_of_deadlines
from common.personal_data import deferrals
from common.tokens import new_public_id
from complaints.exceptions import SenderErased
from complaints.late_messages import file_late_message
from complaints.models import Complaint
from enquiries.clock import tell_of_late_enquiries
from enquiries.models import ClosedSender
from enquiries.senders import note_closed_senders
from enquiries.services import answer_enquiry, confirm_enquiry
from incidents.services import report_unauthorised_use
from notices.models import Notice
from policies.counting import local_day
from policies.loading import load_profile
from policies.retention import rule_after_closing
from privacyportal.roles import COMPLAINT_OFFICER, DPO
from retention import purge
from retention.models import PurgeRun
from tests.enquiries.conftest import make_enquiry
from tests.factories import (
    approve,
    close_in_the_past,
    make_complaint,
    make_customer,
    make_hold,
    make_staff,
)
from tests.threads import at_once

pytestmark = pytest.mark.django_db

ADDRESS = "mai@example.com"


@pytest.fixture
def approved(db):
    return approve(rule_after_closing(timezone.localdate()))


def page_of(customer):
    return reverse("write_from_closed", args=[token_of(customer.public_id)])


def form(text="Xin đừng xóa hóa đơn của tôi.", submission="0" * 32):
    return {"text": text, "submission": submission}


@pytest.mark.parametrize("language", ["vi", "en"])
def test_a_message_becomes_a_case_with_clocks_and_is_confirmed_by_its_reference(client, language):
    client.cookies["django_language"] = language
    customer = make_customer(closed_days_ago=300, full_name="Mai Lan")
    words = {"vi": "Viết cho chúng tôi", "en": "Write to us"}[language]
    shown = reverse("closed_account", args=[token_of(customer.public_id)])
    assert page_of(customer) in client.get(shown).text
    page = client.get(page_of(customer))
    assert words in page.text
    assert not any(word in page.text for word in ("Mai Lan", customer.email))
    assert Complaint.objects.count() == 0  # looking files nothing

    for _ in range(2):  # sent twice, it is one case
        done = client.post(page_of(customer), form(), follow=True)

    case = Complaint.objects.get(customer=customer)
    assert (case.category, case.identity, case.text) == ("other", "address", form()["text"])
    assert case.clocks.count() == 2
    assert case.reference in done.text
    notice = Notice.objects.get(template="complaint_received")
    assert notice.recipient == customer.public_id
    assert client.post(page_of(customer), form(text="")).status_code == 200
    assert Complaint.objects.count() == 1


def test_nobody_floods_the_desk_through_one_link(client):
    customer = make_customer(closed_days_ago=300)

    texts = ("Một.", "Hai.", "Hai.", "Bốn.")
    answers = [client.post(page_of(customer), form(each, new_public_id())) for each in texts]

    assert [each.status_code for each in answers] == [302, 302, 302, 429]
    case = Complaint.objects.get()  # one answer lets the data go
    assert case.text == "Một."
    assert list(case.messages.values_list("text", "from_customer")) == [("Hai.", True)]
    assert case.reference in client.get(answers[2].url).text


def test_of_an_account_that_is_open_again_or_gone_the_status_page_tells(client, approved):
    opened, erased = make_customer(), make_customer(closed_days_ago=400)
    page, other = page_of(opened), page_of(erased)
    purge.purge_closed_accounts()

    assert client.get(page).url == reverse("closed_account", args=[token_of(opened.public_id)])
    kept = client.post(page, form(), headers={"accept-language": "en"})
    assert (kept.status_code, kept.context["form"]["text"].value()) == (409, form()["text"])
    assert "sign in and send it" in kept.text
    emptied = make_customer(email="", user=None, closed_days_ago=300)  # no answer reaches them
    assert client.get(page_of(emptied)).status_code == 302
    assert page_of(emptied) not in client.post(page_of(emptied), form(), follow=True).text
    told = client.post(other, form(), follow=True)

    assert "Chúng tôi không lưu lời nhắn này." in told.text
    assert f"{timezone.localdate():%d/%m/%Y}" in told.text  # the day of the erasure
    assert Complaint.objects.count() == 0
    assert Client().post(reverse("write_from_closed", args=["x:y"]), form()).status_code == 404


def test_what_comes_from_the_address_of_a_closed_account_defers_its_erasure(approved):
    officer = make_staff(COMPLAINT_OFFICER)
    closed = make_customer(email=ADDRESS, closed_days_ago=400)
    make_customer(email="", user=None, closed_days_ago=400)
    make_complaint(customer=make_customer(email="", user=None))
    unproved = make_enquiry(email=ADDRESS, confirmed=False)
    assert not ClosedSender.objects.exists()  # anybody may have typed the address
    enquiry = make_enquiry(email=ADDRESS)
    make_complaint(customer=make_customer(email=ADDRESS, user=None))

    (run,) = purge.purge_closed_accounts()

    assert run.erased == 1
    assert run.deferred == {"open enquiry": 1, "open case of the same address": 1}
    answer_enquiry(enquiry, answer="Có.", is_complaint=False, by=officer)
    Complaint.objects.update(closed_at=timezone.now(), late_from=None, state="withdrawn")
    assert purge.purge_closed_accounts()[0].erased == 1
    assert not Customer.objects.filter(pk=closed.pk).exists()
    assert unproved.state == "unconfirmed"


def test_an_enquiry_that_was_open_at_the_closing_keeps_the_data_too(db):
    load_profile("speedsms")
    customer = make_customer(email=ADDRESS)
    make_enquiry(email="thao@example.com")
    enquiry = make_enquiry(email=ADDRESS)

    close_account(customer, by=customer.user)

    assert list(ClosedSender.objects.values_list("enquiry", "customer")) == [
        (enquiry.pk, customer.pk)
    ]
    assert customer.kept_until == local_day(timezone.now()) + timedelta(days=7)


def test_whoever_has_an_address_is_found_by_an_index(db):
    customer = make_customer(email=ADDRESS)
    enquiry = make_enquiry(email=ADDRESS)
    make_complaint(customer=customer)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO accounts_customer (public_id, full_name, email, phone, phone_hash,"
            " address, language, opened_at, closing_cause, gets_access_mails)"
            " SELECT n, 'x', n || '@example.com', '', '', '', 'vi', now(), '', false"
            " FROM generate_series(1, 3000) AS n"
        )
        cursor.execute("ANALYZE accounts_customer")

    def plans_of(act):
        with CaptureQueriesContext(connection) as asked:
            act()
        with connection.cursor() as cursor:
            for each in asked.captured_queries:
                if each["sql"].startswith("SELECT"):
                    cursor.execute(f"EXPLAIN {each['sql']}")
                    yield " ".join(row for (row,) in cursor.fetchall())

    for act in (
        lambda: note_closed_senders(enquiry),
        lambda: list(deferrals()["open case of the same address"]()),
    ):
        (plan,) = plans_of(act)
        assert "customer_email" in plan
        assert "Seq Scan on accounts_customer" not in plan


def test_a_deferral_is_said_to_the_handler_the_officers_and_the_customer(client):
    officer, dpo = make_staff(COMPLAINT_OFFICER, language="en"), make_staff(DPO, language="en")
    closed = make_customer(email=ADDRESS, closed_days_ago=400)
    own = make_complaint(customer=make_customer(closed_days_ago=400), handler=officer)
    other = make_complaint(customer=make_customer(email=ADDRESS, user=None), handler=officer)
    make_complaint(customer=make_customer(closed_days_ago=300), handler=officer)
    held = make_complaint(customer=make_customer(closed_days_ago=400), handler=officer)
    make_hold(held.customer)
    reported = make_customer()
    report = report_unauthorised_use(reported, origin="staff", by=officer)
    close_in_the_past(reported, 400)
    enquiry = make_enquiry(email=ADDRESS)

    def told(*templates):
        rows = Notice.objects.filter(template__in=templates).order_by("pk")
        return [(row.recipient, row.context) for row in rows]

    for _ in range(2):
        remind_of_deadlines()
        tell_of_late_enquiries()
    to_whom = {
        recipient: {each["reference"] for each in context["cases"]}
        for recipient, context in told("deadlines_keeps")
    }
    assert to_whom == {
        officer.public_id: {own.reference, other.reference},
        dpo.public_id: {report.reference},  # nobody handles it, and the team has no lead
    }
    assert [context["reference"] for _to, context in told("enquiry_keeps")] == [enquiry.reference]
    Customer.objects.filter(kept_until=closed.kept_until).update(
        kept_until=F("kept_until") - timedelta(30)
    )
    assert remind_of_deadlines() == 6  # a day of its own, and after the company's term
    assert {to for to, _cases in told("deadlines_keeps_long")} == {
        officer.public_id,
        dpo.public_id,
    }

    client.cookies["django_language"] = "en"
    client.force_login(officer)
    closed.refresh_from_db()
    last_day = f"Data was kept until {closed.kept_until:%-d %b %Y}"
    assert [
        last_day in client.get(f"/admin/complaints/complaint/{each.pk}/change/").text
        for each in (own, other, held)
    ] == [True, True, False]
    assert last_day in client.get(f"/admin/enquiries/enquiry/{enquiry.pk}/change/").text
    client.force_login(dpo)
    desk = client.get("/admin/").text
    for reason in ("legal+hold", "open+case", "open+enquiry"):
        assert f"?erasure=over&amp;kept_by={reason}" in desk

    def status_of(customer):
        return (
            Client()
            .get(
                reverse("closed_account", args=[token_of(customer.public_id)]),
                headers={"accept-language": "en"},
            )
            .text
        )

    assert "until we have answered what came from your email address" in status_of(closed)
    assert "until your open cases are answered" in status_of(own.customer)
    assert "a legal duty demands it" in status_of(held.customer)


@pytest.mark.parametrize("round_", range(3))
def test_what_comes_during_the_purge_keeps_the_data_or_is_told_that_it_is_gone(portal, round_):
    approve(rule_after_closing(timezone.localdate()))
    writes, asks = (make_customer(closed_days_ago=400) for _ in range(2))
    enquiry = make_enquiry(email=asks.email, confirmed=False)

    _runs, filed, confirmed = at_once(
        purge.purge_closed_accounts,
        lambda: file_late_message(writes.public_id, **form()),
        lambda: confirm_enquiry(enquiry.public_id),
    )
    purge.purge_closed_accounts()

    alive = set(Customer.objects.values_list("pk", flat=True))
    assert isinstance(filed, Complaint if writes.pk in alive else SenderErased)
    assert Complaint.objects.count() == int(writes.pk in alive)
    assert confirmed.state == "open"
    assert ClosedSender.objects.count() == int(asks.pk in alive)
    assert sum(PurgeRun.objects.values_list("failed", flat=True)) == 0
