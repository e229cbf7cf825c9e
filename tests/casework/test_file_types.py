"""Which files are evidence: told by their content, with which their names must agree."""

import codecs
import io
import zlib
from zipfile import ZIP_BZIP2, ZIP_STORED, ZipFile, ZipInfo

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from casework import office_files
from casework.files import check_files
from common.attachments import AttachmentRefused
from tests.evidence_files import (
    MAIL,
    MP3,
    TYPES,
    WAV,
    film,
    heic,
    office,
    pdf,
    picture,
    relationship,
    zipped,
)

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SAMPLES = {
    ".pdf": pdf(),
    ".jpg": picture(),
    ".png": picture("PNG"),
    ".heic": heic(),
    ".docx": office(),
    ".xlsx": office("xl"),
    ".mp3": MP3,
    ".wav": WAV,
    ".mp4": film(),
    ".eml": MAIL,
}


def check(content, name):
    return check_files([SimpleUploadedFile(name, content)])[0]


def is_refused(content, name):
    try:
        check(content, name)
    except AttachmentRefused:
        return True
    return False


@pytest.mark.parametrize(
    ("name", "content", "content_type"),
    [
        ("a.pdf", pdf(), "application/pdf"),
        ("a.docx", office(), DOCX),
        ("A.XLSX", office("xl"), XLSX),
        ("a.txt", "Tôi 🙂\r\n".encode(), "text/plain"),
        ("a.txt", "Tôi".encode("utf-8-sig"), "text/plain"),
        ("a.txt", codecs.BOM_UTF16_LE + "Tôi".encode("utf-16-le"), "text/plain"),
        ("a.txt", codecs.BOM_UTF16_BE + "Tôi".encode("utf-16-be"), "text/plain"),
        ("a.txt", MAIL, "text/plain"),
        ("a.csv", b"=cmd|' /C calc'!A0,1\n", "text/plain"),
        ("a.eml", MAIL, "message/rfc822"),
        ("a.eml", MAIL.replace(b"\r\n", b"\n"), "message/rfc822"),
        ("a.eml", b"Received: from x\n\tby y\n" + MAIL + b"\xff\xfe", "message/rfc822"),
        ("a.mp3", MP3, "audio/mpeg"),
        ("a.mp3", MP3[10:], "audio/mpeg"),
        ("a.m4a", film(b"M4A "), "audio/mp4"),
        ("a.m4a", film(b"mp42"), "audio/mp4"),
        ("a.wav", WAV, "audio/wav"),
        ("a.mp4", film(b"isom"), "video/mp4"),
        ("a.mp4", film(b"mp42"), "video/mp4"),
    ],
)
def test_each_kind_is_taken_unchanged_under_its_type(name, content, content_type):
    checked = check(content, name)
    assert (checked.content_type, checked.content) == (content_type, content)
    assert not checked.has_active_content


@pytest.mark.parametrize("ending", SAMPLES)
def test_no_kind_passes_under_the_name_of_another(ending):
    passed = {other for other in SAMPLES if not is_refused(SAMPLES[ending], f"a{other}")}
    assert passed == {ending}


@pytest.mark.parametrize("ending", [kind for kind in SAMPLES if kind != ".eml"])
@pytest.mark.parametrize("name", ["a.txt", "a.csv", "a.eml"])
def test_nothing_else_passes_as_text(ending, name):
    assert is_refused(SAMPLES[ending], name)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.txt", b"a\0b"),
        ("a.txt", "Tôi".encode("utf-16-le")),
        ("a.txt", codecs.BOM_UTF16_LE + b"a"),
        ("a.txt", codecs.BOM_UTF16_LE + b"a\0\0\0"),
        ("a.txt", "Tôi".encode("latin-1")),
        ("a.txt", b"%PDF-1.4 letter"),
        ("a.eml", b"hello\n\nworld"),
        ("a.eml", b"From: a@example.vn\n\n"),
        ("a.eml", b"Date: now\n\n"),
        ("a.eml", b"From: a@example.vn\nDate: now\n<html>\n\n"),
        ("a.eml", MAIL + b"\0"),
        ("a.mp3", b"ID3\x09\0\0\0\0\0\0"),
        ("a.mp3", b"\xff\xfb\xf0\0\0"),
        ("a.mp4", film(b"qt  ")),
        ("a.mp4", b"xxxxftypisom"),
        ("a.wav", b"RIFF\0\0\0\0AVI "),
        ("a.docx", b"PK\x03\x04"),
        ("a.docx", office() + b"behind"),
        ("a.docx", b"PK\x03\x04" + office()),
        ("a.docx", office()[:-30]),
        ("a.docx", zipped({"word/document.xml": b""})),
        ("a.docx", zipped({"[Content_Types].xml": TYPES})),
        ("a.docx", office(**{"../evil": b""})),
        ("a.docx", office(**{"/etc/passwd": b""})),
        ("a.docx", office(**{"word/..\\evil": b""})),
        ("a.docx", office(**{"c:evil": b""})),
        ("a.docx", office(**{"WORD/document.xml": b""})),
        ("a.docx", office(**{"word/_rels/a.rels": b"<broken"})),
        ("a.docx", office(**{"word/_rels/a.rels": b"<!DOCTYPE a><a/>"})),
        ("a.docx", office(**{"word/_rels/a.rels": b"<a/>" + b" " * office_files.LARGEST_LIST})),
    ],
)
def test_what_only_looks_like_a_kind_is_refused(name, content):
    assert is_refused(content, name)


