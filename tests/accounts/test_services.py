from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone, translation

from accounts import services
from accounts.consents import choices_of
from accounts.exceptions import AccountClosed, NoSuchConsent
from accounts.models import Consent, ConsentDecision, Customer, PolicyEvent
from notices.models import Notice
from policies.counting import add_months, local_day
from policies.models import PolicyText, PolicyVersion, Purpose
from tests.factories import make_customer, make_user

pytestmark = pytest.mark.django_db

DETAILS = {"full_name": "Trần Thị Mai", "phone": "+84912345678", "address": "1 Lê Lợi, Huế"}


def newsletter():
    return Purpose.objects.get(code="newsletter")


def choice_of(customer, code):
    return next(choice for choice in choices_of(customer) if choice.purpose.code == code)


def ledger(customer):
    return list(customer.consents.values_list("purpose__code", "decision"))


def test_signing_up_writes_policy_shown_policy_accepted_and_each_consent_as_separate_events():
    text = PolicyText.objects.get(version=PolicyVersion.objects.current(), language="vi")

    customer = services.register_customer(
        make_user(email="mai@example.com"),
        details=DETAILS,
        accepted=text,
        agreed_to=[newsletter()],
    )

    assert list(customer.policy_events.values_list("kind", "text")) == [
        ("shown", text.pk),
        ("accepted", text.pk),
    ]
    assert ledger(customer) == [("newsletter", "given")]
    consent = customer.consents.get()
    assert consent.wording == newsletter().wording_vi
    assert consent.wording_sha256 == services.sha256(consent.wording)
    assert customer.history.get().history_change_reason == "signed up"


def test_a_consent_keeps_the_words_in_the_language_that_was_read():
    customer = make_customer()

    with translation.override("en"):
        services.decide_consent(
            customer, newsletter(), decision=ConsentDecision.GIVEN, by=customer.user
        )

    consent = customer.consents.get()
    assert (consent.language, consent.wording) == ("en", newsletter().wording_en)


def test_withdrawing_appends_to_the_ledger_and_deciding_the_same_twice_does_not():
    customer = make_customer()
    for decision in ("given", "given", "withdrawn", "withdrawn"):
        services.decide_consent(
            customer, newsletter(), decision=ConsentDecision(decision), by=customer.user
        )

    assert ledger(customer) == [("newsletter", "given"), ("newsletter", "withdrawn")]
    assert not choice_of(customer, "newsletter").is_given


def test_a_consent_to_other_words_does_not_count(client):
    customer = make_customer()
    services.decide_consent(
        customer, newsletter(), decision=ConsentDecision.GIVEN, by=customer.user
    )
    assert choice_of(customer, "newsletter").is_given

    Purpose.objects.filter(code="newsletter").update(wording_vi="Khác?", wording_en="Else?")

    choice = choice_of(customer, "newsletter")
    assert (choice.was_given, choice.is_given, choice.is_open) == (True, False, True)
    services.decide_consent(
        customer, newsletter(), decision=ConsentDecision.GIVEN, by=customer.user
    )
    assert choice_of(customer, "newsletter").is_given


def test_a_consent_for_a_purpose_of_the_past_can_still_be_withdrawn():
    customer = make_customer()
    services.decide_consent(
        customer, newsletter(), decision=ConsentDecision.GIVEN, by=customer.user
    )
    Purpose.objects.filter(code="newsletter").update(retired_on=timezone.localdate())

    with pytest.raises(NoSuchConsent):
        services.decide_consent(
            customer, newsletter(), decision=ConsentDecision.GIVEN, by=customer.user
        )
    choice = choice_of(customer, "newsletter")
    assert (choice.is_given, choice.is_open) == (False, False)
    services.decide_consent(
        customer, newsletter(), decision=ConsentDecision.WITHDRAWN, by=customer.user
    )
    assert "newsletter" not in {c.purpose.code for c in choices_of(customer)}


def test_withdrawing_what_was_never_given_writes_nothing():
    customer = make_customer()

    services.decide_consent(
        customer, newsletter(), decision=ConsentDecision.WITHDRAWN, by=customer.user
    )

    assert ledger(customer) == []


def test_a_purpose_on_another_legal_basis_takes_no_consent():
    customer = make_customer()
    contract = Purpose.objects.get(code="service")

    with pytest.raises(NoSuchConsent):
        services.decide_consent(
            customer, contract, decision=ConsentDecision.GIVEN, by=customer.user
        )

    assert ledger(customer) == []


@pytest.mark.parametrize("change", ["update", "delete"])
def test_the_ledger_and_the_policy_events_can_only_grow(change):
    customer = make_customer()
    services.decide_consent(
        customer, newsletter(), decision=ConsentDecision.GIVEN, by=customer.user
    )
    text = PolicyText.objects.first()
    PolicyEvent.objects.create(customer=customer, kind="shown", text=text, channel="web")

    for rows in (Consent.objects.all(), PolicyEvent.objects.all()):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            rows.update(at=timezone.now()) if change == "update" else rows.delete()

    assert ledger(customer) == [("newsletter", "given")]


def test_correcting_details_keeps_history_and_tells_the_customer_once():
    customer = make_customer(full_name="Cũ")

    changed = services.correct_details(customer, details=DETAILS, by=customer.user)

    assert changed == ["full_name", "phone", "address"]
    assert [row.full_name for row in customer.history.all()] == ["Trần Thị Mai", "Cũ"]
    assert customer.history.first().history_user == customer.user
    assert Notice.objects.get().recipient == customer.public_id


def test_correcting_nothing_leaves_no_trace():
    customer = make_customer(**DETAILS)

    assert services.correct_details(customer, details=DETAILS, by=customer.user) == []

    assert customer.history.count() == 1
    assert not Notice.objects.exists()


def test_closing_says_until_when_ends_consents_and_sign_in_and_mails_once():
    customer = make_customer()
    services.decide_consent(
        customer, newsletter(), decision=ConsentDecision.GIVEN, by=customer.user
    )

    until = services.close_account(customer, by=customer.user)
    again = services.close_account(Customer.objects.get(pk=customer.pk), by=customer.user)

    customer.refresh_from_db()
    customer.user.refresh_from_db()
    assert until == again == add_months(local_day(customer.closed_at), 12)
    assert not customer.user.is_active
    assert customer.kept_until == until
    assert ledger(customer)[-1] == ("newsletter", "withdrawn")
    assert Notice.objects.filter(template="account_closed").count() == 1


def test_a_closed_account_is_read_only():
    customer = make_customer(closed_days_ago=3, full_name="Cũ")

    with pytest.raises(AccountClosed):
        services.correct_details(customer, details=DETAILS, by=customer.user)
    with pytest.raises(AccountClosed):
        services.decide_consent(
            customer, newsletter(), decision=ConsentDecision.GIVEN, by=customer.user
        )

    customer.refresh_from_db()
    assert customer.full_name == "Cũ"
    assert ledger(customer) == []


def test_an_account_cannot_close_before_it_opened():
    customer = make_customer()
    with pytest.raises(IntegrityError, match="customer_closed_after_opened"):
        Customer.objects.filter(pk=customer.pk).update(
            closed_at=customer.opened_at - timedelta(seconds=1)
        )
