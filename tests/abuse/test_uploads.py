"""What nobody should send, sent as evidence: cases of the areas "upload" and "filename".

Each is named by its code in the list of bad inputs.
"""

import hashlib
import io
import re
import resource
import unicodedata
import zlib
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from access.models import AccessAction, AccessRecord
from casework.files import scanner_away
from casework.models import Evidence
from common.files import remove_doomed_files
from common.models import DoomedFile
from common.tokens import new_public_id
from common.uploads import SteadyTemporaryFileHandler
from complaints.links import token_of
from complaints.models import Complaint, ComplaintState
from notices.models import Notice
from policies.models import Recipient
from policies.retention import rule_after_closing
from privacyportal.roles import AUDITOR, COMPLAINT_OFFICER, DPO
from retention import purge
from tests.clamd import EICAR, clamd
from tests.clients import PortalClient
from tests.evidence_files import office, pdf, picture, png, relationship, zipped
from tests.factories import (
    approve,
    content_of,
    make_complaint,
    make_customer,
    make_evidence,
    make_staff,
)

pytestmark = pytest.mark.django_db

GOOD = ("good.pdf", b"%PDF-1.4 a letter")
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" %s>%s</svg>'
LAUGHS = b"".join(b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 10))


@pytest.fixture
def customer(client):
    customer = make_customer()
    client.force_login(customer.user)
    return customer


@pytest.fixture
def temporary(settings, tmp_path):
    """The folder in which large uploads wait."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    settings.FILE_UPLOAD_TEMP_DIR = str(folder)
    return folder


def fields():
    return {"submission": new_public_id(), "category": "other", "text": "Xin xem tệp."}


def post(client, *files, content_type="application/octet-stream"):
    evidence = [SimpleUploadedFile(name, content, content_type) for name, content in files]
    return client.post(reverse("file_complaint"), {**fields(), "evidence": evidence})


def body_of(*files, end=b"--B--\r\n"):
    """A multipart body as a program writes it, with names that no browser sends."""
    parts = [
        b'--B\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
        % (name.encode(), value.encode())
        for name, value in fields().items()
    ]
    parts += [
        b'--B\r\nContent-Disposition: form-data; name="evidence"; filename="%s"\r\n'
        b"Content-Type: image/jpeg\r\n\r\n%s\r\n" % (name.encode(), content)
        for name, content in files
    ]
    return b"".join(parts) + end


def post_body(client, body, **extra):
    kind = "multipart/form-data; boundary=B"
    return client.post(reverse("file_complaint"), body, content_type=kind, **extra)


def stored_files():
    return [path for path in Path(default_storage.location).rglob("*") if path.is_file()]


def assert_nothing_kept():
    assert not Complaint.objects.exists()
    assert not Evidence.objects.exists()
    assert not DoomedFile.objects.exists()
    assert not Notice.objects.exists()
    assert stored_files() == []


def download(client, evidence):
    return client.get(reverse("evidence", args=[evidence.case.public_id, evidence.public_id]))


@contextmanager
def growing_less_than(megabytes):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    growth = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert growth < megabytes * 1024


@contextmanager
def full_disk(at):
    """Let no file of this process grow beyond so many bytes: writing more raises OSError."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (at, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


# Refused: by name and content


def slip():
    return zipped({"../../../evil.txt": b"x", "word/document.xml": b"<x/>"})


