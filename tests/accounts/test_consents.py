import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone, translation

from accounts.consents import choices_of, decide_consent
from accounts.exceptions import NoSuchConsent
from accounts.models import Consent, ConsentDecision, PolicyEvent
from policies.models import PolicyText, Purpose
from tests.factories import make_customer

pytestmark = pytest.mark.django_db


def newsletter():
    return Purpose.objects.get(code="newsletter")


def choice_of(customer, code):
    return next(choice for choice in choices_of(customer) if choice.purpose.code == code)


def ledger(customer):
    return list(customer.consents.values_list("purpose__code", "decision"))


def test_a_consent_keeps_the_words_in_the_language_that_was_read():
    customer = make_customer()

    with translation.override("en"):
        decide_consent(customer, newsletter(), decision=ConsentDecision.GIVEN, by=customer.user)

    consent = customer.consents.get()
    assert (consent.language, consent.wording) == ("en", newsletter().wording_en)


def test_withdrawing_appends_to_the_ledger_and_deciding_the_same_twice_does_not():
    customer = make_customer()
    for decision in ("given", "given", "withdrawn", "withdrawn"):
        decide_consent(customer, newsletter(), decision=ConsentDecision(decision), by=customer.user)

    assert ledger(customer) == [("newsletter", "given"), ("newsletter", "withdrawn")]
    assert not choice_of(customer, "newsletter").is_given


def test_a_consent_to_other_words_does_not_count(client):
    customer = make_customer()
    decide_consent(customer, newsletter(), decision=ConsentDecision.GIVEN, by=customer.user)
    assert choice_of(customer, "newsletter").is_given

    Purpose.objects.filter(code="newsletter").update(wording_vi="Khác?", wording_en="Else?")

    choice = choice_of(customer, "newsletter")
    assert (choice.was_given, choice.is_given, choice.is_open) == (True, False, True)
    decide_consent(customer, newsletter(), decision=ConsentDecision.GIVEN, by=customer.user)
    assert choice_of(customer, "newsletter").is_given


def test_a_consent_for_a_purpose_of_the_past_can_still_be_withdrawn():
    customer = make_customer()
    decide_consent(customer, newsletter(), decision=ConsentDecision.GIVEN, by=customer.user)
    Purpose.objects.filter(code="newsletter").update(retired_on=timezone.localdate())

    with pytest.raises(NoSuchConsent):
        decide_consent(customer, newsletter(), decision=ConsentDecision.GIVEN, by=customer.user)
    choice = choice_of(customer, "newsletter")
    assert (choice.is_given, choice.is_open) == (False, False)
    decide_consent(customer, newsletter(), decision=ConsentDecision.WITHDRAWN, by=customer.user)
    assert "newsletter" not in {c.purpose.code for c in choices_of(customer)}


def test_withdrawing_what_was_never_given_writes_nothing():
    customer = make_customer()

    decide_consent(customer, newsletter(), decision=ConsentDecision.WITHDRAWN, by=customer.user)

    assert ledger(customer) == []


def test_a_purpose_on_another_legal_basis_takes_no_consent():
    customer = make_customer()
    contract = Purpose.objects.get(code="service")

    with pytest.raises(NoSuchConsent):
        decide_consent(customer, contract, decision=ConsentDecision.GIVEN, by=customer.user)

    assert ledger(customer) == []


@pytest.mark.parametrize("change", ["update", "delete"])
def test_the_ledger_and_the_policy_events_can_only_grow(change):
    customer = make_customer()
    decide_consent(customer, newsletter(), decision=ConsentDecision.GIVEN, by=customer.user)
    text = PolicyText.objects.first()
    PolicyEvent.objects.create(customer=customer, kind="shown", text=text, channel="web")

    for rows in (Consent.objects.all(), PolicyEvent.objects.all()):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            rows.update(at=timezone.now()) if change == "update" else rows.delete()

    assert ledger(customer) == [("newsletter", "given")]
