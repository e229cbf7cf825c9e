import csv
import datetime as dt
import re
from typing import get_args

import pytest

from common.personal_data import DataCategory
from policies import models, profile_words
from policies.profile_faults import ProfileError
from policies.profile_files import PROFILES, known_profiles, read_profile, read_statute
from policies.profile_rules import TimeLimit
from policies.profile_schema import Profile

CALENDAR = PROFILES.parent / "official_calendar.csv"
PROMISES = {
    "speedsms": [
        *("SP-1", "SP-2", "SP-3", "SP-4", "SP-5", "SP-6", "SP-7", "SP-8", "SP-9", "SP-10"),
        *("SP-11", "SP-12", "SP-13", "SP-14", "SP-15", "SP-16", "SP-17", "SP-18", "SP-19"),
    ],
    "clever_group": [
        *("CG-1", "CG-2", "CG-3", "CG-4", "CG-5", "CG-6", "CG-7"),
        *("CG-8", "CG-9", "CG-10", "CG-11", "CG-12", "CG-13", "CG-14"),
    ],
    "spm_group": [
        *("SPM-1", "SPM-2", "SPM-3", "SPM-4", "SPM-5", "SPM-6", "SPM-7", "SPM-8", "SPM-9"),
    ],
    "vietnam_server": [
        *("VS-1", "VS-2", "VS-3", "VS-4", "VS-5", "VS-6", "VS-7", "VS-8", "VS-9", "VS-10"),
        *("VS-11", "VS-12", "VS-13", "VS-14", "VS-15", "VS-16", "VS-17", "VS-19", "VS-20"),
    ],
    "fpt_smart_cloud": [
        *("FPT-1", "FPT-2", "FPT-3", "FPT-4", "FPT-5", "FPT-6", "FPT-7", "FPT-8"),
        *("FPT-9", "FPT-10", "FPT-11", "FPT-12", "FPT-13", "FPT-14", "FPT-15", "FPT-16"),
        *("FPT-17", "FPT-18", "FPT-19", "FPT-20", "FPT-21", "FPT-22"),
    ],
}


def completion(profile: Profile) -> TimeLimit:
    (limit,) = (row for row in profile.time_limits if row.kind == "complaint_completion")
    return limit


def kept(profile: Profile, category: str) -> list[tuple[str, int, str, str]]:
    return [
        (rule.trigger, rule.months, rule.action, rule.basis)
        for rule in profile.retention_rules
        if rule.category == category
    ]


def test_all_five_companies_are_shipped():
    assert known_profiles() == sorted(PROMISES)


@pytest.mark.parametrize("name", sorted(PROMISES))
def test_shipped_profile_is_valid_and_holds_every_promise(name):
    profile = read_profile(name)

    assert profile.code == name
    assert [promise.code for promise in profile.promises] == PROMISES[name]


@pytest.mark.parametrize("name", sorted(PROMISES))
def test_policy_is_written_in_both_languages_with_the_same_sections(name):
    text = read_profile(name).text

    vietnamese = re.findall(r"^(#+ (?:\d+\.)?)", text.vi, re.MULTILINE)
    english = re.findall(r"^(#+ (?:\d+\.)?)", text.en, re.MULTILINE)

    assert vietnamese == english
    assert len(vietnamese) > 8
    assert text.vi != text.en


@pytest.mark.parametrize(
    ("name", "term"),
    [
        ("speedsms", (7, 15, "working_day", "policy")),
        ("clever_group", (7, 15, "calendar_day", "policy")),
        ("spm_group", (7, 15, "working_day", "company_choice")),
        ("vietnam_server", (7, 15, "working_day", "company_choice")),
        ("fpt_smart_cloud", (7, 15, "working_day", "company_choice")),
    ],
)
def test_complaint_term_is_the_promised_one_or_marked_as_chosen(name, term):
    limit = completion(read_profile(name))

    assert (limit.minimum, limit.maximum, limit.unit, limit.basis) == term


