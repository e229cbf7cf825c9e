"""What versions, company and recipients say about the promises."""

from datetime import timedelta

import pytest
from django.utils import timezone

from policies.loading import load_profile
from policies.models import Agreement, Company, PolicyText, PolicyVersion, Recipient
from tests.answers import answer_of, without_guards
from tests.factories import make_policy_draft, make_policy_version, make_user

pytestmark = pytest.mark.django_db

NOT_MEASURED = ("not_measured", None, "")  # nothing breaks it, and nothing proves it


def make_agreement(recipient, *, ends_in_days=30):
    today = timezone.localdate()
    return Agreement.objects.create(
        recipient=recipient,
        reference=f"HD-{recipient.code}",
        valid_from=today - timedelta(days=60),
        valid_to=today + timedelta(days=ends_in_days),
        file="agreements/x",
        file_name="x.pdf",
        file_sha256="0" * 64,
        added_by=make_user(is_staff=True),
    )


def test_fpt_1_a_change_gets_the_promised_notice():
    make_policy_version("2", effective_in_days=9)

    assert answer_of("FPT-1") == ("kept", 0, "versions")


def test_fpt_1_is_broken_by_a_version_with_a_shorter_notice():
    Company.objects.update(notice_period_days=0)
    make_policy_version("2")

    assert answer_of("FPT-1") == ("broken", 1, "versions")


def test_fpt_1_forgets_a_short_notice_once_the_version_is_superseded():
    Company.objects.update(notice_period_days=0)
    make_policy_version("2", published_days_ago=20, effective_in_days=-20)
    Company.objects.update(notice_period_days=5)
    make_policy_version("3", effective_in_days=-1)

    assert answer_of("FPT-1") == ("kept", 0, "versions")


def test_fpt_21_every_published_version_can_be_shown():
    make_policy_version("2", effective_in_days=5)
    make_policy_draft("3")

    assert answer_of("FPT-21") == ("kept", 0, "versions")


def test_fpt_21_is_broken_by_a_version_that_lost_its_summary():
    without_guards("policies_policyversion")
    PolicyVersion.objects.update(summary_en="")

    assert answer_of("FPT-21") == ("broken", 1, "versions")


def test_spm_8_the_policy_is_published_in_both_languages():
    load_profile("spm_group")

    assert answer_of("SPM-8") == ("kept", 0, "versions")
    assert answer_of("SPM-7") == ("kept", 0, "versions")


def test_spm_8_is_broken_by_a_version_that_lost_a_language():
    load_profile("spm_group")
    without_guards("policies_policytext")
    PolicyText.objects.filter(version__profile="spm_group", language="en").delete()

    assert answer_of("SPM-8") == ("broken", 1, "versions")
    assert answer_of("SPM-7") == ("broken", 1, "versions")


def test_sp_8_names_the_company():
    load_profile("speedsms")

    assert answer_of("SP-8") == ("kept", 0, "facts")


def test_sp_8_is_at_risk_while_facts_are_missing(settings):
    load_profile("speedsms")
    Company.objects.update(tax_code="", address_en="", email="")
    settings.CONTACT_EMAIL = ""

    assert answer_of("SP-8") == ("at_risk", 3, "facts")


@pytest.mark.parametrize(
    ("profile", "code", "lacking"),
    [
        ("clever_group", "CG-8", 6),
        ("fpt_smart_cloud", "FPT-14", 2),
        ("fpt_smart_cloud", "FPT-15", 1),
    ],
)
def test_a_recipient_without_agreement_puts_the_promise_at_risk(profile, code, lacking):
    load_profile(profile)

    assert answer_of(code) == ("at_risk", lacking, "recipients")


def test_fpt_15_is_kept_with_a_valid_agreement_and_at_risk_once_it_ends():
    agents = Recipient.objects.get(code="agents")
    make_agreement(agents)
    assert answer_of("FPT-15") == ("kept", 0, "recipients")

    late = Recipient.objects.create(code="new_agent", kind="agent", name_vi="x", name_en="x")
    make_agreement(late, ends_in_days=-1)
    assert answer_of("FPT-15") == ("at_risk", 1, "recipients")


def test_spm_4_nobody_of_a_forbidden_kind_receives():
    load_profile("spm_group")

    assert answer_of("SPM-4") == NOT_MEASURED


def test_spm_4_is_broken_by_a_partner():
    load_profile("spm_group")
    without_guards("policies_recipient")
    Recipient.objects.create(code="broker", kind="partner", name_vi="x", name_en="x")

    assert answer_of("SPM-4") == ("broken", 1, "recipients")


def test_vs_15_nobody_receives_hosted_content():
    load_profile("vietnam_server")

    assert answer_of("VS-15") == NOT_MEASURED


def test_vs_15_is_broken_by_whoever_receives_hosted_content():
    load_profile("vietnam_server")
    without_guards("policies_recipient")
    Recipient.objects.filter(code="vnnic").update(data_categories=["contact", "hosted_content"])

    assert answer_of("VS-15") == ("broken", 1, "recipients")


def test_a_retired_recipient_breaks_nothing():
    load_profile("vietnam_server")
    Recipient.objects.filter(code="vnnic").update(
        data_categories=["hosted_content"], retired_on=timezone.localdate()
    )

    assert answer_of("VS-15") == NOT_MEASURED


def test_without_anybody_to_bind_the_promise_of_agreements_does_not_apply():
    Recipient.objects.update(retired_on=timezone.localdate())

    assert answer_of("FPT-15") == ("not_applicable", None, "")
