"""Consent receipts: what they say, who gets them, and for how long they hold."""

from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from accounts.consents import decide_consent
from accounts.models import Consent
from accounts.receipts import issue_consent_receipt, record_of
from common.documents import read_file, read_pasted
from common.signatures import parse_signing_keys
from policies.models import Company, PolicyVersion, Purpose, sha256
from policies.registers import retire_purpose, save_recipient
from privacyportal.roles import DPO
from retention.purge import erase
from tests.factories import close_in_the_past, make_customer, make_staff

pytestmark = pytest.mark.django_db

NAME, EMAIL, PHONE, ADDRESS = "Trần Thị Mai", "mai@example.com", "+84912345678", "5 Lê Lợi, Huế"


@pytest.fixture
def customer(client):
    customer = make_customer(full_name=NAME, email=EMAIL, phone=PHONE, address=ADDRESS)
    client.force_login(customer.user)
    return customer


@pytest.fixture(autouse=True)
def speak_english():
    with translation.override("en"):
        yield


@pytest.fixture
def consent(customer):
    return decide(customer, "given")


def decide(customer, decision):
    purpose = Purpose.objects.get(code="newsletter")
    decide_consent(customer, purpose, decision=decision, by=customer.user)
    return customer.consents.last()


def add_recipient(purpose):
    values = {
        "code": "later",
        "name_vi": "Bên đến sau",
        "name_en": "Later Ltd",
        "kind": "processor",
        "description_vi": "Nhận dữ liệu.",
        "description_en": "Receives data.",
        "country": "VN",
        "cross_border": False,
        "data_categories": ["contact"],
    }
    return save_recipient(None, values=values, purposes=[purpose], by=make_staff(DPO))


def facts(document):
    return {str(fact.label): fact.values for section in document.sections for fact in section.facts}


def test_a_receipt_has_the_fields_of_the_standard(consent, customer):
    document = issue_consent_receipt(consent)

    record = document.content["record"]
    (processing,) = record["pii_processing"]
    (purpose,) = processing["purposes"]
    (event,) = record["events"]
    version = PolicyVersion.objects.current()
    assert record["pii_principal_id"] == customer.public_id
    assert document.content["receipt_id"] == record["record_id"] == record_of(consent)
    assert (processing["notice_version"], processing["language"]) == (version.number, "en")
    assert processing["notice_sha256"] == version.text_in("en").sha256
    assert (purpose["purpose"], purpose["lawful_basis"]) == ("newsletter", "consent")
    assert purpose["wording"] == consent.wording
    assert purpose["wording_sha256"] == sha256(consent.wording)
    assert {kind["pii_type"] for kind in purpose["pii_information"]} == set(
        consent.purpose.data_categories
    )
    assert purpose["retention_period"]["months"] == 12
    assert purpose["withdrawal_method"] == "http://testserver/me/consents/"
    assert (event["event_state"], event["event_type"]) == ("given", "explicit")
    assert event["event_time"].endswith("+07:00")
    parties = {party["party_id"]: party for party in record["party_identification"]}
    assert parties["controller"]["party_name"]["vi"] == Company.objects.get().name_vi
    assert set(purpose["recipient_third_parties"]) == set(parties) - {"controller"}


def test_a_receipt_says_how_long_the_consent_lasts(consent, customer):
    company = Company.objects.get()
    company.consent_months = 6
    company.save()

    def validity(line):
        (event,) = issue_consent_receipt(line).content["record"]["events"]
        return event["validity_duration"]

    assert validity(consent) == "until withdrawn"  # as the company had it then
    withdrawn, again = decide(customer, "withdrawn"), decide(customer, "given")
    assert (validity(withdrawn), validity(again)) == ("until withdrawn", "P6M")


def test_a_receipt_names_the_customer_by_pseudonym_alone(consent):
    text = issue_consent_receipt(consent).as_json().decode()
    assert [word for word in (NAME, EMAIL, PHONE, ADDRESS) if word in text] == []