@pytest.mark.parametrize(
    ("name", "rules"),
    [
        ("speedsms", [("on_request", 0, "delete", "policy")]),
        (
            "clever_group",
            [
                ("on_request", 0, "delete", "policy"),
                ("no_longer_necessary", 0, "delete", "policy"),
            ],
        ),
        ("spm_group", [("account_closed", 0, "delete", "company_choice")]),
        ("vietnam_server", [("service_ended", 0, "delete", "policy")]),
        (
            "fpt_smart_cloud",
            [
                ("account_closed", 0, "restrict", "policy"),
                ("account_closed", 12, "delete", "policy"),
            ],
        ),
    ],
)
def test_account_is_kept_as_promised(name, rules):
    assert kept(read_profile(name), "account") == rules


@pytest.mark.parametrize("name", sorted(PROMISES))
def test_evidence_goes_with_its_complaint(name):
    profile = read_profile(name)

    assert kept(profile, "evidence") == kept(profile, "complaint")


@pytest.mark.parametrize(
    ("name", "notice_days", "access", "forbidden", "closed"),
    [
        ("speedsms", 0, "need_to_know", (), ()),
        ("clever_group", 0, "need_to_know", ("advertising",), ()),
        ("spm_group", 0, "need_to_know", ("partner", "affiliate", "agent", "advertising"), ()),
        ("vietnam_server", 0, "approval", ("advertising",), ("hosted_content",)),
        ("fpt_smart_cloud", 5, "need_to_know", (), ("survey_answer",)),
    ],
)
def test_parameters_follow_the_policy(name, notice_days, access, forbidden, closed):
    parameters = read_profile(name).parameters

    assert parameters.notice_period_days == notice_days
    assert parameters.staff_access_mode == access
    assert parameters.forbidden_recipient_kinds == forbidden
    assert parameters.closed_data_categories == closed


def test_amendments_of_fpt_take_effect_five_days_after_notification():
    policy = read_profile("fpt_smart_cloud").policy

    assert policy.effective_on - policy.published_on == dt.timedelta(days=5)


def test_sp_8_names_the_collecting_company():
    company = read_profile("speedsms").company

    assert company.name.en == "MPOWER VIET NAM TECHNOLOGY COMPANY LIMITED"
    assert (company.phone, company.tax_code) == ("+84 979 051 021", "0107386356")
    assert company.complaints_phone == "+84 979 051 022"
    assert company.unstated == ("email", "website", "complaints_email")


def test_statute_pack_holds_the_law_of_2026_unconfirmed():
    limits = read_statute().time_limits

    assert {
        limit.kind: (limit.maximum, limit.unit, limit.third_party, limit.extension)
        for limit in limits
        if limit.valid_to is None
    } == {
        "complaint_first_response": (7, "working_day", None, None),
        "rights_first_response": (2, "working_day", None, None),
        "rights_withdraw": (15, "calendar_day", 20, 15),
        "rights_access": (10, "calendar_day", 15, 10),
        "rights_delete": (20, "calendar_day", 30, 20),
        "rights_protect": (15, "calendar_day", None, 15),
        "breach_authority": (72, "hour", None, None),
        "breach_people": (72, "hour", None, None),
        "attack_authority": (24, "hour", None, None),
        "impact_dossier": (60, "calendar_day", None, None),
        "cross_border_dossier": (60, "calendar_day", None, None),
        "dossier_update": (6, "month", None, None),
    }
    assert not any(limit.source_checked for limit in limits)


def test_requests_before_2026_run_under_the_old_decree():
    old = [limit for limit in read_statute().time_limits if limit.valid_to]

    assert {(limit.kind, limit.maximum, limit.unit) for limit in old} == {
        (kind, 72, "hour")
        for kind in ("rights_withdraw", "rights_access", "rights_delete", "rights_protect")
    }
    assert {limit.valid_to for limit in old} == {dt.date(2025, 12, 31)}


