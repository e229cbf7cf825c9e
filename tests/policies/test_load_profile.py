from collections import Counter
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.utils import timezone

from common.personal_data import DataCategory
from policies.clocks import limits_in_force
from policies.loading import load_profile
from policies.models import (
    Company,
    OfficialDay,
    PolicyText,
    PolicyVersion,
    Purpose,
    Recipient,
    RetentionRule,
    RuleFamily,
    TimeLimit,
    TimeLimitKind,
    sha256,
)
from policies.profile_faults import ProfileError
from policies.profile_files import known_profiles, read_profile
from policies.retention import rule_after_closing, rules_of
from tests.factories import make_policy_draft, make_policy_version
from tests.threads import at_once

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


def today():
    return timezone.localdate()


def in_force():
    """Count the rules of today by what must be unique among them."""
    limits = TimeLimit.objects.in_force(today()).values_list("family", "kind")
    rules = RetentionRule.objects.in_force(today()).values_list("category", "trigger", "action")
    return Counter([*limits, *rules])


@pytest.mark.parametrize("name", known_profiles())
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
        ("speedsms", 7, 15, "working_day", "policy"),
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

    (promised,) = limits_in_force(TimeLimitKind.COMPLAINT_COMPLETION, today())
    (statutory,) = limits_in_force(TimeLimitKind.COMPLAINT_FIRST_RESPONSE, today())
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
    rule = rule_after_closing(today())
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
    assert after.valid_to == today() - timedelta(days=1)
    assert rule_after_closing(today()).trigger == "service_ended"
    named = {purpose.code for purpose in read_profile("vietnam_server").purposes}
    assert {purpose.code for purpose in Purpose.objects.active()} == named


def test_what_the_law_demands_to_be_stored_stands_beside_the_promise():
    load_profile("speedsms")

    rules = rules_of(today())
    said = {name: [(rule.family, rule.months) for rule in rules[name]] for name in rules}
    assert said[DataCategory.ORDER] == [("promise", 0), ("statute", 36), ("statute", 120)]
    assert said[DataCategory.SURVEY_ANSWER] == [("promise", 0)]
    assert (rule_after_closing(today()).family, rule_after_closing(today()).months) == (
        "promise",
        0,
    )


def test_going_back_to_the_first_profile_brings_its_rules_back(capsys):
    for _each in range(2):
        call_command("load_profile", "vietnam_server")
    (warning,) = capsys.readouterr().err.splitlines()
    assert "was of the profile fpt_smart_cloud; from now on" in warning
    load_profile("fpt_smart_cloud")

    rule = rule_after_closing(today())
    assert (rule.months, rule.valid_from) == (12, today())
    assert load_profile("fpt_smart_cloud") == 0


def test_switching_to_and_fro_on_one_day_leaves_the_last_companys_rules_alone():
    switches = ["vietnam_server", "fpt_smart_cloud", "vietnam_server", "fpt_smart_cloud"]
    expected = in_force()
    for name in switches:
        load_profile(name)

    assert in_force() == expected
    assert set(expected.values()) == {1}
    rule = rule_after_closing(today())
    assert (rule.trigger, rule.months) == ("account_closed", 12)
    assert load_profile("fpt_smart_cloud") == 0


def test_a_rule_that_changes_its_trigger_does_not_reach_into_the_past():
    load_profile("vietnam_server")

    yesterday = today() - timedelta(days=1)
    assert rule_after_closing(yesterday).trigger == "account_closed"


def complaint_terms(on):
    limits = limits_in_force(TimeLimitKind.COMPLAINT_COMPLETION, on)
    return [limit.maximum for limit in limits if limit.family == RuleFamily.PROMISE]


def test_a_term_with_a_last_day_ends_with_the_company_that_promised_it(acme):
    coming = today() + timedelta(days=30)
    acme.breaks("maximum = 15", f"maximum = 14\nvalid_to = {coming}")
    load_profile(acme.path)
    assert complaint_terms(today()) == [14]

    load_profile("vietnam_server")

    assert TimeLimit.objects.in_force(coming).filter(maximum=14).count() == 0
    assert complaint_terms(coming) == [15]


def test_a_term_to_come_that_is_superseded_never_comes(acme):
    coming = today() + timedelta(days=30)
    text = acme.path.read_text()
    start = text.rindex("[[time_limits]]", 0, text.index('kind = "complaint_completion"'))
    table = text[start : text.index("promises = []", start)] + "promises = []\n\n"
    later = table.replace("maximum = 15", "maximum = 11").replace("2024-07-01", str(coming))
    now = table.replace("promises", f"valid_to = {coming - timedelta(days=1)}\npromises")
    acme.breaks(table.strip(), now + later)
    load_profile(acme.path)
    assert (complaint_terms(today()), complaint_terms(coming)) == ([15], [11])

    load_profile("fpt_smart_cloud")

    assert (complaint_terms(today()), complaint_terms(coming)) == ([15], [15])
    assert load_profile("fpt_smart_cloud") == 0


def test_a_last_day_in_the_past_ends_the_term_today(acme):
    acme.breaks("maximum = 15", "maximum = 15\nvalid_to = 2026-01-31")

    assert load_profile(acme.path) == 1

    assert complaint_terms(today()) == []
    assert complaint_terms(today() - timedelta(days=1)) == [15]
    assert load_profile(acme.path) == 0


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


def test_a_broken_file_says_where_and_changes_nothing(acme):
    acme.breaks("maximum = 15", "maximum = 0")
    before = everything()

    with pytest.raises(CommandError, match=r"acme\.toml: time_limits\[\d+\]\.maximum"):
        call_command("load_profile", str(acme.path))

    assert everything() == before


