import io
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from casework.models import Evidence
from casework.services import write_to_customer
from common.cards import MASKED
from common.encryption.sealing import DecryptionError
from common.models import FileKey
from common.tokens import new_public_id
from complaints.models import Complaint
from policies.models import CalendarRange, Company
from privacyportal.roles import COMPLAINT_OFFICER
from tests.factories import (
    content_of,
    make_complaint,
    make_customer,
    make_evidence,
    make_staff,
)

pytestmark = pytest.mark.django_db

PDF = b"%PDF-1.4 a letter"


@pytest.fixture
def customer(client):
    customer = make_customer()
    client.force_login(customer.user)
    return customer


def picture(kind="JPEG", **kwargs):
    out = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(out, kind, **kwargs)
    return out.getvalue()


def upload(name, content, content_type="application/octet-stream"):
    return SimpleUploadedFile(name, content, content_type)


def post(client, *files, **changes):
    data = {
        "submission": new_public_id(),
        "category": "marketing",
        "text": "Tôi vẫn nhận quảng cáo.",
        "evidence": list(files),
    }
    return client.post(reverse("file_complaint"), {**data, **changes})


def test_filing_gives_a_reference_and_the_last_day_with_its_explanation(client, customer):
    response = post(client, upload("thư.pdf", PDF))

    complaint = Complaint.objects.get()
    assert response.url == complaint.get_absolute_url()
    page = client.get(response.url).content.decode()
    assert complaint.reference in page
    for clock in complaint.clocks.all():
        assert f"{clock.last_day:%d/%m/%Y}" in page
    assert "thư.pdf" in page


def test_the_form_says_beforehand_by_when_it_would_be_answered(client, customer):
    response = client.get(reverse("file_complaint"))
    days = [f"{explained.last_day:%d/%m/%Y}" for _limit, explained in response.context["clocks"]]
    assert len(days) == 2
    assert all(day in response.content.decode() for day in days)


@pytest.mark.parametrize(
    "changes",
    [
        {"text": ""},
        {"text": "x" * 10_001},
        {"text": "a\x00b"},
        {"category": "nonsense"},
        {"category": ""},
        {"submission": "1"},
        {"submission": ""},
    ],
)
def test_a_wrong_form_is_explained_and_nothing_is_saved(client, customer, changes):
    response = post(client, **changes)

    assert response.status_code == 200
    assert response.context["form"].errors
    assert not Complaint.objects.exists()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.pdf", b""),
        ("program.jpg", b"\x7fELF"),
        ("page.html", picture()),
        ("letter.pdf", picture()),
        ("late.pdf", b"<html>%PDF-1.4"),
        ("broken.jpg", picture()[:100]),
        ("script.svg", b"<svg onload='alert(1)'/>"),
        ("archive.zip", b"PK\x03\x04"),
        ("photo.jp\u0261", picture()),
        ("a.jpg\x00.php", picture()),
        (".htaccess", b"Options"),
    ],
)
def test_a_file_that_cannot_be_taken_is_named_and_nothing_is_saved(client, customer, name, content):
    response = post(client, upload("good.pdf", PDF), upload(name, content))

    assert response.status_code == 200
    assert "evidence" in response.context["form"].errors
    assert not Complaint.objects.exists()
    assert not Evidence.objects.exists()


def test_too_large_and_too_many_are_refused(client, customer, settings):
    settings.EVIDENCE_MAX_BYTES = 20
    assert "evidence" in post(client, upload("a.pdf", PDF + b"x" * 20)).context["form"].errors
    settings.EVIDENCE_MAX_FILES = 2
    many = [upload(f"{n}.pdf", PDF) for n in range(3)]
    assert "evidence" in post(client, *many).context["form"].errors
    assert not Complaint.objects.exists()


def test_too_much_together_is_refused(client, customer, settings):
    settings.EVIDENCE_MAX_TOTAL_BYTES = 3 * len(PDF) - 1
    files = [upload(f"{n}.pdf", PDF) for n in range(3)]
    assert "evidence" in post(client, *files).context["form"].errors
    assert not Complaint.objects.exists()

    files = [upload(f"{n}.pdf", PDF) for n in range(2)]
    assert post(client, *files).status_code == 302


