"""The page on which anybody checks a document, and the keys for those who check it themselves."""

import logging

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from accounts.consents import decide_consent
from accounts.receipts import issue_consent_receipt
from common.paper import as_pdf
from common.signatures import parse_signing_keys, public_keys
from policies.models import Purpose
from privacyportal.verification import MOST_BYTES
from tests.factories import make_customer

pytestmark = pytest.mark.django_db

GENUINE = "Genuine: we have signed"


@pytest.fixture
def document():
    customer = make_customer()
    purpose = Purpose.objects.get(code="newsletter")
    decide_consent(customer, purpose, decision="given", by=customer.user)
    return issue_consent_receipt(customer.consents.get())


@pytest.fixture(autouse=True)
def read_english(client):
    client.cookies["django_language"] = "en"


def upload(client, content, name="receipt.pdf"):
    return client.post(reverse("verify"), {"file": SimpleUploadedFile(name, content), "text": ""})


def paste(client, text):
    return client.post(reverse("verify"), {"text": text})


@pytest.mark.parametrize("language", ["vi", "en"])
def test_looking_at_the_page_needs_no_account_and_sets_no_cookie(client, language):
    client.cookies["django_language"] = language
    response = client.get(reverse("verify"))
    assert response.status_code == 200
    assert f'lang="{language}"' in response.text
    assert not response.cookies


def test_a_genuine_document_says_what_it_is_who_issued_it_and_when(client, document):
    for response in (
        paste(client, document.text),
        upload(client, document.as_json(), "receipt.json"),
        upload(client, as_pdf(document, verified_at="http://testserver/verify/")),
    ):
        page = response.text
        assert GENUINE in page
        assert document.code in page
        assert document.issuer in page
        assert document.content["record"]["pii_principal_id"] in page
        assert "nothing about what happened later" in page
        assert response["Cache-Control"] == "no-store"
        assert not response.cookies


@pytest.mark.parametrize("language", ["vi", "en"])
def test_a_document_is_read_to_its_reader_in_their_language(client, document, language):
    client.cookies["django_language"] = language
    page = paste(client, document.text).text
    purpose = Purpose.objects.get(code="newsletter")
    shown = {"vi": purpose.name_vi, "en": purpose.name_en}
    assert shown.pop(language) in page
    assert not [name for name in shown.values() if name in page]


def test_a_forged_document_is_called_so_and_shows_nothing_of_itself(client, document, settings):
    genuine = document.text
    header, _content, signature = genuine.split(".")
    settings.SIGNING_KEYS = parse_signing_keys(f"other:{'o' * 43}")
    foreign = client.post(reverse("verify"), {"text": genuine})
    settings.SIGNING_KEYS = parse_signing_keys(f"test:{'s' * 43}")
    swapped = paste(client, f"{header}.eyJpYXQiOjB9.{signature}")
    shown = document.as_json().replace(b"newsletter", b"everything")

    for response in (foreign, swapped, upload(client, shown, "receipt.json")):
        assert response.status_code == 200
        assert "Not genuine." in response.text
        assert GENUINE not in response.text
        assert document.code not in response.text


@pytest.mark.parametrize("text", ["", "   ", "hello", "{}", "a.b.c", "<script>alert(1)</script>"])
def test_nonsense_gets_a_sentence_and_is_still_there(client, text):
    response = paste(client, text)
    assert response.status_code == 200
    assert response.context["form"].errors
    assert GENUINE not in response.text
    assert "<script>alert" not in response.text


def test_what_is_too_large_is_refused(client):
    for response in (
        upload(client, b"%PDF-" + b"x" * MOST_BYTES),
        paste(client, "x" * 100_001),
    ):
        assert response.status_code == 200
        assert response.context["form"].errors


def test_checking_asks_the_database_for_no_person_and_logs_nothing(
    client, document, caplog, django_assert_num_queries
):
    caplog.set_level(logging.DEBUG)
    with django_assert_num_queries(1) as queries:  # the company, for the page's head and foot
        paste(client, document.text)
    assert "policies_company" in queries[0]["sql"]
    assert document.text not in caplog.text
    assert document.code not in caplog.text


def test_the_public_keys_are_published_for_everybody(client):
    response = client.get("/.well-known/jwks.json")
    assert response.json() == public_keys()
    assert {key["kid"] for key in response.json()["keys"]} == {"test"}
    assert not [key for key in response.json()["keys"] if "d" in key]
    assert client.post("/.well-known/jwks.json").status_code == 405
