"""The answer as a letter, and what its customer says to it."""

import pytest
from django.core import mail
from django.urls import reverse

from access.models import AccessAction, AccessRecord
from casework.models import Clock
from casework.services import add_note, assign_case
from complaints.models import Complaint, ComplaintState, Side
from complaints.services import (
    WORK,
    decide_anew,
    decide_complaint,
    escalate_complaint,
    settle_escalation,
)
from notices.services import send_due_notices
from policies.models import Company, StaffAccessMode
from privacyportal.roles import AUDITOR, COMPLAINT_OFFICER
from tests.clients import PortalClient
from tests.factories import WHOLE_ANSWER, answer, decide, make_complaint, make_customer, make_staff
from tests.papers import text_of

pytestmark = pytest.mark.django_db

READ = [text for name, text in WHOLE_ANSWER.items() if name != "lesson"]
LESSON = "Bài học nội bộ."


@pytest.fixture
def officer():
    return make_staff(COMPLAINT_OFFICER)


@pytest.fixture
def complaint(client, officer):
    """An answered one, with its customer signed in."""
    customer = make_customer(full_name="Trần Thị Huế")
    client.force_login(customer.user)
    complaint = decide(make_complaint(customer=customer), by=officer)
    answer(complaint, by=officer, lesson=LESSON)
    return complaint


def at(page, complaint):
    return reverse(page, args=[complaint.public_id])


def test_the_answer_is_a_letter_without_the_lesson(client, complaint):
    page = client.get(complaint.get_absolute_url()).text

    assert [text for text in READ if text not in page] == []
    assert "Kính gửi Trần Thị Huế," in page
    assert "đúng hạn" in page
    assert LESSON not in page


def test_before_it_is_decided_nothing_of_it_is_shown(client, officer):
    customer = make_customer()
    client.force_login(customer.user)
    complaint = make_complaint(customer=customer, cause="cause.", finding="finding.")

    assert "finding." not in client.get(complaint.get_absolute_url()).text
    assert client.get(at("complaint_letter", complaint)).status_code == 404
    assert client.get(at("complaint_letter_pdf", complaint)).status_code == 404


def test_a_decision_is_shown_before_the_answer_and_not_while_it_is_thought_over(client, officer):
    customer = make_customer()
    client.force_login(customer.user)
    complaint = decide(make_complaint(customer=customer), by=officer)

    told = client.get(complaint.get_absolute_url()).text
    decide_anew(complaint, reason="Chưa đủ", by=officer)
    again = client.get(complaint.get_absolute_url()).text

    assert ("finding." in told, "finding." in again) == (True, False)


def test_a_refusal_is_shown_once_a_second_person_agreed(client, officer):
    customer = make_customer()
    client.force_login(customer.user)
    complaint = decide(make_complaint(customer=customer), by=officer, outcome="not_upheld")
    answer(complaint, by=officer)
    assert complaint.state == ComplaintState.REFUSAL

    page = client.get(complaint.get_absolute_url()).text

    assert "solution." not in page
    assert client.get(at("complaint_letter_pdf", complaint)).status_code == 404


@pytest.mark.parametrize(
    ("language", "title"), [("vi", "Trả lời khiếu nại"), ("en", "Answer to your complaint")]
)
def test_the_letter_is_printed_in_either_language(client, complaint, language, title):
    text = text_of(
        client.get(at("complaint_letter_pdf", complaint), {"language": language}).content
    )
    page = client.get(at("complaint_letter", complaint), {"language": language}).text

    for shown in (text, page):
        assert title in shown
        assert complaint.reference in shown
        assert [part for part in READ if part not in shown] == []
        assert LESSON not in shown


def test_the_desk_names_nobody_in_a_letter_where_customers_are_asked_first(complaint):
    desk, name = PortalClient(), complaint.customer.full_name
    desk.force_login(make_staff(COMPLAINT_OFFICER))

    def is_named():
        pages = f"/admin/complaints/complaint/{complaint.pk}/"
        paper = desk.get(f"{pages}letter_pdf/", {"language": "en"})
        return name in desk.get(f"{pages}letter/").text, name in text_of(paper.content)

    before = is_named()
    Company.objects.update(staff_access_mode=StaffAccessMode.APPROVAL)

    assert (before, is_named()) == ((True, True), (False, False))


def test_a_missed_day_is_said_in_the_letter(client, complaint):
    Clock.objects.update(late_from="2020-01-01T00:00:00+07:00", last_day="2019-12-31")

    assert "trễ hạn" in client.get(complaint.get_absolute_url()).text


def test_the_mail_leads_to_the_answer(client, complaint):
    send_due_notices()

    body = mail.outbox[-1].body
    assert f"http://testserver{complaint.get_absolute_url()}" in body
    assert "đăng nhập" in body


def test_the_customer_agrees_once(client, complaint):
    for _ in range(2):
        client.post(at("agree_complaint", complaint))

    complaint.refresh_from_db()
    assert complaint.agreed_at is not None
    assert complaint.events.filter(code="agreed").count() == 1
    assert (
        reverse("agree_complaint", args=[complaint.public_id])
        not in client.get(complaint.get_absolute_url()).text
    )