def test_a_receipt_states_the_registers_as_they_were(consent, customer):
    before = issue_consent_receipt(consent)
    add_recipient(consent.purpose)
    company = Company.objects.get()
    company.name_vi = "Tên sau này"
    company.save()

    after = issue_consent_receipt(Consent.objects.get(pk=consent.pk))
    assert {**after.content, "iat": 0} == {**before.content, "iat": 0}

    later = facts(issue_consent_receipt(decide(customer, "withdrawn")))
    assert later["Recipients"] == ("Later Ltd (Processor, VN)",)
    assert later["Company"] == (company.name_en,)
    retire_purpose(consent.purpose, by=make_staff(DPO))
    assert facts(issue_consent_receipt(customer.consents.last())) == later


def test_each_line_of_the_ledger_has_a_record_of_its_own(customer):
    for decision in ("given", "withdrawn", "given"):
        decide(customer, decision)
    lines = customer.consents.all()
    assert len({record_of(line) for line in lines}) == 3
    states = [issue_consent_receipt(line).content["record"]["events"] for line in lines]
    assert [event["event_state"] for (event,) in states] == ["given", "withdrawn", "given"]


@pytest.mark.parametrize("form", ["pdf", "json"])
def test_the_customer_downloads_it_and_the_file_is_genuine(client, consent, form):
    response = client.get(reverse(f"consent_receipt_{form}", args=[record_of(consent)]))

    assert response.status_code == 200
    assert response["Content-Disposition"].startswith("attachment")
    assert response["Cache-Control"] == "no-store"
    document = read_file(response.content)
    assert document.content["receipt_id"] == record_of(consent)


@pytest.mark.parametrize("form", ["pdf", "json"])
def test_a_receipt_is_handed_to_nobody_else(consent, form):
    address = reverse(f"consent_receipt_{form}", args=[record_of(consent)])
    other = Client()
    assert other.get(address).status_code == 302
    other.force_login(make_customer().user)
    assert other.get(address).status_code == 404
    assert other.get(reverse(f"consent_receipt_{form}", args=["0" * 32])).status_code == 404


@pytest.mark.parametrize("rows", [1, 3])
def test_the_history_shows_every_decision_with_as_many_questions(
    client, customer, rows, django_assert_num_queries
):
    lines = [decide(customer, "withdrawn" if n % 2 else "given") for n in range(rows)]
    client.get(reverse("consent_history"))

    with django_assert_num_queries(6):
        page = client.get(reverse("consent_history")).text

    for line in lines:
        assert reverse("consent_receipt_pdf", args=[record_of(line)]) in page


@pytest.mark.parametrize("language", ["vi", "en"])
def test_a_receipt_reads_in_both_languages(consent, language):
    document = issue_consent_receipt(consent)
    purpose = consent.purpose
    with translation.override(language):
        shown = facts(document).values()
    assert ((purpose.name_vi,) in shown, (purpose.name_en,) in shown) == (
        language == "vi",
        language == "en",
    )
    assert (consent.wording,) in shown  # as it was read, in whichever language


def test_a_receipt_verifies_after_the_customer_is_erased(consent, customer):
    text = issue_consent_receipt(consent).text
    close_in_the_past(customer, 400)
    erase([customer.pk])

    assert not Consent.objects.exists()
    assert read_pasted(text).content["record"]["pii_principal_id"] == customer.public_id


def test_a_receipt_of_years_ago_still_reads(settings):
    """Signed when receipts were new: whatever changes in the code, this must go on reading."""
    kept = (Path(__file__).parents[1] / "reference" / "consent_receipt_1.json").read_bytes()
    key = "first:oPBgWSuYLfi67ELtkkxVDbrYWT28aYfQnC4u2TgYafo"
    settings.SIGNING_KEYS = parse_signing_keys(f"now:{'n' * 43}", key)

    document = read_file(kept)

    assert document.code == "R2VM-LV44-XZDQ-7DJX"
    said = facts(document)
    assert said["Consent"] == ("Given",)
    assert said["Purpose"] == ("Newsletter by e-mail",)
    assert len(document.sections) == 5
