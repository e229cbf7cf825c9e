"""Consents end when the company's time for them is over."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core import mail
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.closing import close_account
from accounts.consent_expiry import expire_consents
from accounts.consents import choices_of, decide_consent
from accounts.models import Consent, ConsentDecision, EventChannel
from notices.services import send_due_notices
from policies.models import Company, Purpose
from tests.factories import make_customer
from tests.threads import at_once

pytestmark = pytest.mark.django_db


def at_noon(year, month, day):
    return time_machine.travel(datetime(year, month, day, 5, tzinfo=UTC), tick=False)


def give(customer, *codes):
    for purpose in Purpose.objects.filter(code__in=codes or ["newsletter"]):
        decide_consent(customer, purpose, decision=ConsentDecision.GIVEN, by=customer.user)


def ledger(customer):
    return list(customer.consents.values_list("purpose__code", "decision", "channel"))


@pytest.fixture
def six_months():
    Company.objects.update(consent_months=6)


@pytest.mark.parametrize(
    ("given", "last_day", "after"),
    [
        ((2027, 1, 31), (2027, 7, 31), (2027, 8, 1)),
        ((2026, 12, 1), (2027, 6, 1), (2027, 6, 2)),
        ((2027, 8, 31), (2028, 2, 29), (2028, 3, 1)),
    ],
)
def test_a_consent_counts_through_its_last_day_and_not_a_day_longer(
    six_months, given, last_day, after
):
    customer = make_customer()
    with at_noon(*given):
        give(customer)

    with at_noon(*last_day):
        assert expire_consents() == 0
    with at_noon(*after):
        assert expire_consents() == 1
        assert expire_consents() == 0

    assert ledger(customer) == [
        ("newsletter", "given", "web"),
        ("newsletter", "expired", "portal"),
    ]


def test_the_portal_writes_the_words_that_were_agreed_to_and_names_nobody(six_months):
    customer = make_customer()
    with at_noon(2027, 1, 1):
        give(customer)
    Purpose.objects.filter(code="newsletter").update(wording_vi="Khác?", wording_en="Else?")

    with at_noon(2028, 1, 1):
        expire_consents()

    given, expired = customer.consents.all()
    assert (expired.wording, expired.language) == (given.wording, given.language)
    assert expired.actor is None


def test_the_customer_is_told_of_all_that_expired_in_one_mail_and_can_consent_anew(six_months):
    customer = make_customer()
    with at_noon(2027, 1, 1):
        give(customer, "newsletter", "advertising")

    with at_noon(2028, 1, 1):
        assert expire_consents() == 2
        send_due_notices()
        (message,) = mail.outbox
        assert Purpose.objects.get(code="newsletter").name_vi in message.body
        assert Purpose.objects.get(code="advertising").name_vi in message.body
        assert "/me/consents/" in message.body
        give(customer)

    (choice,) = (each for each in choices_of(customer) if each.purpose.code == "newsletter")
    assert choice.is_given


def test_what_was_renewed_withdrawn_or_closed_does_not_expire(six_months):
    renewed, withdrawn, closed = make_customer(), make_customer(), make_customer()
    newsletter = Purpose.objects.get(code="newsletter")
    with at_noon(2027, 1, 1):
        for customer in (renewed, withdrawn, closed):
            give(customer)
    with at_noon(2027, 6, 1):
        for customer in (renewed, withdrawn):
            decide_consent(
                customer, newsletter, decision=ConsentDecision.WITHDRAWN, by=customer.user
            )
        give(renewed)
        close_account(closed, by=closed.user)

    with at_noon(2027, 8, 1):
        assert expire_consents() == 0


def test_without_a_time_of_the_company_nothing_expires():
    customer = make_customer()
    with at_noon(2027, 1, 1):
        give(customer)

    with at_noon(2057, 1, 1):
        assert expire_consents() == 0


def test_the_page_says_that_a_consent_expired_and_asks_again(client, six_months):
    customer = make_customer()
    with at_noon(2026, 11, 25):
        give(customer)
    with at_noon(2027, 11, 25):
        expire_consents()
    client.force_login(customer.user)

    page = client.get("/me/consents/")

    (choice,) = (each for each in page.context["choices"] if each.last)
    assert (choice.has_expired, choice.is_open) == (True, True)


def test_the_page_shows_the_words_that_were_agreed_to_before_the_question_changed(client):
    customer = make_customer()
    give(customer)
    asked = Purpose.objects.get(code="newsletter").wording_vi
    Purpose.objects.filter(code="newsletter").update(wording_vi="Khác?", wording_en="Else?")
    client.force_login(customer.user)

    page = client.get("/me/consents/").content.decode()

    assert asked in page
    assert "Khác?" in page


def test_nobody_decides_that_a_consent_has_expired(client):
    customer = make_customer()
    client.force_login(customer.user)
    (choice,) = (each for each in choices_of(customer) if each.purpose.code == "newsletter")

    client.post(
        "/me/consents/decide/",
        {"purpose": "newsletter", "decision": "expired", "wording": choice.wording_sha256},
    )

    assert ledger(customer) == []


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ({"decision": "expired"}, "consent_expires_by_the_portal"),
        ({"channel": EventChannel.PORTAL}, "consent_not_given_by_the_portal"),
    ],
)
def test_the_database_lets_only_the_portal_end_a_consent_so(change, constraint):
    customer = make_customer()
    give(customer)
    consent = customer.consents.get()
    consent.pk = None
    for name, value in change.items():
        setattr(consent, name, value)

    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        consent.save(force_insert=True)


@pytest.mark.usefixtures("portal")
class TestAtTheSameMoment:
    def test_two_runs_write_one_line(self):
        Company.objects.update(consent_months=6)
        customer = make_customer()
        give(customer)
        with time_machine.travel(timezone.now() + timedelta(days=400), tick=False):
            assert sorted(at_once(expire_consents, expire_consents)) == [0, 1]

        assert Consent.objects.filter(decision=ConsentDecision.EXPIRED).count() == 1