def test_the_customer_disagrees_once_with_a_reason(client, complaint, officer):
    client.post(at("disagree_complaint", complaint), {"disagree-reason": "Vẫn còn tin nhắn."})

    complaint.refresh_from_db()
    assert (complaint.state, complaint.handler) == (ComplaintState.VERIFYING, None)
    page = client.get(complaint.get_absolute_url())
    assert "Vẫn còn tin nhắn." in page.text
    assert "Bạn đã báo không đồng ý với trả lời này" in page.text
    assert "chờ người không tham gia" in page.text
    assert page.context["disagree_form"] is None

    second = make_staff(COMPLAINT_OFFICER)
    complaint = Complaint.objects.get()
    assign_case(complaint, handler=second, by=second, permission=WORK)
    assert "đang xem xét lại" in client.get(complaint.get_absolute_url()).text
    decide_and_answer(complaint, second)
    page = client.get(complaint.get_absolute_url())
    assert page.context["disagree_form"] is None
    client.post(at("disagree_complaint", complaint), {"disagree-reason": "Lần hai."})
    complaint.refresh_from_db()
    assert complaint.state == ComplaintState.RESOLVED


def decide_and_answer(complaint, officer):
    decide_complaint(complaint, outcome="upheld", cause="c2.", finding="f2.", by=officer)
    answer(complaint, by=officer)


def test_without_a_reason_nothing_is_opened_again(client, complaint):
    page = client.post(at("disagree_complaint", complaint), {"disagree-reason": ""})

    assert page.context["disagree_form"].errors
    complaint.refresh_from_db()
    assert complaint.state == ComplaintState.RESOLVED


def test_the_customer_takes_it_to_an_authority_and_reads_what_it_decides(
    client, complaint, officer
):
    client.post(
        at("escalate_complaint", complaint),
        {"authority-authority": "Cục A05", "authority-reference": "12/ĐN"},
    )

    complaint.refresh_from_db()
    assert (complaint.state, complaint.escalated_by, complaint.authority) == (
        ComplaintState.ESCALATED,
        "customer",
        "Cục A05",
    )
    page = client.get(complaint.get_absolute_url()).text
    assert [text for text in ("Cục A05", "12/ĐN", "solution.") if text not in page] == []
    settle_escalation(complaint, decision="Giữ nguyên kết luận.", by=officer)
    assert "Giữ nguyên kết luận." in client.get(complaint.get_absolute_url()).text
    assert "Giữ nguyên" not in client.get(at("complaint_letter", complaint)).text  # of before


def test_the_letter_holds_what_an_authority_decided_before_it(client, officer):
    customer = make_customer()
    client.force_login(customer.user)
    complaint = make_complaint(customer=customer)
    going = {"side": Side.COMPANY, "authority": "Cục A05", "by": officer}
    escalate_complaint(complaint, **going)
    settle_escalation(complaint, decision="Phải trả lời.", by=officer)
    decide_complaint(complaint, outcome="upheld", cause="c", finding="f", by=officer)
    answer(complaint, by=officer)
    escalate_complaint(complaint, **going)
    settle_escalation(complaint, decision="Giữ nguyên.", by=officer)

    letter = client.get(at("complaint_letter", complaint)).text

    assert ("Phải trả lời." in letter, "Giữ nguyên." in letter) == (True, False)


def test_the_file_holds_all_that_the_customer_knows_and_no_more(client, complaint, officer):
    add_note(complaint, text="Ghi chú nội bộ", by=officer)

    text = text_of(client.get(at("complaint_file_pdf", complaint), {"language": "vi"}).content)

    expected = [complaint.reference, complaint.text, "Trần Thị Huế", "Ngày cuối cùng", *READ]
    assert [part for part in expected if part not in text] == []
    assert "Ghi chú nội bộ" not in text
    assert LESSON not in text


def test_the_file_takes_any_letters(client):
    customer = make_customer()
    client.force_login(customer.user)
    complaint = make_complaint(customer=customer, text="日本🙂 " + "dài " * 2_400)

    assert client.get(at("complaint_file_pdf", complaint)).content.startswith(b"%PDF")


@pytest.mark.parametrize(
    "paper", ["complaint_letter", "complaint_letter_pdf", "complaint_file_pdf"]
)
def test_the_papers_of_another_customer_are_not_there(client, complaint, paper):
    client.force_login(make_customer().user)

    assert client.get(at(paper, complaint)).status_code == 404


# The officer


def desk(complaint, step):
    return reverse(f"admin:complaints_complaint_{step}", args=[complaint.pk])


def test_an_officer_sees_the_letter_in_both_languages_before_it_goes(client, officer):
    complaint = decide(make_complaint(), by=officer)
    client.force_login(officer)

    typed = {**WHOLE_ANSWER, "solution": "Đã xóa số."}

    page = client.post(desk(complaint, "resolve"), typed).text

    shown = [page.count(text) for text in ("Đã xóa số.", "remedy.", "lesson.")]
    assert shown == [3, 3, 1]  # in both letters, and once to be changed
    assert ("Trả lời khiếu nại" in page, "Answer to your complaint" in page) == (True, True)
    complaint.refresh_from_db()
    assert (complaint.solution, complaint.state) == ("", ComplaintState.MEASURES)
    assert AccessRecord.objects.get().action == AccessAction.OPEN

    client.post(desk(complaint, "resolve"), {**typed, "send": 1})
    complaint.refresh_from_db()
    assert (complaint.solution, complaint.state) == ("Đã xóa số.", ComplaintState.RESOLVED)


def test_an_officers_download_is_recorded(complaint, officer):
    client = PortalClient()
    client.force_login(officer)

    text = text_of(client.get(desk(complaint, "letter_pdf"), {"language": "en"}).content)

    assert "Answer to your complaint" in text
    record = AccessRecord.objects.get()
    assert (record.action, record.customer, record.case_reference) == (
        AccessAction.PRINT,
        complaint.customer.public_id,
        complaint.reference,
    )


def test_nobody_who_may_not_read_complaints_gets_the_letter(complaint):
    client = PortalClient()
    client.force_login(make_staff(AUDITOR))

    answers = [client.get(desk(complaint, step)).status_code for step in ("letter", "letter_pdf")]

    assert answers == [403, 403]
    assert not AccessRecord.objects.exists()