def post_parts(client, *files):
    """Post the form with file parts written out, as (name, content)."""
    fields = {"submission": new_public_id(), "category": "marketing", "text": "x"}
    body = b"".join(
        b'--B\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
        % (name.encode(), value.encode())
        for name, value in fields.items()
    ) + b"".join(
        b'--B\r\nContent-Disposition: form-data; name="evidence"; filename="%s"\r\n'
        b"Content-Type: application/pdf\r\n\r\n%s\r\n" % (name.encode(), content)
        for name, content in files
    )
    return client.post(
        reverse("file_complaint"),
        body + b"--B--\r\n",
        content_type="multipart/form-data; boundary=B",
    )


@pytest.mark.parametrize("name", [".", "..", "x/..", "..\\", "/", "\u202e", "&#46;"])
def test_a_file_without_a_name_is_not_lost_silently(client, customer, name):
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    response = post_parts(client, ("good.pdf", PDF), (name, PDF))

    assert response.context["form"].errors["evidence"] == [
        "A file has no name. Give it a name and choose it again."
    ]
    assert not Complaint.objects.exists()


def test_the_empty_part_of_a_browser_without_a_chosen_file_is_no_file(client, customer):
    response = post_parts(client, ("", b""))

    assert response.status_code == 302
    assert not Complaint.objects.get().evidence.exists()


def test_large_and_small_files_arrive_whole(client, customer):
    large = PDF + b"x" * 3_000_000  # goes through a temporary file
    post_parts(client, ("large.pdf", large), ("small.pdf", PDF))

    contents = {row.name: content_of(row) for row in Evidence.objects.all()}
    assert contents == {"large.pdf": large, "small.pdf": PDF}


def test_a_card_number_is_masked_before_it_is_stored(client, customer):
    response = post(client, text="Thẻ 4111 1111 1111 1111 của tôi; gọi 0912 345 678.")

    complaint = Complaint.objects.get()
    assert complaint.text == f"Thẻ {MASKED} của tôi; gọi 0912 345 678."
    assert "không lưu" in client.get(response.url).content.decode()


def test_a_form_sent_again_with_other_words_is_asked_about_and_kept(client, customer):
    submission = new_public_id()
    post(client, submission=submission)

    response = post(client, submission=submission, text="Một chuyện khác")

    form = response.context["form"]
    assert form.non_field_errors()
    page = response.content.decode()
    assert "Một chuyện khác" in page
    assert submission not in page
    post(client, submission=form["submission"].value(), text="Một chuyện khác")
    assert Complaint.objects.count() == 2


@pytest.mark.parametrize("empty", [CalendarRange, Company])
def test_a_complaint_is_taken_when_nothing_can_be_counted(client, customer, empty):
    empty.objects.all().delete()

    assert client.get(reverse("file_complaint")).status_code == 200
    response = post(client)

    complaint = Complaint.objects.get()
    assert response.url == complaint.get_absolute_url()
    assert client.get(response.url).status_code == 200
    assert post(client, text="").status_code == 200


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("../../../../etc/passwd.pdf", "passwd.pdf"),
        ("..\\..\\win.pdf", "win.pdf"),
        ("ho\u0301a đơn.pdf", "hóa đơn.pdf"),
        ("<img src=x onerror=alert(1)>.pdf", "<img src=x onerror=alert(1)>.pdf"),
        ("\u202egnp.pdf", "gnp.pdf"),
        ("x" * 300 + ".pdf", "x" * 96 + ".pdf"),
        ("日本🙂.pdf", "日本🙂.pdf"),
    ],
)
def test_a_file_name_is_text_and_never_a_path(client, customer, sent, shown):
    post(client, upload(sent, PDF))

    evidence = Evidence.objects.get()
    assert evidence.name == shown
    assert evidence.file.name == f"evidence/{evidence.public_id[:2]}/{evidence.public_id}"


def test_a_picture_loses_its_position_and_whatever_is_hidden_behind_it(client, customer):
    exif = Image.Exif()
    exif[0x8825] = {1: "N", 2: (10.0, 46.0, 0.0)}
    exif[0x013B] = "Tác giả"
    post(client, upload("photo.jpg", picture(exif=exif) + b"PK\x03\x04hidden"))

    content = content_of(Evidence.objects.get())
    assert not Image.open(io.BytesIO(content)).getexif()
    assert b"hidden" not in content


def test_a_bomb_is_refused_before_it_is_unpacked(client, customer):
    tiny = bytearray(picture("PNG"))
    tiny[16:24] = (60_000).to_bytes(4, "big") + (20_000).to_bytes(4, "big")
    assert "evidence" in post(client, upload("bomb.png", bytes(tiny))).context["form"].errors


