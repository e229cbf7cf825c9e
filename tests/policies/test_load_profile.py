from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from common.personal_data import DataCategory
from policies import profile_schema
from policies.clocks import limits_in_force
from policies.models import (
    Company,
    OfficialDay,
    PolicyText,
    PolicyVersion,
    Purpose,
    Recipient,
    RetentionRule,
    TimeLimit,
    TimeLimitKind,
    sha256,
)
from policies.retention import rule_after_closing
from policies.services import load_profile

pytestmark = pytest.mark.django_db

TABLES = (
    Company,
    OfficialDay,
    PolicyVersion,
    PolicyText,
    Purpose,
    Recipient,
    RetentionRule,
    TimeLimit,
)


def everything():
    return {model: list(model.objects.order_by("pk").values()) for model in TABLES}


@pytest.mark.parametrize("name", profile_schema.known_profiles())
def test_loading_a_profile_twice_changes_nothing(name):
    load_profile(name)
    before = everything()
    history = Company.history.count(), Purpose.history.count(), TimeLimit.history.count()

    assert load_profile(name) == 0

    assert everything() == before
    assert (Company.history.count(), Purpose.history.count(), TimeLimit.history.count()) == history


@pytest.mark.parametrize(
    ("name", "minimum", "maximum", "unit", "basis"),
    [
        ("speedsms", None, 15, "working_day", "policy"),
        ("clever_group", 7, 15, "calendar_day", "policy"),
        ("spm_group", 7, 15, "working_day", "company_choice"),
        ("vietnam_server", 7, 15, "working_day", "company_choice"),
        ("fpt_smart_cloud", 7, 15, "working_day", "company_choice"),
    ],
)
def test_the_complaint_term_is_the_companys_and_the_statute_runs_beside_it(
    name, minimum, maximum, unit, basis
):
    load_profile(name)

    (promised,) = limits_in_force(TimeLimitKind.COMPLAINT_COMPLETION, timezone.localdate())
    (statutory,) = limits_in_force(TimeLimitKind.COMPLAINT_FIRST_RESPONSE, timezone.localdate())
    assert (promised.minimum, promised.maximum, promised.unit, promised.basis) == (
        minimum,
        maximum,
        unit,
        basis,
    )
    assert (statutory.maximum, statutory.unit, statutory.family) == (7, "working_day", "statute")


@pytest.mark.parametrize(
    ("name", "trigger", "months", "notice_days", "mode"),
    [
        ("speedsms", "on_request", 0, 0, "need_to_know"),
        ("clever_group", "on_request", 0, 0, "need_to_know"),
        ("spm_group", None, None, 0, "need_to_know"),
        ("vietnam_server", "service_ended", 0, 0, "approval"),
        ("fpt_smart_cloud", "account_closed", 12, 5, "need_to_know"),
    ],
)
def test_what_follows_closing_and_a_policy_change_is_the_companys(
    name, trigger, months, notice_days, mode
):
    load_profile(name)

    company = Company.objects.get()
    rule = rule_after_closing(timezone.localdate())
    assert company.profile == name
    assert (company.notice_period_days, company.staff_access_mode) == (notice_days, mode)
    if trigger is None:
        assert rule.basis == "company_choice"
    else:
        assert (rule.trigger, rule.months) == (trigger, months)


def test_a_second_profile_supersedes_the_first_without_editing_it():
    before = RetentionRule.objects.get(category=DataCategory.ACCOUNT, action="delete")

    load_profile("vietnam_server")

    after = RetentionRule.objects.get(pk=before.pk)
    assert (after.months, after.trigger) == (before.months, before.trigger)
    assert after.valid_to == timezone.localdate() - timedelta(days=1)
    assert rule_after_closing(timezone.localdate()).trigger == "service_ended"
    named = {purpose.code for purpose in profile_schema.read_profile("vietnam_server").purposes}
    assert {purpose.code for purpose in Purpose.objects.active()} == named


def test_going_back_to_the_first_profile_brings_its_rules_back():
    load_profile("vietnam_server")
    load_profile("fpt_smart_cloud")

    rule = rule_after_closing(timezone.localdate())
    assert (rule.months, rule.valid_from) == (12, timezone.localdate())
    assert load_profile("fpt_smart_cloud") == 0


def test_a_policy_text_is_kept_with_its_hash_in_both_languages():
    texts = PolicyVersion.objects.current().texts.all()
    assert sorted(text.language for text in texts) == ["en", "vi"]
    assert all(text.sha256 == sha256(text.body) for text in texts)


def test_a_purpose_knows_the_wording_of_today_in_both_languages():
    purpose = Purpose.objects.asking_consent().first()
    before = purpose.wording_hashes
    assert before == {sha256(purpose.wording_vi), sha256(purpose.wording_en)}

    purpose.wording_en += " Really?"

    assert purpose.wording_hashes == {sha256(purpose.wording_vi), sha256(purpose.wording_en)}
    assert purpose.wording_hashes != before


def test_a_broken_file_says_where_and_changes_nothing(tmp_path):
    good = (profile_schema.PROFILES / "speedsms.toml").read_text()
    broken = tmp_path / "broken.toml"
    broken.write_text(good.replace("maximum = 15", "maximum = 0", 1))
    for language in ("vi", "en"):
        text = (profile_schema.PROFILES / f"speedsms.{language}.md").read_text()
        (tmp_path / f"broken.{language}.md").write_text(text)
    before = everything()

    with pytest.raises(CommandError, match=r"broken\.toml: time_limits\[\d+\]\.maximum"):
        call_command("load_profile", str(broken))

    assert everything() == before


def test_an_unknown_profile_names_the_known_ones():
    with pytest.raises(CommandError, match="clever_group, fpt_smart_cloud"):
        call_command("load_profile", "acme")