def test_an_office_document_that_is_locked_or_packed_strangely_is_refused():
    locked = bytearray(office())
    for at in (locked.index(b"PK\x03\x04") + 6, locked.index(b"PK\x01\x02") + 8):
        locked[at] |= 1
    out = io.BytesIO()
    with ZipFile(out, "w", ZIP_BZIP2) as archive:
        archive.writestr(ZipInfo("[Content_Types].xml"), TYPES, ZIP_STORED)
        archive.writestr("word/document.xml", b"x" * 9999)

    assert is_refused(bytes(locked), "a.docx")
    assert is_refused(out.getvalue(), "a.docx")


@pytest.mark.parametrize(
    "part", ["word/vbaProject.bin", "word/vbaData.xml", "xl/macrosheets/1.xml"]
)
def test_macros_are_refused_by_that_name(part):
    with pytest.raises(AttachmentRefused, match="macro"):
        check(office(**{part: b"x"}), "a.docx")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_document_that_says_that_it_has_macros_is_refused(encoding):
    types = '<Types><Override ContentType="x.document.macroEnabled.main+xml"/></Types>'
    content = zipped({"[Content_Types].xml": types.encode(encoding), "word/document.xml": b"<x/>"})
    with pytest.raises(AttachmentRefused, match="macro"):
        check(content, "a.docx")


@pytest.mark.parametrize("kind", ["attachedTemplate", "image", "oleObject", "externalLinkPath"])
def test_a_document_that_loads_something_is_refused(kind):
    target = relationship(kind, "http://evil.example/x")
    for encoded in (target, target.decode().encode("utf-16"), target.replace(b"Ext", b"&#69;xt")):
        with pytest.raises(AttachmentRefused, match="tải"):
            check(office(**{"word/_rels/settings.xml.rels": encoded}), "a.docx")


def test_links_for_readers_and_own_parts_are_no_loading():
    link = relationship("hyperlink", "https://example.vn/")
    own = relationship("image", "media/1.png", mode="Internal")
    parts = {"word/_rels/a.xml.rels": link, "word/_rels/b.xml.rels": own}

    assert not check(office(**parts), "a.docx").has_active_content


@pytest.mark.parametrize("part", ["word/activeX/activeX1.xml", "word/embeddings/oleObject1.bin"])
def test_objects_of_other_programs_are_flagged(part):
    assert check(office(**{part: b"x"}), "a.docx").has_active_content


def test_an_office_document_that_grows_too_much_is_refused():
    with pytest.raises(AttachmentRefused, match="lớn"):
        check(office(**{"word/media/1.bin": bytes(60_000_000)}), "a.docx")


def test_a_part_that_states_less_than_it_holds_is_refused():
    content = bytearray(office(**{"word/media/1.bin": bytes(1_000_000)}))
    size = (1_000_000).to_bytes(4, "little")
    assert content.count(size) == 2
    lying = bytes(content).replace(size, (1000).to_bytes(4, "little"))

    assert is_refused(lying, "a.docx")


@pytest.mark.parametrize(
    "entry",
    [
        b"/OpenAction << /S /URI /URI (http://evil.example) >>",
        b"/OpenAction 5 0 R",
        b"/Names << /JavaScript 3 0 R >>",
        b"/Names << /J#61vaScript 3 0 R >>",
        b"/Names << /EmbeddedFiles 3 0 R >>",
        b"/A << /S /Launch /F (calc.exe) >>",
        b"/AA << /O 3 0 R >>",
        b"/AA 7 0 R",
        b"/Encrypt 4 0 R",
    ],
)
def test_a_pdf_that_does_something_is_taken_and_flagged(entry):
    assert check(pdf(entry), "a.pdf").has_active_content
    assert check(pdf(stream=b"1 0 " + entry), "a.pdf").has_active_content
    assert check(pdf(stream=b" " * (2**20 - 5) + entry), "a.pdf").has_active_content


@pytest.mark.parametrize("entry", [b"/OpenAction [3 0 R /Fit]", b"/Lang (vi)", b"/AAB << >>"])
def test_a_pdf_that_opens_at_a_page_is_not_flagged(entry):
    assert not check(pdf(entry, stream=b"BT (x) Tj ET"), "a.pdf").has_active_content


def test_a_pdf_with_a_page_scanned_in_one_colour_is_taken():
    assert not check(pdf(stream=bytes(26_000_000)), "a.pdf").has_active_content


@pytest.mark.parametrize("many", [1, 4])
def test_a_pdf_that_grows_too_much_is_refused(many):
    with pytest.raises(AttachmentRefused, match="lớn"):
        check(b"".join([pdf(stream=bytes(60_000_000 // many))] * many), "a.pdf")


TINY = zlib.compress(b"")


@pytest.mark.parametrize(
    ("name", "start", "piece", "taken"),
    [
        ("a.pdf", b"%PDF-", b"/", True),
        ("a.pdf", b"%PDF-", b"stream\n", True),
        ("a.pdf", b"%PDF-", b"stream\n" + zlib.compress(b""), True),
        ("a.pdf", b"%PDF-", b"/OpenAction [", True),
        ("a.pdf", b"%PDF-/AA", b"1", True),
        ("a.eml", b"From: a\nDate: b\n", b" x\n", False),
        ("a.eml", b"", b"a:\n", False),
        ("a.eml", b"", b"a", False),
        ("a.txt", b"", "🙂".encode(), True),
        ("a.docx", b"PK\x03\x04", b"PK\x01\x02", False),
        ("a.docx", b"PK\x03\x04", b"PK\x05\x06" + bytes(18), False),
    ],
)
def test_nothing_that_is_repeated_takes_long_to_judge(name, start, piece, taken):
    """Whatever grows with the square of 20 MB would not come back from here."""
    content = start + piece * (20_000_000 // len(piece))
    assert is_refused(content, name) is not taken