REFUSED = {
    "UPLO-02": ("zero.pdf", b""),
    "UPLO-04": ("truncated.jpg", picture()[:100]),
    "UPLO-05": ("svg_script.svg", SVG % (b"onload='alert(1)'", b"<script>alert(1)</script>")),
    "UPLO-07": (
        "svg_xxe.svg",
        b'<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + SVG % (b"", b"&x;"),
    ),
    "UPLO-08": ("svg_lol.svg", b"<!DOCTYPE svg [" + LAUGHS + b"]>" + SVG % (b"", b"&l9;")),
    "UPLO-10": ("polyglot.html", picture(comment=b"<script>alert(1)</script>")),
    "UPLO-11": ("jpeg_js_polyglot.jpg", b"\xff\xd8\xff\xe0/*" + b"x" * 900 + b"*/=alert(1)"),
    "UPLO-17": ("pdf_html_polyglot.pdf", b"<html><script>alert(1)</script><!----" + pdf()),
    "UPLO-19": ("pdf_flate_bomb.pdf", pdf(stream=bytes(60_000_000))),
    "UPLO-20": ("bomb.zip", zipped({"zeros": bytes(60_000_000)})),
    "UPLO-20 as a document": ("bomb.docx", office(zeros=bytes(60_000_000))),
    "UPLO-22": ("many.zip", zipped({f"{number}": b"" for number in range(70_000)})),
    "UPLO-22 as a document": ("many.docx", office(**{f"{n}": b"" for n in range(70_000)})),
    "UPLO-23": ("zip_slip.zip", slip()),
    "UPLO-23 as a document": ("zip_slip.docx", office(**{"../../../evil.txt": b"x"})),
    "UPLO-25": ("docm_macro.docx", office(**{"word/vbaProject.bin": b"x"})),
    "UPLO-26": (
        "docx_remote_template.docx",
        office(
            **{
                "word/_rels/settings.xml.rels": relationship(
                    "attachedTemplate", "http://127.0.0.1:9/evil.dotm"
                )
            }
        ),
    ),
    "UPLO-29 in an archive": ("eicar.zip", zipped({"eicar.txt": EICAR})),
    "UPLO-31": ("png_pixel_bomb.png", png(60_000, 20_000)),
    "UPLO-32": ("png_huge_dims.png", png(8, 8).replace(b"\0\0\0\x08" * 2, b"\x7f\xff\xff\xff" * 2)),
    "UPLO-34": (
        "png_ztxt_bomb.png",
        png(8, 8, (b"zTXt", b"Comment\0\0" + zlib.compress(bytes(50_000_000)))),
    ),
    "UPLO-37": ("webp_bad.webp", b"RIFF\x20\0\0\0WEBPVP8L\x14\0\0\0\x2f" + b"\xff" * 19),
    "UPLO-37 as a picture": (
        "webp_bad.jpg",
        b"RIFF\x20\0\0\0WEBPVP8L\x14\0\0\0\x2f" + b"\xff" * 19,
    ),
    "UPLO-38": ("tiff_loop.tif", b"II*\0\x08\0\0\0\0\0\x08\0\0\0"),
    "UPLO-38 as a picture": ("tiff_loop.png", b"II*\0\x08\0\0\0\0\0\x08\0\0\0"),
    "UPLO-40": ("elf.jpg", b"\x7fELF\x02\x01\x01" + bytes(50)),
    "UPLO-41": ("php.php", b"<?php system($_GET['c']);"),
    "UPLO-43": (".htaccess", b"AddType application/x-httpd-php .jpg"),
    "UPLO-44": ("mime_lie.pdf", picture()),
    "FILE-03": ("a.jpg%00.php", picture()),
    "FILE-15": ("ok.jp\N{LATIN SMALL LETTER SCRIPT G}", picture()),
}


@pytest.mark.parametrize("code", REFUSED)
def test_a_bad_file_is_named_and_nothing_of_the_form_is_kept(client, customer, code):
    name, content = REFUSED[code]
    kinds = {"svg": "image/svg+xml", "html": "text/html", "php": "image/png"}
    kind = kinds.get(name.rpartition(".")[2], "application/pdf")

    with growing_less_than(50):
        response = post(client, GOOD, (name, content), content_type=kind)

    (error,) = response.context["form"].errors["evidence"]
    assert name in error
    assert_nothing_kept()


@pytest.mark.parametrize("code", ["UPLO-29"])
def test_a_virus_is_refused_and_logged(client, customer, settings, caplog, code):
    scanner_away.reset()
    with clamd() as scanner:
        settings.CLAMAV_URL = scanner.url
        response = post(client, GOOD, ("eicar.txt", EICAR))

    assert "vi-rút" in response.context["form"].errors["evidence"][0]
    assert "virus" in caplog.text
    assert_nothing_kept()


