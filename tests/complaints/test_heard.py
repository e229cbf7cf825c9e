"""What customers without a sign-in say by letter or phone, written down by staff."""

from datetime import timedelta

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from casework.models import ANSWERED, ConflictCause
from casework.services import exclude_staff, write_as_customer, write_to_customer
from complaints.letters import compose_letter
from complaints.models import ComplaintState
from complaints.services import AGREED, DISAGREED
from notices.models import Notice
from privacyportal.roles import COMPLAINT_OFFICER
from tests.evidence_files import picture
from tests.factories import (
    answer,
    content_of,
    decide,
    make_complaint,
    make_customer,
    make_staff,
)

HEARD = ("hear_reply", "hear_agreement", "hear_disagreement", "withdraw")


@pytest.fixture
def officer(client, db):
    user = make_staff(COMPLAINT_OFFICER, staff_name="Nguyễn Thị Hạnh")
    client.force_login(user)
    client.cookies["django_language"] = "en"
    return user


@pytest.fixture
def colleague(db):
    return make_staff(COMPLAINT_OFFICER)


def at_the_hour(days_ago):
    now = timezone.localtime().replace(second=0, microsecond=0)
    return now - timedelta(days=days_ago)


def on(days_ago):
    return time_machine.travel(at_the_hour(days_ago), tick=False)


def by_letter(**kwargs):
    kwargs.setdefault("customer", make_customer(user=None, email=""))
    with on(9):
        return make_complaint(channel="post", **kwargs)


def answered(by, **kwargs):
    complaint = by_letter(**kwargs)
    with on(6):
        decide(complaint, by=by)
        answer(complaint, by=by)
    return complaint


def page_of(complaint, step="change"):
    return f"/admin/complaints/complaint/{complaint.pk}/{step}/"


def came(days_ago, channel="post", **typed):
    return {
        "channel": channel,
        "received_at": f"{at_the_hour(days_ago):%Y-%m-%dT%H:%M}",
        **typed,
    }


def offered(client, complaint):
    page = client.get(page_of(complaint)).text
    return [step for step in HEARD if f'action="{page_of(complaint, step)}"' in page]


def test_a_reply_by_letter_ends_the_pause_when_it_came(client, officer):
    by_post, signed_in = by_letter(handler=officer), by_letter(customer=make_customer())
    with on(8):
        for complaint in (by_post, signed_in):
            write_to_customer(complaint, text="Số nào gửi?", by=officer, is_question=True)
    with on(4):
        write_as_customer(signed_in, text="0901 234 567", by=signed_in.customer.user)
    assert [offered(client, each) for each in (by_post, signed_in)] == [
        ["hear_reply", "withdraw"],
        [],
    ]

    client.post(page_of(by_post, "hear_reply"), came(4, text="0901 234 567"))

    by_post.refresh_from_db()
    message, event = by_post.messages.last(), by_post.events.get(code=ANSWERED)
    days = [[clock.last_day for clock in each.clocks.all()] for each in (by_post, signed_in)]
    assert days[0] == days[1]
    assert by_post.waiting_since is None
    assert (message.from_customer, message.text, message.by) == (True, "0901 234 567", officer)
    assert (event.code, event.details, event.by) == (ANSWERED, {"channel": "post"}, officer)
    assert event.at == message.at == at_the_hour(4)
    assert "customer answered (post)" in client.get(page_of(by_post)).text
    assert not Notice.objects.filter(template="case_customer_wrote").exists()  # who wrote it down


def test_scans_that_come_later_are_kept_with_what_they_came_with(client, officer):
    complaint = by_letter()
    page = client.get(page_of(complaint)).text
    assert f'action="{page_of(complaint, "hear_reply")}" enctype="multipart/form-data"' in page

    scan = picture("PNG") + bytes(6_000_000)  # more than a form without files may bring
    upload = SimpleUploadedFile("thư.png", scan, "image/png")
    client.post(page_of(complaint, "hear_reply"), came(4, text="Kèm ảnh.", evidence=upload))
    stale = SimpleUploadedFile("thư.png", picture("PNG"), "image/png")
    sent = came(4, text="Lần nữa.", evidence=stale, seen=0)
    refused = client.post(page_of(complaint, "hear_reply"), sent).text

    evidence = complaint.evidence.get()
    assert content_of(evidence).startswith(b"\x89PNG")
    assert evidence.history.get().history_user == officer
    assert "While you were writing" in refused
    assert complaint.messages.get().text == "Kèm ảnh."


