import pytest

from accounts.registration import register_customer
from policies.models import PolicyText, PolicyVersion, Purpose, sha256
from tests.factories import make_user

pytestmark = pytest.mark.django_db

DETAILS = {"full_name": "Trần Thị Mai", "phone": "+84912345678", "address": "1 Lê Lợi, Huế"}


def newsletter():
    return Purpose.objects.get(code="newsletter")


def ledger(customer):
    return list(customer.consents.values_list("purpose__code", "decision"))


def test_signing_up_writes_policy_shown_policy_accepted_and_each_consent_as_separate_events():
    text = PolicyText.objects.get(version=PolicyVersion.objects.current(), language="vi")

    customer = register_customer(
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
    assert consent.wording_sha256 == sha256(consent.wording)
    assert customer.history.get().history_change_reason == "signed up"
