"""What officers print, and hand to an authority."""

import pytest
from django.utils.translation import override

from access.models import AccessAction, AccessRecord
from casework.models import ConflictCause
from casework.services import add_note, exclude_staff, write_to_customer
from complaints.services import escalate_complaint
from policies.clocks import the_company
from policies.models import Company, StaffAccessMode
from privacyportal.roles import ADMINISTRATOR, AUDITOR, COMPLAINT_OFFICER
from tests.factories import (
    WHOLE_ANSWER,
    answer,
    decide,
    make_complaint,
    make_customer,
    make_evidence,
    make_staff,
)
from tests.papers import text_of

QUEUE = "/admin/complaints/complaint/"
FORM = f"{QUEUE}record/form.pdf"


@pytest.fixture
def officer(client, db):
    user = make_staff(COMPLAINT_OFFICER, staff_name="Nguyễn Thị Hạnh")
    client.force_login(user)
    client.cookies["django_language"] = "en"
    return user


@pytest.fixture
def complaint(officer):
    """An escalated one with something in each part of its file."""
    customer = make_customer(full_name="Trần Thị Huế", email="hue@example.com")
    complaint = make_complaint(customer=customer, text="Tôi vẫn nhận quảng cáo.")
    make_evidence(complaint, name="ảnh.pdf")
    decide(complaint, by=officer)
    write_to_customer(complaint, text="Chúng tôi đã hỏi bên gửi.", by=officer)
    add_note(complaint, text="Ghi chú riêng.", by=officer)
    answer(complaint, by=officer, lesson="Bài học nội bộ.")
    escalate_complaint(
        complaint, side="customer", authority="Cục A05", reference="12/2026", by=None
    )
    return complaint


def page_of(complaint, name):
    return f"{QUEUE}{complaint.pk}/{name}/"


def test_the_file_for_an_authority_has_every_part_but_what_is_internal(client, complaint):
    answered = client.get(page_of(complaint, "file_pdf"))

    text = text_of(answered.content)
    told = [
        part for name, part in WHOLE_ANSWER.items() if name not in ("lesson", "cause", "finding")
    ]
    with override("vi"):
        explained = complaint.clocks.first().explanation_lines[0]
    parts = [
        complaint.reference, "Trần Thị Huế", complaint.text, "Chúng tôi đã hỏi bên gửi.", *told,
        "Cục A05", "12/2026", "ảnh.pdf", "SHA-256", explained,
    ]  # fmt: skip
    assert [part for part in parts if part not in text] == []
    assert "0" * 64 in text.replace(" ", "")  # over two lines
    assert [part for part in ("Ghi chú riêng", "Bài học") if part in text] == []
    assert answered["Content-Disposition"].startswith("attachment")


def test_taking_it_is_recorded(client, officer, complaint):
    client.get(page_of(complaint, "file_pdf"))

    record = AccessRecord.objects.get()
    assert (record.action, record.actor) == (AccessAction.PRINT, officer)
    assert (record.customer, record.case_reference) == (
        complaint.customer.public_id,
        complaint.reference,
    )
    assert record.field_groups == ["complaint", "contact", "evidence"]


def test_it_speaks_the_language_that_is_asked_for(client, complaint):
    page = page_of(complaint, "file_pdf")

    assert "File of complaint" in text_of(client.get(page, {"language": "en"}).content)
    assert client.get(page, {"language": "fr"}).status_code == 404


def test_where_customers_are_asked_first_it_masks_who_complains(client, complaint):
    Company.objects.update(staff_access_mode=StaffAccessMode.APPROVAL)

    text = text_of(client.get(page_of(complaint, "file_pdf")).content)

    assert "h•••@example.com" in text
    assert "hue@example.com" not in text


def test_the_sheet_of_the_folder_shows_facts_and_no_address(client, officer, complaint):
    text = text_of(client.get(page_of(complaint, "sheet_pdf")).content)

    for part in (complaint.reference, complaint.text, "h•••@example.com", "Nguyễn Thị Hạnh"):
        assert part in text
    assert [part for part in ("hue@", "Trần", "Ghi chú") if part in text] == []
    assert AccessRecord.objects.get().action == AccessAction.PRINT


def test_whom_it_is_about_gets_neither(client, officer):
    complaint = make_complaint()
    exclude_staff(complaint, officer, cause=ConflictCause.NAMED)

    answers = {
        client.get(page_of(complaint, name)).status_code for name in ("file_pdf", "sheet_pdf")
    }

    assert answers == {404}
    assert not AccessRecord.objects.exists()


def test_the_empty_form_is_one_vietnamese_page_with_the_companys_head(client, officer):
    pdf = client.get(FORM).content

    text = text_of(pdf)
    for part in (the_company().name_vi, "Họ và tên", "Điều gì đã xảy ra", "chính sách", "/policy/"):
        assert part in text
    assert pdf.count(b"/Type /Page\n") == 1
    assert not AccessRecord.objects.exists()


@pytest.mark.parametrize("role", [AUDITOR, ADMINISTRATOR])
def test_staff_without_the_role_print_nothing(role, client, db):
    complaint = make_complaint()
    client.force_login(make_staff(role))

    pages = [FORM, page_of(complaint, "file_pdf"), page_of(complaint, "sheet_pdf")]

    assert {client.get(page).status_code for page in pages} == {403}
    assert not AccessRecord.objects.exists()