@pytest.mark.parametrize(
    ("suffix", "old", "new", "place"),
    [
        (".vi.md", "dữ liệu", "thông tin", "acme.vi.md"),
        (".en.md", "data", "information", "acme.en.md"),
        (".toml", "summary.en = ", 'summary.en = "Anew: "#', "acme.toml: policy.summary.en"),
        (
            ".toml",
            "published_on = 2026-08-24\neffective_on = 2026-08-29",
            "published_on = 2026-08-25\neffective_on = 2026-08-30",
            "acme.toml: policy.published_on",
        ),
    ],
)
def test_a_published_version_cannot_be_changed_under_its_number(acme, suffix, old, new, place):
    acme.breaks(old, new, suffix=suffix)
    acme.breaks("maximum = 15", "maximum = 14")
    before = everything()

    with pytest.raises(CommandError, match=f"{place}: differs from version 1 as published"):
        call_command("load_profile", str(acme.path))

    assert everything() == before


def test_a_changed_policy_with_a_new_number_is_published_beside_the_old(acme):
    acme.breaks("dữ liệu", "thông tin", suffix=".vi.md")
    acme.breaks('number = "1"', 'number = "2"')
    publish_on(acme, today())

    assert load_profile(acme.path) == 1

    assert sorted(PolicyVersion.objects.of_company().values_list("number", flat=True)) == ["1", "2"]


@pytest.mark.parametrize("number", ["v2 mới", "2/2026", "changes"])
def test_a_number_that_no_address_can_hold_is_refused(acme, number):
    acme.breaks('number = "1"', f'number = "{number}"')

    with pytest.raises(ProfileError, match=r"policy.number: .* does not have the form"):
        load_profile(acme.path)
    with pytest.raises(IntegrityError, match="policyversion_number_form"), transaction.atomic():
        PolicyVersion.objects.create(profile="acme", number=number)


def test_a_new_number_takes_effect_after_the_version_before(acme):
    coming = make_policy_version("1.1", effective_in_days=60).effective_on
    acme.breaks('number = "1"', 'number = "2"')
    publish_on(acme, today())

    with pytest.raises(ProfileError, match=f"must be after {coming}, when version 1.1 takes"):
        load_profile(acme.path)

    assert PolicyVersion.objects.count() == 2


def test_a_draft_with_the_number_of_the_file_is_named(acme):
    make_policy_draft("2")
    acme.breaks('number = "1"', 'number = "2"')
    publish_on(acme, today())

    with pytest.raises(ProfileError) as caught:
        load_profile(acme.path)

    place = "acme.toml: policy.number"
    assert str(caught.value) == f"{place}: a draft has this number; discard or renumber it"


@pytest.mark.parametrize("days", [-30, 1, 30])
def test_a_version_after_the_first_is_published_on_the_day_of_loading(days, acme):
    acme.breaks('number = "1"', 'number = "2"')
    publish_on(acme, today() + timedelta(days=days))

    sentence = rf"policy\.published_on: .* on the day on which it is loaded: {today()}"
    with pytest.raises(ProfileError, match=sentence):
        load_profile(acme.path)

    assert PolicyVersion.objects.count() == 1


def publish_on(acme, day):
    """Let the profile publish its policy on that day; return the day when it takes effect."""
    effective = day + timedelta(days=5)
    acme.breaks("published_on = 2026-08-24", f"published_on = {day}")
    acme.breaks("effective_on = 2026-08-29", f"effective_on = {effective}")
    return effective


def test_a_company_without_a_policy_in_effect_is_refused(acme):
    acme.breaks('code = "fpt_smart_cloud"', 'code = "acme"')
    effective = publish_on(acme, today() - timedelta(days=4))
    before = everything()

    sentence = f"policy.effective_on: no policy would be in effect before {effective}"
    with pytest.raises(ProfileError, match=sentence):
        load_profile(acme.path)

    assert everything() == before


def test_a_policy_to_come_waits_beside_the_one_in_effect(acme):
    acme.breaks('number = "1"', 'number = "2"')
    publish_on(acme, today())

    assert load_profile(acme.path) == 1

    assert PolicyVersion.objects.current().number == "1"


def test_an_unknown_profile_names_the_known_ones():
    with pytest.raises(CommandError, match="clever_group, fpt_smart_cloud"):
        call_command("load_profile", "acme")


@pytest.mark.django_db(transaction=True)
def test_two_first_loads_at_once_follow_one_another():
    call_command("flush", interactive=False, reset_sequences=False)

    outcomes = at_once(lambda: load_profile("speedsms"), lambda: load_profile("speedsms"))

    assert 0 in outcomes
    assert Company.history.count() == 1


def test_what_asks_for_no_consent_is_required_unless_the_profile_says_otherwise(acme):
    codes = ["service", "fraud_prevention", "personalisation"]
    loaded = Purpose.objects.in_bulk(codes, field_name="code")
    assert [loaded[code].is_required for code in codes] == [True, True, False]
    acme.breaks('code = "fraud_prevention"', 'code = "fraud_prevention"\nis_required = false')

    load_profile(acme.path)

    loaded = Purpose.objects.in_bulk(codes, field_name="code")
    assert [loaded[code].is_required for code in codes] == [True, False, False]


def test_a_profile_sets_how_long_consents_last(acme):
    acme.breaks("[parameters]", "[parameters]\nconsent_months = 24")

    load_profile(acme.path)

    company = Company.objects.get()
    assert (company.consent_months, company.newsletter) == (24, "newsletter")
