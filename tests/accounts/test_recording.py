from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.models import Consent, Customer, RequestChannel
from accounts.recording import Agreement, record_customer
from policies.models import Language, PolicyVersion, Purpose
from privacyportal.roles import ADMINISTRATOR, AUDITOR, COMPLAINT_OFFICER, DPO
from retention.purge import erase, erase_unverified_sign_ups
from tests.factories import make_customer, make_staff
from tests.threads import at_once

ADD = "/admin/accounts/customer/add/"


@pytest.fixture
def officer(client, db):
    user = make_staff(COMPLAINT_OFFICER)
    client.force_login(user)
    client.cookies["django_language"] = "en"
    return user


def typed(**kwargs):
    return {
        "full_name": "Lê  Thị Mai",
        "email": "Mai@Example.com",
        "phone": "0912 345 678",
        "address": "5 Lê Lợi, Huế",
        "language": "vi",
        **kwargs,
    }


def agreeing(purpose, **kwargs):
    return typed(
        agreed_to=[purpose.code],
        consent_on="2026-11-01",
        consent_channel="counter",
        consent_reference="Phiếu 12/2026",
        **kwargs,
    )


@pytest.fixture
def purpose(db):
    return Purpose.objects.asking_consent().first()


def test_an_officer_records_a_customer_without_a_sign_in(client, officer):
    page = client.post(ADD, typed())

    customer = Customer.objects.get()
    assert page.url == f"/admin/accounts/customer/{customer.pk}/change/"
    assert (customer.full_name, customer.email) == ("Lê Thị Mai", "mai@example.com")
    assert (customer.phone, customer.user) == ("+84912345678", None)
    assert not customer.consents.exists()
    assert not customer.policy_events.exists()
    (line,) = customer.history.all()
    assert (line.history_user, line.history_change_reason) == (officer, "recorded by staff")


def test_a_consent_is_recorded_with_when_how_and_where(client, officer, purpose):
    client.post(ADD, agreeing(purpose))

    consent = Consent.objects.get()
    assert (consent.purpose, consent.decision, consent.channel) == (purpose, "given", "staff")
    assert consent.actor == officer
    assert timezone.localtime(consent.at).date().isoformat() == "2026-11-01"
    assert consent.wording == purpose.wording_vi
    assert (consent.proof.channel, consent.proof.reference) == ("counter", "Phiếu 12/2026")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"full_name": ""}, "This field is required"),
        ({"email": "", "phone": ""}, "required"),
        ({"email": "mai@localhost"}, "plain letters without accents"),
        ({"phone": "12"}, "Enter a phone number that exists"),
        ({"consent_on": ""}, "when, how and where"),
        ({"consent_channel": ""}, "when, how and where"),
        ({"consent_reference": " "}, "when, how and where"),
        ({"consent_on": "2126-01-01"}, "still to come"),
        ({"consent_on": "1990-01-01"}, "No version of the policy was in effect"),
        ({"agreed_to": ["service"]}, "Select a valid choice"),
    ],
)
def test_a_bad_record_says_why_and_keeps_what_was_typed(change, said, client, officer, purpose):
    page = client.post(ADD, {**agreeing(purpose), **change})

    assert said in page.text
    assert "Thị Mai" in page.text or "full_name" in change
    assert not Customer.objects.exists()


def test_nobody_is_recorded_twice(client, officer):
    make_customer(email="mai@example.com", is_verified=True)
    make_customer(phone="+84987654321", is_verified=True)

    known = client.post(ADD, typed())
    same_phone = client.post(ADD, typed(email="khac@example.com", phone="0987654321"))

    assert "email is recorded already" in known.text
    assert "Tick below if it is another" in same_phone.text
    assert Customer.objects.count() == 2
    other = typed(email="khac@example.com", phone="0987654321", is_another="on")
    client.post(ADD, other)
    assert Customer.objects.count() == 3


def test_a_sign_up_that_proved_nothing_keeps_nobody_from_being_recorded(client, officer):
    make_customer(email="mai@example.com", phone="+84912345678")

    client.post(ADD, typed())

    assert Customer.objects.filter(user=None, email="mai@example.com").count() == 1


def test_hidden_fields_are_ignored(client, officer):
    client.post(ADD, typed(user=officer.pk, public_id="0" * 32, closed_at="2020-01-01", is_staff=1))

    customer = Customer.objects.get()
    assert (customer.user, customer.closed_at) == (None, None)
    assert customer.public_id != "0" * 32


@pytest.mark.parametrize("role", [AUDITOR, ADMINISTRATOR])
def test_only_officers_record_customers(role, client, db):
    client.force_login(make_staff(role))

    assert client.get(ADD).status_code == 403
    assert client.post(ADD, typed()).status_code == 403
    assert not Customer.objects.exists()


def test_who_has_no_sign_in_is_not_taken_for_an_unproved_sign_up(purpose):
    customer = make_customer(user=None)
    Customer.objects.update(opened_at=timezone.now() - timedelta(days=90))

    assert erase_unverified_sign_ups() == 0
    assert Customer.objects.get() == customer


def test_the_proof_goes_with_the_customer_and_not_before(client, officer, purpose):
    client.post(ADD, agreeing(purpose))
    customer = Customer.objects.get()

    for statement in ("DELETE FROM accounts_consentproof", "UPDATE accounts_consentproof SET id=9"):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    with transaction.atomic():
        erase([customer.pk])

    assert not Consent.objects.exists()


def test_two_officers_record_one_customer_once(portal):
    officers = [make_staff(DPO), make_staff(COMPLAINT_OFFICER)]
    purpose = Purpose.objects.asking_consent().first()
    day = PolicyVersion.objects.current().effective_on

    def record(officer):
        return lambda: record_customer(
            details={"full_name": "Lê Thị Mai", "phone": "", "address": ""},
            email="mai@example.com",
            language=Language.VI,
            agreed_to=[purpose],
            agreement=Agreement(day, RequestChannel.POST, "Thư 3"),
            by=officer,
        )

    outcomes = at_once(*map(record, officers))

    assert Customer.objects.count() == 1
    assert sorted(type(each).__name__ for each in outcomes) == ["Customer", "CustomerKnown"]