def test_evidence_is_a_download_that_no_browser_opens_in_place(client, customer):
    evidence = make_evidence(make_complaint(customer=customer), name="hóa đơn.pdf", content=PDF)

    response = client.get(reverse("evidence", args=[evidence.case.public_id, evidence.public_id]))

    assert b"".join(response.streaming_content) == PDF
    assert response["Content-Disposition"].startswith("attachment; filename*=utf-8''h")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response["Content-Security-Policy"]
    assert response["Cache-Control"] == "no-store"


@pytest.mark.parametrize("fault", ["key", "file", "damage"])
def test_evidence_that_cannot_be_read_is_said_to_be_gone(client, customer, fault):
    evidence = make_evidence(make_complaint(customer=customer), content=PDF)
    if fault == "key":
        FileKey.objects.all().delete()
    elif fault == "file":
        evidence.file.storage.delete(evidence.file.name)
    else:
        damage(evidence, -1)

    response = client.get(reverse("evidence", args=[evidence.case.public_id, evidence.public_id]))

    page = response.content.decode()
    assert (response.status_code, response.headers.get("Content-Disposition")) == (410, None)
    assert "Không mở được tệp này nữa" in page
    assert "This file can no longer be opened" in page


def test_a_fault_inside_a_file_ends_the_download_before_it(client, customer):
    content = b"".join(b"%%PDF-%9d\n" % number for number in range(20_000))  # four chunks
    evidence = make_evidence(make_complaint(customer=customer), content=content)
    damage(evidence, 100_000)

    response = client.get(reverse("evidence", args=[evidence.case.public_id, evidence.public_id]))

    received = []
    with pytest.raises(DecryptionError):
        received.extend(response.streaming_content)
    assert response["Content-Length"] == str(len(content))
    assert b"".join(received) == content[:65_536]


def damage(evidence, at):
    path = Path(evidence.file.path)
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


def test_another_customers_complaint_and_evidence_do_not_exist(client, customer):
    theirs = make_complaint(text="Bí mật")
    evidence = make_evidence(theirs)

    for url in (
        theirs.get_absolute_url(),
        reverse("evidence", args=[theirs.public_id, evidence.public_id]),
        reverse("complaint", args=["99999999999999999999"]),
    ):
        assert client.get(url).status_code == 404
    assert client.post(reverse("withdraw_complaint", args=[theirs.public_id])).status_code == 404
    own = make_complaint(customer=customer)
    crossed = reverse("evidence", args=[own.public_id, evidence.public_id])
    assert client.get(crossed).status_code == 404
    theirs.refresh_from_db()
    assert theirs.is_open


def test_withdrawing_closes_it_and_a_second_time_says_so(client, customer):
    complaint = make_complaint(customer=customer)
    url = reverse("withdraw_complaint", args=[complaint.public_id])

    assert client.get(url).url == complaint.get_absolute_url()
    complaint.refresh_from_db()
    assert complaint.is_open
    client.post(url)
    client.post(url)

    complaint.refresh_from_db()
    assert complaint.state == "withdrawn"
    assert complaint.events.filter(code="withdrawn").count() == 1


def test_what_people_write_is_shown_as_text(client, customer):
    complaint = make_complaint(
        customer=customer, text="<script>alert(1)</script>{{ 7|add:7 }}", state="received"
    )

    page = client.get(complaint.get_absolute_url()).content.decode()

    assert "&lt;script&gt;alert(1)&lt;/script&gt;{{ 7|add:7 }}" in page


def test_pages_say_that_an_answer_is_awaited_and_that_the_company_is_late(client, customer):
    waiting = make_complaint(customer=customer)
    officer = make_staff(COMPLAINT_OFFICER)
    write_to_customer(waiting, text="Số nào?", by=officer, is_question=True)
    received = timezone.now() - timedelta(days=200)
    late = make_complaint(customer=customer, received_at=received)
    day = f"{late.last_day:%d/%m/%Y}"

    overview, listed = (client.get(reverse(page)).text for page in ("overview", "complaints"))

    assert "Chúng tôi cần câu trả lời của bạn để tiếp tục xử lý khiếu nại" in overview
    for page in (overview, listed):
        assert f'href="{waiting.get_absolute_url()}#write"' in page
        assert f"chúng tôi trễ hạn: lẽ ra phải trả lời trước hết ngày {day}" in page
        assert f"{day}" not in page.replace(f"trước hết ngày {day}", "")
    timeline = client.get(late.get_absolute_url()).text
    assert f"chúng tôi trễ hạn: hạn cuối là ngày {day}" in timeline