@pytest.mark.parametrize("code", ["FILE-13"])
@pytest.mark.parametrize("name", [".", "..", "x/..", "/"])
def test_a_file_without_a_name_is_an_error_of_the_form(client, customer, name, code):
    response = post_body(client, body_of(GOOD, (name, picture())))

    assert "không có tên" in response.context["form"].errors["evidence"][0]
    assert_nothing_kept()


@pytest.mark.parametrize("code", ["FILE-13"])
@pytest.mark.parametrize("header", [b'filename=""', b"filename=", b'filename=""; x=y'])
def test_content_under_an_empty_name_is_not_lost_silently(client, customer, code, header):
    body = body_of(GOOD, ("", picture())).replace(b'filename=""', header)

    assert post_body(client, body).status_code == 400
    assert_nothing_kept()


@pytest.mark.parametrize("code", ["UPLO-46"])
def test_too_many_files_are_refused(client, customer, code):
    eleven = [(f"{number}.pdf", GOOD[1]) for number in range(11)]
    many = [(f"{number}.pdf", GOOD[1]) for number in range(110)]

    assert "evidence" in post(client, *eleven).context["form"].errors
    assert post(client, *many).status_code == 400
    assert_nothing_kept()
    assert post(client, *eleven[:10]).status_code == 302
    assert Evidence.objects.count() == 10


@pytest.mark.parametrize("code", ["UPLO-47"])
def test_a_customer_who_sends_very_much_is_stopped_and_told(client, customer, settings, code):
    settings.EVIDENCE_QUOTA_BYTES = 5 * len(GOOD[1])
    make_evidence(make_complaint(), content=b"%PDF-" + b"x" * 900)  # of somebody else

    for _ in range(2):
        assert post(client, GOOD, GOOD).status_code == 302
    refused = post(client, GOOD, GOOD)

    (error,) = refused.context["form"].non_field_errors()
    assert error.startswith("Cùng với những tệp đã gửi trước đây")
    mine = Evidence.objects.filter(case__customer=customer)
    assert (Complaint.objects.of(customer).count(), mine.count()) == (2, 4)
    assert len(stored_files()) == 5
    assert post(client, GOOD).status_code == 302


# Cut, endless or without a place to go


@pytest.mark.parametrize("code", ["UPLO-49"])
@pytest.mark.parametrize("size", [100, 4_000_000])
@pytest.mark.parametrize("cut", [10, 60])
def test_a_request_that_was_cut_leaves_nothing(client, customer, temporary, size, cut, code):
    whole = body_of(GOOD, ("b.pdf", b"%PDF-" + b"x" * size))

    response = post_body(client, whole[:-cut])

    assert response.status_code == 400
    assert list(temporary.iterdir()) == []
    assert_nothing_kept()
    assert post_body(client, whole).status_code == 302
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("code", ["UPLO-50"])
def test_a_body_without_a_length_is_not_read_and_the_sender_told(customer, code):
    browser = PortalClient(enforce_csrf_checks=True)
    browser.force_login(customer.user)

    response = post_body(browser, body_of(GOOD), CONTENT_LENGTH="")

    assert response.status_code == 403  # its token is not read either
    assert "quay lại" in response.content.decode()
    assert_nothing_kept()


def test_what_arrives_has_no_name_on_the_disk(temporary):
    handler = SteadyTemporaryFileHandler()
    handler.new_file("evidence", "b.pdf", "application/pdf", 0, None, {})
    handler.receive_data_chunk(b"x" * 100_000, 0)
    assert list(temporary.iterdir()) == []

    with handler.file_complete(100_000) as file:
        assert (file.name, file.size, file.read()) == ("b.pdf", 100_000, b"x" * 100_000)


LARGE = {  # received from staff, by page
    "evidence": 60 * 2**20,
    "message": 60 * 2**20,
    "by link": 60 * 2**20,
    "recording": 500 * 2**20,
    "import": 10 * 2**20,
    "paper": 5 * 2**20,
    "agreement": 20 * 2**20,
}