def test_what_other_law_demands_to_be_stored_is_deleted_by_no_row_of_it():
    rules = read_statute().retention_rules

    assert [(rule.category, rule.trigger, rule.months) for rule in rules] == [
        ("order", "created", 36),
        ("order", "year_ended", 120),
    ]
    assert {(rule.action, rule.basis) for rule in rules} == {("restrict", "statute")}
    assert not any(rule.source_checked for rule in rules)


def test_calendar_is_in_order_and_labelled_in_both_languages():
    with CALENDAR.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))

    days = [dt.date.fromisoformat(row["date"]) for row in rows]
    assert days == sorted(set(days))
    assert {row["day_type"] for row in rows} == {"OFF", "WORKING"}
    assert all(row["label_vi"] and row["label_en"] for row in rows)
    assert all(
        day.weekday() == 5
        for day, row in zip(days, rows, strict=True)
        if row["day_type"] == "WORKING"
    )


@pytest.mark.parametrize(
    ("in_files", "in_rows"),
    [
        (profile_words.Language, models.Language),
        (profile_words.LegalBasis, models.LegalBasis),
        (profile_words.Channel, models.Channel),
        (profile_words.RecipientKind, models.RecipientKind),
        (profile_words.DataCategory, DataCategory),
        (profile_words.TimeLimitKind, models.TimeLimitKind),
        (profile_words.TimeUnit, models.TimeUnit),
        (profile_words.Family, models.RuleFamily),
        (profile_words.Basis, models.RuleBasis),
        (profile_words.Trigger, models.RetentionTrigger),
        (profile_words.Action, models.RetentionAction),
        (profile_words.DayKind, models.DayKind),
        (profile_words.StaffAccessMode, models.StaffAccessMode),
        (profile_words.Assignment, models.Assignment),
    ],
)
def test_files_and_rows_know_the_same_words(in_files, in_rows):
    assert set(get_args(in_files)) == set(in_rows.values)


def test_copy_of_a_profile_elsewhere_is_read_by_its_path(acme):
    assert read_profile(str(acme.path)) == read_profile("fpt_smart_cloud")


