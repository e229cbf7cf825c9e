"""What is no consent: cases of the area "consent"."""

import re

import pytest
from django.urls import reverse

from accounts.models import Consent
from policies.models import PolicyVersion, Purpose, sha256
from tests.factories import PASSWORD, make_customer

pytestmark = pytest.mark.django_db

DETAILS = {
    "full_name": "Trần Thị Mai",
    "email": "mai@example.com",
    "phone": "0912 345 678",
    "password1": PASSWORD,
    "accept_policy": "on",
    "consent_newsletter": "on",
}


def test_cons_01_no_box_is_ticked_before_somebody_ticks_it(client):
    pages = [client.get(reverse("account_signup"))]
    client.force_login(make_customer().user)
    pages.append(client.get(reverse("consents")))

    for page in pages:
        boxes = re.findall(r"<input[^>]*(?:checkbox|radio)[^>]*>", page.text)
        assert not [box for box in boxes if "checked" in box]
    assert "consent_newsletter" in pages[0].text


@pytest.mark.parametrize("shown", [None, "", "0" * 64])
def test_cons_01_a_sign_up_without_the_words_it_agrees_to_is_none(shown, client):
    data = DETAILS if shown is None else {**DETAILS, "shown": shown}

    page = client.post(reverse("account_signup"), data)

    assert "shown" in page.context["form"].errors
    assert not Consent.objects.exists()


@pytest.mark.parametrize("wording", [None, "", sha256("Đồng ý tất cả?")])
def test_cons_01_a_consent_without_its_words_is_none(wording, client):
    customer = make_customer()
    client.force_login(customer.user)
    data = {"purpose": "newsletter", "decision": "given"}

    client.post(
        reverse("decide_consent"), data if wording is None else {**data, "wording": wording}
    )

    assert not Consent.objects.exists()


def test_cons_01_a_consent_says_to_what_in_which_words_language_time_and_way(client):
    customer = make_customer()
    client.force_login(customer.user)
    purpose = Purpose.objects.get(code="newsletter")
    words = sha256(purpose.wording_vi)

    client.post(
        reverse("decide_consent"), {"purpose": "newsletter", "decision": "given", "wording": words}
    )

    row = Consent.objects.get()
    assert (row.purpose, row.wording, row.wording_sha256) == (purpose, purpose.wording_vi, words)
    assert (row.language, row.channel, row.actor) == ("vi", "web", customer.user)
    assert row.policy_version == PolicyVersion.objects.current()
    assert row.at is not None