def doors():
    complaint = make_complaint()
    pages = {
        "evidence": reverse("file_complaint"),
        "message": reverse("write_complaint", args=[complaint.public_id]),
        "by link": reverse("followed_write_complaint", args=[token_of(complaint)]),
        "recording": reverse("admin:calls_callrecording_add"),
        "import": reverse("admin:accounts_customer_import_file"),
        "paper": reverse("admin:accounts_customer_assist", args=[make_customer().pk]),
        "agreement": reverse("admin:policies_recipient_agree", args=[Recipient.objects.first().pk]),
    }
    return pages | {"verify": reverse("verify"), "enquiry": reverse("enquiry"), "home": "/"}


def said_to_send(browser, size):
    """Return the pages that begin to read so many bytes, and fail as there are not that many."""
    answers = {
        name: post_to(browser, page, CONTENT_LENGTH=str(size)).status_code
        for name, page in doors().items()
    }
    return {name for name, code in answers.items() if code != 413}


def post_to(browser, page, **extra):
    return browser.post(page, b"--B--", content_type="multipart/form-data; boundary=B", **extra)


def test_a_body_larger_than_any_page_takes_is_refused_unread(client):
    nobody, customer, staff = (PortalClient(raise_request_exception=False) for _ in range(3))
    customer.force_login(make_customer().user)
    staff.force_login(make_staff(DPO))

    assert said_to_send(nobody, 2 * 2**20) == set(doors())
    for size in (2 * 2**20 + 1, 60 * 2**20):
        assert said_to_send(nobody, size) == {"by link"}  # which asks itself before it reads
        assert said_to_send(customer, size) == {"by link", "evidence", "message"}
    assert said_to_send(nobody, 63 * 2**20) == set()
    assert said_to_send(customer, 63 * 2**20) == set()
    for size in LARGE.values():
        assert said_to_send(staff, size) == {page for page, most in LARGE.items() if most >= size}
    page = post_to(nobody, "/verify/", CONTENT_LENGTH=str(10**9))
    assert "Too much was sent" in page.text


def test_a_full_disk_leaves_neither_row_nor_fragment_and_tells_the_sender(client, customer):
    with full_disk(at=1_000_000):
        response = post(client, GOOD, ("b.pdf", b"%PDF-" + b"x" * 2_000_000))

    (error,) = response.context["form"].non_field_errors()
    assert error.startswith("Hiện chúng tôi chưa lưu được tệp")
    assert "Xin xem tệp." in response.content.decode()
    assert_nothing_kept()


def test_a_full_disk_for_what_arrives_names_the_file(client, customer, temporary):
    with full_disk(at=1_000_000):
        response = post(client, GOOD, ("b.pdf", b"%PDF-" + b"x" * 4_000_000))

    (error,) = response.context["form"].errors["evidence"]
    assert error.startswith("Chúng tôi chưa nhận được tệp “b.pdf”")
    assert list(temporary.iterdir()) == []
    assert_nothing_kept()


def test_no_place_at_all_for_what_arrives_names_the_file(client, customer, settings, tmp_path):
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path / "missing")

    response = post(client, ("b.pdf", b"%PDF-" + b"x" * 4_000_000))

    assert "b.pdf" in response.context["form"].errors["evidence"][0]
    assert_nothing_kept()


# Taken: and what is made of it


@pytest.mark.parametrize("code", ["UPLO-01"])
def test_good_files_are_stored_under_random_names_for_owner_and_officer(client, customer, code):
    sent = {"ok.jpg": picture(), "ok.png": picture("PNG"), "small.pdf": pdf()}
    assert post(client, *sent.items()).status_code == 302

    for evidence in Evidence.objects.all():
        assert evidence.sha256 == hashlib.sha256(sent[evidence.name]).hexdigest()
        assert re.fullmatch(r"evidence/[0-9a-f]{2}/[0-9a-f]{32}", str(evidence.file))
        page = f"/admin/complaints/complaint/{evidence.case_id}/evidence/{evidence.public_id}/"
        for role, status in ((COMPLAINT_OFFICER, 200), (AUDITOR, 403)):
            staff = PortalClient()
            staff.force_login(make_staff(role))
            response = staff.get(page)
            assert response.status_code == status
            assert status == 403 or b"".join(response.streaming_content)


