"""What refusals, newsletters and choices say about the promises."""

from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from access.models import AccessAction, AccessRecord
from access.services import record_access
from accounts.closing import close_account
from accounts.consents import decide_consent
from accounts.models import Consent, ConsentDecision
from marketing.models import ApiClient, NewsletterIssue
from marketing.subscriptions import forget_old_subscriptions
from marketing.systems import add_system, answer_system, revoke_system
from policies.loading import load_profile
from policies.models import Purpose, Recipient
from privacyportal.roles import ADMINISTRATOR, COMPLAINT_OFFICER
from tests.answers import answer_of, without_guards
from tests.factories import make_customer, make_staff
from tests.marketing.conftest import make_issue
from tests.marketing.test_newsletter import ask, send

pytestmark = pytest.mark.django_db

STOPS = pytest.mark.parametrize(
    ("profile", "code"), [("fpt_smart_cloud", "FPT-18"), ("vietnam_server", "VS-12")]
)


def mails():
    return Purpose.objects.asking_consent().filter(channel="email").first()


def system_that_asks(name="CRM"):
    system, _key = add_system(name, by=make_staff(ADMINISTRATOR))
    answer_system(system, contact="nobody@example.com", purpose=mails())
    return system


@STOPS
def test_a_consent_that_outlives_its_account_breaks_the_promise(profile, code):
    load_profile(profile)
    system_that_asks()
    customer = make_customer()
    decide_consent(customer, mails(), decision=ConsentDecision.GIVEN, by=customer.user)
    close_account(customer, by=customer.user)
    assert answer_of(code) == ("kept", 0, "systems")

    without_guards("accounts_consent")
    Consent.objects.filter(decision=ConsentDecision.WITHDRAWN).delete()
    assert answer_of(code) == ("broken", 1, "consents")


@STOPS
def test_vs_12_and_fpt_18_are_kept_while_every_system_asks(profile, code):
    load_profile(profile)
    assert answer_of(code) == ("not_measured", None, "")

    system_that_asks()
    assert answer_of(code) == ("kept", 0, "systems")

    silent, _key = add_system("Shop", by=make_staff(ADMINISTRATOR))
    assert answer_of(code) == ("at_risk", 1, "systems")

    revoke_system(silent, by=make_staff(ADMINISTRATOR))
    assert answer_of(code) == ("kept", 0, "systems")


def test_a_system_that_asked_a_month_ago_is_one_that_does_not_ask():
    system_that_asks()
    ApiClient.objects.update(last_asked_at=timezone.now() - timedelta(days=29))
    assert answer_of("FPT-18") == ("kept", 0, "systems")

    ApiClient.objects.update(last_asked_at=timezone.now() - timedelta(days=31))
    assert answer_of("FPT-18") == ("at_risk", 1, "systems")


def test_fpt_22_is_kept_while_anybody_can_subscribe(client):
    ask(client)
    assert answer_of("FPT-22") == ("kept", 0, "subscriptions")

    with time_machine.travel(timezone.now() + timedelta(days=4), tick=False):
        assert answer_of("FPT-22") == ("at_risk", 1, "subscriptions")
        forget_old_subscriptions()
        assert answer_of("FPT-22") == ("kept", 0, "subscriptions")

    Purpose.objects.filter(code="newsletter").update(retired_on="2026-01-01")
    assert answer_of("FPT-22") == ("broken", 1, "purposes")


def test_vs_11_is_broken_by_a_newsletter_without_the_word_of_its_sender():
    """The database refuses one; were its guards gone, the control would tell."""
    load_profile("vietnam_server")
    send(make_issue(purpose=mails()))
    assert answer_of("VS-11") == ("not_measured", None, "")

    without_guards("marketing_newsletterissue")
    with connection.cursor() as cursor:
        table = "ALTER TABLE marketing_newsletterissue"
        cursor.execute(f"{table} DROP CONSTRAINT newsletterissue_sent_is_own")
    NewsletterIssue.objects.update(is_own=False)
    assert answer_of("VS-11") == ("broken", 1, "newsletters")


@pytest.mark.parametrize(
    ("profile", "code"),
    [("vietnam_server", "VS-4"), ("fpt_smart_cloud", "FPT-16"), ("fpt_smart_cloud", "FPT-19")],
)
def test_choices_are_never_called_kept_because_other_sites_go_unseen(profile, code, settings):
    load_profile(profile)
    for origins in ([], ["https://www.example.vn"]):
        settings.PREFERENCE_ORIGINS = origins
        assert answer_of(code) == ("not_measured", None, "")


def look_at(customer, purpose, action=AccessAction.REVEAL):
    record_access(
        by=make_staff(COMPLAINT_OFFICER),
        action=action,
        customer=customer.public_id,
        purpose=purpose,
        field_groups=["contact"],
    )


@pytest.mark.parametrize("code", ["SP-4", "SP-16"])
def test_sp_16_is_broken_by_a_use_without_consent(code):
    load_profile("speedsms")
    assert answer_of(code) == ("not_measured", None, "")
    system_that_asks()
    customer = make_customer()
    look_at(customer, "announcements", AccessAction.CHECK)
    look_at(customer, "service")
    decide_consent(customer, mails(), decision=ConsentDecision.GIVEN, by=customer.user)
    look_at(customer, "announcements")
    assert answer_of(code) == ("kept", 0, "systems")

    decide_consent(customer, mails(), decision=ConsentDecision.WITHDRAWN, by=customer.user)
    look_at(customer, "announcements")
    assert answer_of(code) == ("broken", 1, "uses")
    look_at(make_customer(), "announcements")
    look_at(customer, "curiosity")
    assert answer_of(code) == ("broken", 3, "uses")


def test_sp_16_the_desk_refuses_a_use_without_consent(client):
    load_profile("speedsms")
    customer = make_customer()
    client.force_login(make_staff(COMPLAINT_OFFICER))
    page = f"/admin/accounts/customer/{customer.pk}/reveal/"
    why = {"groups": ["contact"], "purpose": "announcements", "reason": "contact", "case": ""}

    refused = client.post(page, why)

    assert "purpose" in refused.context_data["form"].errors
    assert not AccessRecord.objects.exists()
    decide_consent(customer, mails(), decision=ConsentDecision.GIVEN, by=customer.user)
    assert customer.phone in client.post(page, why).text


def test_vs_11_is_broken_by_an_advertiser_among_the_recipients():
    load_profile("vietnam_server")
    without_guards("policies_recipient")
    Recipient.objects.update(kind="advertising")

    assert answer_of("VS-11") == ("broken", Recipient.objects.active().count(), "recipients")
