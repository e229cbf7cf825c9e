"""Enquiries on the desk: masked in lists, each look recorded, answered by officers alone."""

import pytest
from django.urls import reverse

from access.models import AccessAction, AccessRecord
from access.purposes import ENQUIRY_HANDLING
from enquiries.models import Enquiry, EnquiryState, ErasedEnquiries
from notices.models import Notice
from privacyportal.roles import ADMINISTRATOR, AUDITOR
from tests.enquiries.conftest import TYPED, make_enquiry
from tests.factories import make_staff

pytestmark = pytest.mark.django_db

LIST = "/admin/enquiries/enquiry/"


def page_of(enquiry, step="change"):
    return reverse(f"admin:enquiries_enquiry_{step}", args=[enquiry.pk])


def test_the_list_shows_masks_only_and_is_recorded(client, officer):
    make_enquiry()

    page = client.get(LIST).text

    assert [value for value in TYPED.values() if value in page] == []
    assert ("N. T." in page, "t•••@example.com" in page) == (True, True)
    record = AccessRecord.objects.get()
    assert (record.action, record.purpose, record.count) == (
        AccessAction.LIST,
        ENQUIRY_HANDLING,
        1,
    )
    assert record.field_groups == ["enquiry"]


def test_the_queue_holds_what_is_to_be_answered(client, officer):
    mine = make_enquiry()
    unconfirmed = make_enquiry(confirmed=False)

    assert mine.reference in client.get(LIST).text
    assert unconfirmed.reference not in client.get(LIST).text
    page = client.get(f"{LIST}?queue=unconfirmed").text
    assert unconfirmed.reference in page
    assert "address not confirmed" in page


@pytest.mark.parametrize("term", ["thao@example.com", " THAO@example.com", "reference"])
def test_an_enquiry_is_found_by_its_whole_address_or_reference(term, client, officer):
    enquiry = make_enquiry(confirmed=False)
    make_enquiry(email="other@example.com")

    page = client.post(LIST, {"q": enquiry.reference.lower() if term == "reference" else term})

    assert [row.pk for row in page.context_data["cl"].result_list] == [enquiry.pk]
    assert AccessRecord.objects.get().customer == enquiry.public_id


@pytest.mark.parametrize("term", ["thao", "example.com", "HD-", "Ngô"])
def test_nobody_is_found_by_a_part(term, client, officer):
    make_enquiry()

    assert not client.post(LIST, {"q": term}).context_data["cl"].result_list


def test_opening_is_recorded_and_even_then_the_address_stays_masked(client, officer):
    enquiry = make_enquiry()

    page = client.get(page_of(enquiry)).text

    assert all(TYPED[name] in page for name in ("name", "phone", "message"))
    assert TYPED["email"] not in page
    record = AccessRecord.objects.get()
    assert (record.action, record.customer, record.case_reference) == (
        AccessAction.OPEN,
        enquiry.public_id,
        enquiry.reference,
    )


def test_an_officer_answers_by_mail(client, officer):
    enquiry = make_enquiry()

    answer = client.post(page_of(enquiry, "answer"), {"answer": "Một năm.", "is_complaint": "on"})

    enquiry.refresh_from_db()
    assert answer.url == page_of(enquiry)
    assert (enquiry.state, enquiry.answer, enquiry.is_complaint, enquiry.closed_by) == (
        EnquiryState.ANSWERED,
        "Một năm.",
        True,
        officer,
    )
    assert enquiry.history.first().history_user == officer
    assert "Một năm." in client.get(page_of(enquiry)).text


def test_an_empty_answer_comes_back(client, officer):
    enquiry = make_enquiry()

    page = client.post(page_of(enquiry, "answer"), {"answer": " "})

    assert page.context_data["form"].errors
    assert not Notice.objects.filter(template="enquiry_answered").exists()


def test_what_is_not_confirmed_has_no_form_and_takes_no_answer(client, officer):
    enquiry = make_enquiry(confirmed=False)

    assert page_of(enquiry, "answer") not in client.get(page_of(enquiry)).text
    page = client.post(page_of(enquiry, "answer"), {"answer": "Một năm."})

    enquiry.refresh_from_db()
    assert page.context_data["form"].non_field_errors()
    assert enquiry.state == EnquiryState.UNCONFIRMED


@pytest.mark.parametrize(
    ("step", "state"), [("phoned", EnquiryState.PHONED), ("dismiss", EnquiryState.DISMISSED)]
)
def test_an_officer_closes_without_a_mail(step, state, client, officer):
    enquiry = make_enquiry(confirmed=False)

    client.post(page_of(enquiry, step))

    enquiry.refresh_from_db()
    assert enquiry.state == state
    assert not Notice.objects.filter(template="enquiry_answered").exists()


def test_the_dpo_reads_and_answers_nothing(dpo):
    enquiry = make_enquiry()

    page = dpo.get(page_of(enquiry))
    assert TYPED["message"] in page.text
    assert page_of(enquiry, "answer") not in page.text
    for step in ("answer", "phoned", "dismiss"):
        assert dpo.post(page_of(enquiry, step), {"answer": "x"}).status_code == 403

    enquiry.refresh_from_db()
    assert enquiry.state == EnquiryState.OPEN


@pytest.mark.parametrize("role", [AUDITOR, ADMINISTRATOR])
def test_others_see_no_enquiry(role, client):
    enquiry = make_enquiry()
    client.force_login(make_staff(role))

    for step in ("changelist", "change", "history", "answer"):
        page = client.get(LIST if step == "changelist" else page_of(enquiry, step))
        assert page.status_code == 403
        assert TYPED["message"] not in page.text
    assert not AccessRecord.objects.exists()


def test_the_history_says_who_did_what_and_nothing_that_was_written(client, officer):
    enquiry = make_enquiry()
    client.post(page_of(enquiry, "answer"), {"answer": "Một năm."})

    page = client.get(page_of(enquiry, "history")).text

    assert str(officer) in page
    assert [text for text in (*TYPED.values(), "Một năm.") if text in page] == []


def test_text_with_tags_is_shown_as_text(client, officer):
    enquiry = make_enquiry(message="<script>alert(1)</script>", name="<img src=x>")

    page = client.get(page_of(enquiry)).text

    assert "<script>alert(1)" not in page
    assert "<img src=x>" not in page
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize("rows", [1, 3])
def test_a_longer_list_needs_no_more_queries(rows, client, officer, django_assert_num_queries):
    for _ in range(rows):
        make_enquiry()
    client.get(LIST)

    with django_assert_num_queries(13):
        client.get(LIST)


def test_the_first_page_counts_what_is_to_be_answered(client, officer):
    make_enquiry()
    make_enquiry(confirmed=False)

    figures = client.get("/admin/").context_data["figures"]

    assert [figure.value for figure in figures if str(figure.label).startswith("Enquir")] == [1]


def test_the_dpo_sees_how_many_were_erased(dpo):
    ErasedEnquiries.objects.create(month="2026-10-01", answered=41, dismissed=2)

    assert "41" in dpo.get("/admin/enquiries/erasedenquiries/").text


def test_nobody_adds_changes_or_deletes_one_by_hand(client, officer):
    enquiry = make_enquiry()

    assert client.get("/admin/enquiries/enquiry/add/").status_code == 403
    assert client.post(page_of(enquiry), {"state": "answered"}).status_code == 405
    assert client.post(page_of(enquiry, "delete"), {"post": "yes"}).status_code == 403
    assert Enquiry.objects.get().state == EnquiryState.OPEN