def test_unknown_name_lists_the_known_ones():
    with pytest.raises(ProfileError) as caught:
        read_profile("fpt")

    assert str(caught.value) == (
        "fpt: no such profile; known are clever_group, fpt_smart_cloud, speedsms, spm_group, "
        "vietnam_server, or give the path of a .toml file"
    )


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (
            'name.vi = "Ghi âm cuộc gọi"\n',
            "",
            "acme.toml: purposes[4].name.vi (call_recording): is missing",
        ),
        (
            'name.vi = "Ghi âm cuộc gọi"\n',
            'name.vi = " "\n',
            "acme.toml: purposes[4].name.vi (call_recording): must not be empty",
        ),
        (
            'unit = "working_day"',
            'unit = "fortnight"',
            "acme.toml: time_limits[0].unit: must be one of 'working_day', 'calendar_day', "
            "'hour' or 'month', not 'fortnight'",
        ),
        (
            "maximum = 15",
            'maximum = "15"',
            "acme.toml: time_limits[0].maximum: must be a whole number, not '15'",
        ),
        (
            "maximum = 15",
            "maximum = 5",
            "acme.toml: time_limits[0].maximum: 5 is less than the minimum 7",
        ),
        (
            "valid_from = 2024-07-01",
            "valid_from = 2024-07-01\nvalid_to = 2024-06-30",
            "acme.toml: time_limits[0].valid_to: lies before valid_from 2024-07-01",
        ),
        (
            'code = "personalisation"',
            'code = "support"',
            "acme.toml: purposes[3].code: support is in purposes[1] already",
        ),
        (
            "notice_period_days = 5",
            "notice_period_days = 5\nnotice_weeks = 1",
            "acme.toml: parameters.notice_weeks: is not a key that the portal knows",
        ),
        (
            "notice_period_days = 5",
            "notice_period_days = 6",
            "acme.toml: policy.effective_on: must be 2026-08-30: 6 days after publication",
        ),
        (
            'promises = ["FPT-4"]',
            'promises = ["FPT-99"]',
            "acme.toml: purposes[4].promises: FPT-99 is not among the promises",
        ),
        (
            'legal_basis = "consent"',
            'legal_basis = "contract"',
            "acme.toml: purposes[1].wording (personalisation): asks for consent although the "
            "legal basis is contract",
        ),
        (
            'legal_basis = "contract"',
            'legal_basis = "consent"',
            "acme.toml: purposes[0].wording (service): is missing: consent needs the question "
            "the customer answers",
        ),
        (
            'legal_basis = "consent"',
            'legal_basis = "consent"\nis_required = true',
            "acme.toml: purposes[1].is_required (personalisation): cannot be true where the "
            "customer is asked for consent",
        ),
        (
            'data_categories = ["call_recording"]',
            'data_categories = ["call_recording", "hosted_content"]',
            "acme.toml: purposes[4].data_categories: hosted_content has no retention rule",
        ),
        (
            'data_categories = ["call_recording"]',
            'data_categories = ["account"]',
            "acme.toml: retention_rules[7].category: no purpose uses call_recording",
        ),
        (
            "forbidden_recipient_kinds = []",
            'forbidden_recipient_kinds = ["agent"]',
            "acme.toml: recipients[3].kind: agent is forbidden by the parameters",
        ),
        (
            'purposes = ["fraud_prevention"]',
            'purposes = ["fraud_prevention", "sales"]',
            "acme.toml: recipients[4].purposes: sales is not among the purposes",
        ),
        (
            'data_categories = ["account", "contact", "order"]\npromises = ["FPT-12"]',
            'data_categories = ["call_recording"]\npromises = ["FPT-12"]',
            "acme.toml: recipients[4].data_categories: no purpose of this recipient uses"
            " call_recording",
        ),
        (
            'closed_data_categories = ["survey_answer"]',
            'closed_data_categories = ["enquiry"]',
            "acme.toml: recipients[3].data_categories: enquiry is closed by the parameters",
        ),
        (
            'country = "US"\ncross_border = true',
            'country = "US"\ncross_border = false',
            "acme.toml: recipients[5].cross_border (google_analytics): contradicts the country US",
        ),
        (
            'optional_fields = ["address"]',
            'optional_fields = ["address", "phone"]',
            "acme.toml: parameters.optional_fields: phone cannot be both required and optional",
        ),
        (
            'address.en = ""',
            'address.en = "Hanoi"',
            "acme.toml: company.address.en: give both languages or leave both empty",
        ),
        (
            'phone = ""',
            'phone = "+84 24 1234 5678"',
            "acme.toml: company.unstated: must name exactly the empty fields: address, email, "
            "tax_code, website, complaints_phone, complaints_email, complaints_address",
        ),
    ],
)
def test_fault_names_file_place_and_reason(acme, old, new, fault):
    acme.breaks(old, new)

    assert acme.faults() == [fault]


def test_all_faults_are_told_at_once(acme):
    acme.breaks('name.vi = "Ghi âm cuộc gọi"\n', "")
    acme.breaks("maximum = 15", "maximum = 5")
    acme.breaks('promises = ["FPT-4"]', 'promises = ["FPT-99"]')
    acme.path.with_name("acme.en.md").unlink()

    assert acme.faults() == [
        "acme.toml: purposes[4].name.vi (call_recording): is missing",
        "acme.toml: time_limits[0].maximum: 5 is less than the minimum 7",
        "acme.en.md: there is no such file",
        "acme.toml: purposes[4].promises: FPT-99 is not among the promises",
    ]