def test_a_letter_that_crossed_with_the_question_does_not_answer_it(client, officer):
    complaint = by_letter()
    with on(5):
        write_to_customer(complaint, text="Số nào gửi?", by=officer, is_question=True)

    client.post(page_of(complaint, "hear_reply"), came(7, text="Tôi gửi thêm ảnh."))

    complaint.refresh_from_db()
    assert (complaint.messages.last().text, complaint.events.last().code) == (
        "Tôi gửi thêm ảnh.",
        "wrote",
    )
    assert complaint.waiting_since is not None


def test_agreement_and_disagreement_are_noted_with_channel_and_day(client, officer, colleague):
    content, other = answered(colleague), answered(colleague)
    assert offered(client, content) == ["hear_agreement", "hear_disagreement"]

    client.post(page_of(content, "hear_agreement"), came(2, "phone"))
    client.post(page_of(other, "hear_disagreement"), came(2, "counter", reason="Chưa xóa."))

    content.refresh_from_db()
    other.refresh_from_db()
    agreed, disagreed = content.events.get(code=AGREED), other.events.get(code=DISAGREED)
    assert (content.agreed_at, agreed.at, agreed.by) == (at_the_hour(2), at_the_hour(2), officer)
    assert (agreed.details, disagreed.details) == ({"channel": "phone"}, {"channel": "counter"})
    assert (other.state, other.disagreed_at) == (ComplaintState.VERIFYING, at_the_hour(2))
    assert other.conflicts.get().staff == colleague
    assert other.messages.get().text == "Chưa xóa."
    assert offered(client, content) == ["hear_disagreement"]


def test_a_withdrawal_is_noted_with_channel_day_and_reason(client, officer):
    complaint, hasty = by_letter(), by_letter()

    client.post(page_of(complaint, "withdraw"), came(2, reason="Đã tự giải quyết."))
    client.post(page_of(hasty, "withdraw"), {})

    complaint.refresh_from_db()
    hasty.refresh_from_db()
    event, note = complaint.events.get(code="withdrawn"), complaint.notes.get()
    assert (complaint.state, hasty.state) == (ComplaintState.WITHDRAWN, ComplaintState.RECEIVED)
    assert (event.by, event.at, event.details) == (officer, at_the_hour(2), {"channel": "post"})
    assert (note.about, note.text, note.by) == ("withdrawn", "Đã tự giải quyết.", officer)
    assert complaint.closed_at > at_the_hour(1)  # nothing is closed in the past


def test_who_signs_in_withdraws_alone_and_no_refusal_is_ended_by_who_proposed_it(
    client, officer, colleague
):
    refused, signed_in = by_letter(), by_letter(customer=make_customer())
    answer(decide(refused, by=officer, outcome="not_upheld"), by=officer)

    told = [
        client.post(page_of(each, "withdraw"), came(2, reason="Thôi.")).text
        for each in (refused, signed_in)
    ]

    assert "A second person decides" in told[0]
    assert "withdraws it in the account" in told[1]
    for each in (refused, signed_in):
        each.refresh_from_db()
        assert (each.is_open, each.notes.count()) == (True, 0)

    client.force_login(colleague)
    client.post(page_of(refused, "withdraw"), came(2, reason="Thôi."))
    refused.refresh_from_db()
    assert refused.state == ComplaintState.WITHDRAWN


@pytest.mark.parametrize(("step", "days_ago"), [("hear_agreement", 8), ("hear_agreement", -1)])
def test_nobody_agreed_before_the_answer_nor_will(step, days_ago, client, officer):
    complaint = answered(officer)

    page = client.post(page_of(complaint, step), came(days_ago)).text

    complaint.refresh_from_db()
    assert "It cannot have come before" in page
    assert complaint.agreed_at is None
    assert not complaint.events.filter(code=AGREED).exists()


def test_who_has_an_interest_of_their_own_writes_nothing_down(client, officer, colleague):
    complaint = answered(colleague)
    exclude_staff(complaint, officer, cause=ConflictCause.DECIDED)

    page = client.post(page_of(complaint, "hear_agreement"), came(2)).text

    complaint.refresh_from_db()
    assert "conflict of interest" in page
    assert complaint.agreed_at is None


def test_the_letter_promises_what_is_possible(officer):
    closed = answered(officer, customer=make_customer(closed_days_ago=30))
    signed_in, by_post = answered(officer, customer=make_customer()), answered(officer)
    letters = [
        compose_letter(each, "en", at=each.answered_at).rights
        for each in (signed_in, by_post, closed)
    ]

    assert ["If you disagree" in letter for letter in letters] == [True, True, False]
    assert ["by letter, by phone" in letter for letter in letters] == [False, True, False]