@pytest.mark.parametrize("code", ["UPLO-13"])
def test_of_a_picture_with_an_archive_behind_it_the_picture_is_kept(client, customer, code):
    post(client, ("jpeg_zip_polyglot.jpg", picture() + zipped({"evil.txt": b"x"})))

    content = content_of(Evidence.objects.get())
    assert b"PK" not in content
    assert Image.open(io.BytesIO(content)).size == (8, 8)


@pytest.mark.parametrize(
    ("code", "action"),
    [
        ("UPLO-14", b"/OpenAction << /S /JavaScript /JS (app.alert\\(1\\)) >>"),
        ("UPLO-16", b"/OpenAction << /S /URI /URI (http://127.0.0.1:9/) >>"),
    ],
)
def test_a_pdf_that_acts_is_taken_flagged_and_only_downloaded(client, customer, code, action):
    post(client, ("active.pdf", pdf(action)))

    evidence = Evidence.objects.get()
    response = download(client, evidence)
    assert evidence.has_active_content
    assert b"".join(response.streaming_content) == pdf(action)
    assert response["Content-Disposition"].startswith("attachment")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response["Content-Security-Policy"]


@pytest.mark.parametrize("code", ["UPLO-28"])
def test_a_table_with_formulas_stays_text(client, customer, code):
    table = b"name,=HYPERLINK(\"http://evil.example\")\n@SUM(1+1),=cmd|' /C calc'!A0\n"
    post(client, ("csv_formula.csv", table), content_type="application/vnd.ms-excel")

    response = download(client, Evidence.objects.get())
    assert b"".join(response.streaming_content) == table
    assert response["Content-Type"] == "text/plain"
    assert response["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize("code", ["UPLO-35"])
def test_a_picture_loses_its_place_and_author(client, customer, code):
    exif = Image.Exif()
    exif[0x013B] = "Nguyen Van A"
    exif.get_ifd(0x8825).update({1: "N", 2: (10.0, 46.0, 0.0)})
    sent = picture(exif=exif)
    assert Image.open(io.BytesIO(sent)).getexif().get_ifd(0x8825)
    post(client, ("exif_gps.jpg", sent))

    kept = Image.open(io.BytesIO(content_of(Evidence.objects.get()))).getexif()
    assert (dict(kept), dict(kept.get_ifd(0x8825))) == ({}, {})


@pytest.mark.parametrize("code", ["UPLO-52"])
def test_one_file_of_two_customers_is_two_files(client, customer, code):
    leaving = make_customer(closed_days_ago=370)
    complaint = make_complaint(customer=leaving)
    complaint.move_to(ComplaintState.WITHDRAWN)
    complaint.save()
    make_evidence(complaint, content=GOOD[1])
    post(client, GOOD, GOOD)
    assert len(stored_files()) == 3

    approve(rule_after_closing(timezone.localdate()))
    purge.purge_closed_accounts()
    remove_doomed_files()

    assert [content_of(evidence) for evidence in Evidence.objects.all()] == [GOOD[1]] * 2
    assert len(stored_files()) == 2


@pytest.mark.parametrize("code", ["UPLO-53"])
def test_evidence_is_for_its_owner_while_signed_in(client, customer, code):
    evidence = make_evidence(make_complaint(customer=customer))
    mine = download(client, evidence)
    assert (mine.status_code, mine["Cache-Control"]) == (200, "no-store")
    assert b"".join(mine.streaming_content)
    neighbour = PortalClient()
    neighbour.force_login(make_customer().user)
    client.post(reverse("account_logout"))

    assert download(neighbour, evidence).status_code == 404
    for stranger in (PortalClient(), client):
        response = download(stranger, evidence)
        assert response.status_code == 302
        assert response.url.startswith(reverse("account_login"))


@pytest.mark.parametrize("code", ["UPLO-55"])
def test_an_officer_downloads_with_one_record(client, code):
    evidence = make_evidence(make_complaint(), name="hóa đơn.pdf")
    client.force_login(make_staff(COMPLAINT_OFFICER))

    response = client.get(
        f"/admin/complaints/complaint/{evidence.case_id}/evidence/{evidence.public_id}/"
    )

    assert response["Content-Disposition"] == (
        "attachment; filename*=utf-8''h%C3%B3a%20%C4%91%C6%A1n.pdf"
    )
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response["Content-Security-Policy"]
    assert b"".join(response.streaming_content)
    assert AccessRecord.objects.get().action == AccessAction.DOWNLOAD


# Names


NAMES = {
    "FILE-01 up": ("../../../../etc/passwd.jpg", "passwd.jpg"),
    "FILE-01 back": ("..\\..\\win.jpg", "win.jpg"),
    "FILE-01 root": ("/etc/passwd.jpg", "passwd.jpg"),
    "FILE-04": ("x" * 300 + ".jpg", "x" * 96 + ".jpg"),
    "FILE-04 bytes": (
        "\N{LATIN SMALL LETTER E WITH CIRCUMFLEX AND ACUTE}" * 250 + ".jpg",
        "ế" * 96 + ".jpg",
    ),
    "FILE-06 NFC": ("hóa đơn Nguyễn.jpg", "hóa đơn Nguyễn.jpg"),
    "FILE-06 NFD": (unicodedata.normalize("NFD", "hóa đơn Nguyễn.jpg"), "hóa đơn Nguyễn.jpg"),
    "FILE-07 con": ("con.jpg", "con.jpg"),
    "FILE-07 nul": ("nul.jpg", "nul.jpg"),
    "FILE-09": ("<img src=x onerror=alert(1)>.jpg", "<img src=x onerror=alert(1)>.jpg"),
    "FILE-10": ("'; drop table x;--.jpg", "'; drop table x;--.jpg"),
    "FILE-12 option": ("-rf.jpg", "-rf.jpg"),
    "FILE-12 shell": ("$(touch pwn).jpg", "$(touch pwn).jpg"),
    "FILE-12 template": ("{{7*7}}.jpg", "{{7*7}}.jpg"),
    "FILE-12 format": ("%s%n.jpg", "%s%n.jpg"),
    "FILE-16 Japanese": ("日本🙂.jpg", "日本🙂.jpg"),
    "FILE-16 Russian": ("файл.jpg", "файл.jpg"),
    "right to left": ("hoa\N{RIGHT-TO-LEFT OVERRIDE}gpj.jpg", "hoagpj.jpg"),
    "isolated": ("\N{RIGHT-TO-LEFT ISOLATE}hoa\N{POP DIRECTIONAL ISOLATE}.jpg", "hoa.jpg"),
}


@pytest.mark.parametrize("code", NAMES)
@pytest.mark.parametrize("size", ["small", "large"])
def test_a_name_is_text_and_never_a_path(client, customer, code, size, temporary):
    sent, shown = NAMES[code]
    content = picture() + b"x" * (3_000_000 * (size == "large"))
    page = client.get(post_body(client, body_of((sent, content))).url).content.decode()

    evidence = Evidence.objects.get()
    response = download(client, evidence)
    assert b"".join(response.streaming_content) == content_of(evidence)
    assert evidence.name == shown
    assert re.fullmatch(r"evidence/[0-9a-f]{2}/[0-9a-f]{32}", str(evidence.file))
    assert [path.name for path in stored_files()] == [evidence.public_id]
    assert "<img src=x" not in page
    assert Counter(response["Content-Disposition"])["\n"] == 0
    assert ("filename*=utf-8''" in response["Content-Disposition"]) is not shown.isascii()


@pytest.mark.parametrize("code", ["FILE-01", "FILE-04", "FILE-13"])
@pytest.mark.parametrize("name", ["../../../../etc/passwd", "x." + "x" * 300, "y." + "ế" * 250])
def test_a_name_without_an_ending_of_ours_is_refused(client, customer, name, code, temporary):
    response = post_body(client, body_of((name, picture() + b"x" * 3_000_000)))

    assert "evidence" in response.context["form"].errors
    assert_nothing_kept()