def test_profile_cannot_bring_a_statute(acme):
    acme.breaks('family = "promise"', 'family = "statute"')
    acme.breaks('basis = "company_choice"', 'basis = "statute"')

    assert acme.faults() == [
        "acme.toml: time_limits[0].family: a profile holds promises; statutes are shipped"
    ]


def test_every_profile_must_say_what_happens_to_evidence(acme):
    acme.breaks('category = "evidence"', 'category = "complaint"')
    acme.breaks('"complaint", "evidence", ', '"complaint", ')

    assert "acme.toml: retention_rules: has no rule for evidence" in acme.faults()


def test_two_rows_of_one_clock_never_overlap(acme):
    acme.breaks("[[retention_rules]]", "[[time_limits]]\n" + ONE_MORE + "\n[[retention_rules]]")

    assert acme.faults() == [
        "acme.toml: time_limits: complaint_completion from 2025-01-01 overlaps the row before it"
    ]


ONE_MORE = """
kind = "complaint_completion"
family = "promise"
maximum = 10
unit = "working_day"
basis = "company_choice"
source.vi = "Công ty tự chọn"
source.en = "Chosen by the company"
source_checked = true
valid_from = 2025-01-01
promises = []
"""


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (
            'code = "fpt_smart_cloud"',
            "code = fpt_smart_cloud",
            "acme.toml: line 1, column 8: Invalid value",
        ),
        (
            'short_name = "FPT Smart Cloud"',
            'short_name = "FPT Smart Cloud',
            "acme.toml: line 6, column 30: Illegal character '\\n'",
        ),
    ],
)
def test_toml_mistake_names_line_and_column(acme, old, new, fault):
    acme.breaks(old, new)

    assert acme.faults() == [fault]


def test_unfinished_file_names_its_end(acme):
    acme.path.write_text('code = "acme"\nname = """never\nclosed', encoding="utf-8")

    (fault,) = acme.faults()

    assert fault.startswith("acme.toml: line 3, column 7: ")


def test_shapeless_file_is_told_and_not_crashed_on(acme):
    acme.path.write_text(
        "company = 1\npurposes = 2\ntime_limits = [3]\nparameters = []\n"
        'recipients = [{ code = [], kind = [], promises = "x" }]\n'
        "retention_rules = [{ category = [] }]\npromises = [{ code = [] }]\n",
        encoding="utf-8",
    )

    faults = acme.faults()

    assert "acme.toml: code: is missing" in faults
    assert "acme.toml: company: must be a table" in faults
    assert "acme.toml: purposes: must be a list, not 2" in faults
    assert "acme.toml: time_limits[0]: must be a table" in faults


def test_file_that_cannot_be_read_is_named(acme, tmp_path):
    acme.path.write_bytes(b'code = "\xff"')

    assert acme.faults() == ["acme.toml: is not UTF-8 at byte 8"]
    with pytest.raises(ProfileError, match=r"^none\.toml: there is no such file$"):
        read_profile(tmp_path / "none.toml")


def test_texts_with_different_sections_are_refused(acme):
    english = acme.path.with_name("acme.en.md")
    text = english.read_text(encoding="utf-8")
    english.write_text(text.replace("## 6. How", "### 6. How"), encoding="utf-8")

    assert acme.faults() == [
        "acme.en.md: headings: Section 7: the Vietnamese text has “6. Bảo vệ dữ liệu” (level 2), "
        "the English text has “6. How data are protected” (level 3)."
    ]


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("nothing", "nothing is not among the purposes"),
        ("service", "service does not ask for consent to e-mails"),
    ],
)
def test_the_newsletter_is_a_purpose_that_asks_for_consent_to_mails(acme, code, reason):
    acme.breaks('newsletter = "newsletter"', f'newsletter = "{code}"')

    assert acme.faults() == [f"acme.toml: parameters.newsletter: {reason}"]
