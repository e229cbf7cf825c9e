"""What a customer and the company write to each other on the page of a complaint."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from casework.services import add_note, write_to_customer
from complaints.links import token_of
from complaints.models import Complaint, Identity
from complaints.services import withdraw_complaint
from complaints.views import MESSAGES_AN_HOUR
from notices.models import Notice
from privacyportal.roles import COMPLAINT_OFFICER
from tests.clients import PortalClient
from tests.factories import make_complaint, make_customer, make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def officer():
    return make_staff(COMPLAINT_OFFICER, staff_name="Lê Văn Tám")


@pytest.fixture
def complaint(client):
    customer = make_customer()
    client.force_login(customer.user)
    return make_complaint(customer=customer)


def page_of(client, complaint) -> str:
    return client.get(complaint.get_absolute_url()).text


def write(client, complaint, **typed):
    return client.post(reverse("write_complaint", args=[complaint.public_id]), typed)


def test_the_page_shows_what_was_written_both_ways_in_its_order(client, complaint, officer):
    write_to_customer(complaint, text="Bạn nhận tin lúc nào?", by=officer, is_question=True)
    write(client, complaint, text="Tối qua, <b>lúc 20 giờ</b>.")

    page = page_of(client, complaint)

    asked, said = page.index("Bạn nhận tin lúc nào?"), page.index("Tối qua, &lt;b&gt;lúc 20 giờ")
    assert asked < said
    assert "Lê Văn Tám" not in page
    assert complaint.messages.filter(from_customer=True).get().by == complaint.customer.user


def test_a_question_stands_above_and_its_answer_lets_the_clock_run_on(client, complaint, officer):
    write_to_customer(complaint, text="Số nào gửi?", by=officer, is_question=True)
    complaint.refresh_from_db()
    waiting = page_of(client, complaint)

    write(client, complaint, text="0901 234 567")

    complaint.refresh_from_db()
    assert ("Chúng tôi cần bạn trả lời" in waiting, "Thời hạn tạm dừng từ" in waiting) == (
        True,
        True,
    )
    assert complaint.waiting_since is None
    page = page_of(client, complaint)
    assert "Chúng tôi cần bạn trả lời" not in page
    assert "tạm dừng" not in page


def test_nothing_internal_is_on_the_page(client, complaint, officer):
    add_note(complaint, text="Nghi ngờ khách", by=officer)
    complaint.severity, complaint.lesson = "high", "Bài học nội bộ"
    complaint.save()

    page = page_of(client, complaint)

    assert "Nghi ngờ khách" not in page
    assert "Bài học nội bộ" not in page


def test_files_come_with_a_message(client, complaint):
    letter = SimpleUploadedFile("thư.pdf", b"%PDF-1.4 a letter")

    write(client, complaint, text="Đây là thư.", evidence=[letter])

    assert [row.name for row in complaint.evidence.all()] == ["thư.pdf"]
    assert "thư.pdf" in page_of(client, complaint)


def test_an_empty_message_comes_back_and_nothing_is_written(client, complaint):
    page = write(client, complaint, text=" ")

    assert page.context["message_form"].errors
    assert not complaint.messages.exists()


def test_the_handler_hears_of_it(client, complaint, officer):
    Complaint.objects.update(handler=officer)

    write(client, complaint, text="Thêm thông tin.")

    assert Notice.objects.get(template="case_customer_wrote").recipient == officer.public_id


def test_the_handler_hears_once_of_what_waits_for_them(client, complaint, officer):
    Complaint.objects.update(handler=officer)
    told = Notice.objects.filter(template="case_customer_wrote", recipient=officer.public_id)

    for text in ("Một.", "Hai."):
        write(client, complaint, text=text)
    assert told.count() == 1

    write_to_customer(complaint, text="Cảm ơn bạn.", by=officer)
    write(client, complaint, text="Ba.")
    assert told.count() == 2


def test_many_messages_wait_whichever_door_they_come_by(client, complaint):
    for number in range(MESSAGES_AN_HOUR):
        write(client, complaint, text=f"Tin {number}.")
    Complaint.objects.update(identity=Identity.ADDRESS)  # such a one has a link too
    by_link = reverse("followed_write_complaint", args=[token_of(complaint)])

    for refused in (
        write(client, complaint, text="Tin nữa."),
        PortalClient().post(by_link, {"text": "Tin nữa."}),
    ):
        assert refused.status_code == 429
        assert "Bạn đã gửi nhiều tin nhắn trong một giờ" in refused.text
        assert refused.context["message_form"]["text"].value() == "Tin nữa."
    assert complaint.messages.count() == MESSAGES_AN_HOUR


def test_to_a_closed_complaint_nothing_is_written(client):
    customer = make_customer()
    client.force_login(customer.user)
    complaint = make_complaint(customer=customer)
    withdraw_complaint(complaint, by=customer.user)

    page = client.get(complaint.get_absolute_url())
    write(client, complaint, text="Còn một việc.")

    assert page.context["message_form"] is None
    assert not complaint.messages.exists()


def test_nobody_writes_to_the_complaint_of_another(client, complaint):
    other = make_complaint()

    assert write(client, other, text="Xin chào").status_code == 404
    assert not other.messages.exists()


def test_an_opened_address_of_a_form_leads_to_the_complaint(client, complaint):
    address = reverse("write_complaint", args=[complaint.public_id])

    assert client.get(address).url == complaint.get_absolute_url()
