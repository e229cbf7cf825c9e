"""Signed documents come back as files, as paper and as pasted text."""

import json

import pytest

from common import documents
from common.documents import Fact, Section, document_kind, issue, read_file, read_pasted
from common.paper import as_pdf
from common.signatures import NotGenuine, NotSigned, sign


@pytest.fixture
def kind(monkeypatch):
    monkeypatch.setattr(documents, "_kinds", dict(documents._kinds))

    @document_kind("sample", "Giấy mẫu")
    def read(content):
        return [Section("Nội dung", [Fact("Chữ", content["words"]), Fact("Trống", "")])]

    return "sample"


@pytest.fixture
def document(kind):
    return issue(kind, {"words": "Ưng ý, không sửa"})


def test_a_document_says_who_issued_it_when_and_what(document):
    read = read_pasted(document.text)

    assert read == document
    assert (read.title, read.issuer, read.code) == ("Giấy mẫu", "http://testserver", document.code)
    assert read.issued_at.utcoffset().total_seconds() == 7 * 3600
    (section,) = read.sections
    assert [fact.values for fact in section.facts] == [("Ưng ý, không sửa",), ()]


def test_lines_broken_by_a_mail_are_joined(document):
    broken = "\ufeff  " + "\r\n".join(document.text[n : n + 60] for n in range(0, 900, 60))
    assert read_pasted(broken) == document


def test_the_json_file_is_read_and_anything_changed_in_it_refused(document):
    file = document.as_json()
    assert read_file(file) == document
    assert read_pasted(file.decode()) == document
    loaded = json.loads(file)
    assert read_file(json.dumps(loaded).encode()) == document  # as an editor may store it

    for changed in (
        file.replace("không sửa".encode(), "đã sửa".encode()),
        file[:-1] + b', "note": "x"}',
        file[:-1] + b', "content": ' + json.dumps(loaded["content"]).encode() + b"}",
        json.dumps({"signed": loaded["signed"]}).encode(),
        b'{"a":' * 5000 + loaded["signed"].encode(),
    ):
        with pytest.raises(NotGenuine):
            read_file(changed)


def test_the_pdf_is_read(document):
    pdf = as_pdf(document, verified_at="http://testserver/verify/")
    assert pdf.startswith(b"%PDF-")
    assert read_file(pdf) == document


def test_a_file_with_two_signed_texts_is_refused(document, kind):
    other = issue(kind, {"words": "Khác"})
    pdf = as_pdf(document, verified_at="x")
    with pytest.raises(NotGenuine):
        read_file(pdf + other.text.encode())


def test_a_signed_text_of_no_known_kind_is_no_document():
    with pytest.raises(NotGenuine):
        read_pasted(sign("something-else", {"iat": 1, "iss": "x"}))


@pytest.mark.parametrize("file", [b"", b"%PDF-1.4 hello", b"{", b"\x00\xff" * 50, b"ey" * 40000])
def test_nonsense_is_no_document(file):
    with pytest.raises(NotSigned):
        read_file(file)
