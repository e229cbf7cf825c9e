"""Every mail: one line of subject, whom it greets, where it leads, and nothing else personal."""

from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation

TEMPLATES = Path(settings.BASE_DIR) / "templates"
NOTICES = sorted(
    path.stem for path in (TEMPLATES / "notices").glob("*.txt") if not path.stem.startswith("_")
)
SIGN_IN_MAILS = sorted(
    path.name.removesuffix("_message.txt")
    for path in (TEMPLATES / "account" / "email").glob("*_message.txt")
    if path.stem != "base_message"
)
VALUES = {
    "name": "Nguyễn Văn Ưng",
    "site": "https://privacy.example.vn",
    "reference": "KN-7Q4M-2XHD",
    "path": "/complaints/abc/",
    "page": "/admin/accounts/emergencyaccess/",
    "day": "2026-11-28",
    "quarter": "2026-10-01",
    "counts": [("opened", 2)],
    "last_day": "2026-12-14",
    "before": "2026-12-15",
    "kept_until": "2027-11-22",
    "grace_until": "2026-11-29",
    "status_page": "https://privacy.example.vn/closed/abc/",
    "ends": "2027-01-14",
    "member": "Phạm Thu Hà",
    "by": "Lê Văn Tám",
    "given": ["auditor"],
    "cases": [{"reference": "KN-7Q4M-2XHD", "day": "2026-12-14"}],
    "taken": ["complaint officer"],
    "number": 12,
    "system": "CRM",
    "tasks": 2,
    "late": 1,
    "new": 3,
    "kept": {"legal hold": 1},
    "purposes": [SimpleNamespace(name="Bản tin")],
    "days": 14,
    "issue": SimpleNamespace(
        subject="Tin tháng 12", body="Có dịch vụ mới.", purpose=SimpleNamespace(name="Bản tin")
    ),
    "confirm": "https://privacy.example.vn/newsletter/confirm/abc/",
    "unsubscribe": "https://privacy.example.vn/unsubscribe/abc/",
    "enquiry": SimpleNamespace(
        reference="HD-7Q4M-2XHD",
        received_at=date(2026, 11, 20),
        answer="Có, bạn xóa được.",
        is_complaint=True,
        kept_until=date(2026, 12, 24),
    ),
    "version": SimpleNamespace(
        number="2", effective_on=date(2026, 12, 14), summary="Chúng tôi giữ dữ liệu ngắn hơn."
    ),
}


# To an address that nobody has shown to be theirs: no word of it is anybody's but ours.
TO_NOBODY_KNOWN = {"complaint_confirm", "enquiry_confirm", "newsletter_confirm"}
# Their readers have the page open that asks for the code.
LEADS_NOWHERE = {"access_code", "copy_code"}


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("template", NOTICES)
def test_notices_greet_and_lead_to_the_portal(template, language):
    with translation.override(language):
        text = render_to_string(f"notices/{template}.txt", VALUES).strip()
    subject, blank, body = text.split("\n", 2)

    assert 0 < len(subject) < 79
    assert blank == ""
    hello = {"vi": "Xin chào", "en": "Hello"}[language]
    name = "" if template in TO_NOBODY_KNOWN else " Nguyễn Văn Ưng"
    assert body.strip().startswith(f"{hello}{name},")
    assert ("\nhttps://privacy.example.vn/" in body) != (template in LEADS_NOWHERE)
    assert "{" not in text


def test_a_deadline_is_told_by_its_last_day():
    with translation.override("vi"):
        text = render_to_string("notices/complaint_received.txt", VALUES)

    assert "14/12/2026" in text


def test_a_complaint_without_a_deadline_promises_none():
    with translation.override("en"):
        text = render_to_string("notices/complaint_received.txt", {**VALUES, "last_day": None})

    assert "at the latest" not in text


def test_what_a_person_wrote_is_not_escaped_in_plain_text():
    with translation.override("en"):
        text = render_to_string("notices/details_changed.txt", {**VALUES, "name": "D'Arc & Söhne"})

    assert "Hello D'Arc & Söhne," in text


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("mail", SIGN_IN_MAILS)
def test_sign_in_mails_say_no_address_and_no_device(mail, language):
    values = {
        "site_origin": "https://privacy.example.vn",
        "email": "ung@example.com",
        "from_email": "ung@example.com",
        "to_email": "moi@example.com",
        "deleted_email": "ung@example.com",
        "ip": "203.0.113.9",
        "user_agent": "Firefox",
        "code": "ABC-123",
        "password_reset_url": "https://privacy.example.vn/reset?a=1&b=2",
        "signup_url": "https://privacy.example.vn/account/signup/",
    }

    with translation.override(language):
        subject = render_to_string(f"account/email/{mail}_subject.txt", values).strip()
        body = render_to_string(f"account/email/{mail}_message.txt", values)

    assert "\n" not in subject
    assert body.strip().startswith("Xin chào," if language == "vi" else "Hello,")
    assert "https://privacy.example.vn" in body
    assert not any(word in body for word in ("@example.com", "203.0.113.9", "Firefox", "&amp;"))
