from datetime import date

import pytest
from django.utils import translation

from common.personal_data import DataCategory
from policies.models import (
    Company,
    PolicyVersion,
    Purpose,
    RecipientKind,
    RetentionRule,
    RetentionTrigger,
    RuleFamily,
    TimeLimit,
    TimeLimitKind,
)
from privacyportal.roles import DPO
from tests.factories import make_staff

MODELS = [
    "company",
    "purpose",
    "recipient",
    "timelimit",
    "retentionrule",
]
ADDED_TO = {"purpose", "recipient", "timelimit", "retentionrule"}


@pytest.fixture
def dpo(client, db):
    client.force_login(make_staff(DPO))


@pytest.mark.parametrize("model", MODELS)
def test_what_a_profile_says_is_read_and_not_edited(model, client, dpo):
    page = f"/admin/policies/{model}/"
    row = client.get(page).context_data["cl"].result_list[0]

    answers = {
        method: getattr(client, method)(f"{page}{row.pk}/change/").status_code
        for method in ("get", "post")
    }

    assert answers == {"get": 200, "post": 403}
    add = client.post(f"{page}add/").status_code
    assert add == (200 if model in ADDED_TO else 403)  # an empty form is shown again
    assert client.post(f"{page}{row.pk}/delete/", {"post": "yes"}).status_code == 403
    assert client.get(f"{page}{row.pk}/history/").status_code == 200


def test_a_policy_version_shows_its_texts(client, dpo):
    version = PolicyVersion.objects.current()

    page = client.get(f"/admin/policies/policyversion/{version.pk}/change/").content.decode()

    for text in version.texts.all():
        assert text.sha256 in page


@pytest.mark.parametrize("language", ["vi", "en"])
def test_names_are_shown_in_the_readers_language(language, client, dpo):
    client.cookies["django_language"] = language

    page = client.get("/admin/policies/purpose/").content.decode()

    purpose = Purpose.objects.get(code="newsletter")
    assert getattr(purpose, f"name_{language}") in page
    assert Company.objects.count() == 1


def test_the_company_is_said_in_words(client, dpo):
    client.cookies["django_language"] = "en"
    Company.objects.update(
        required_fields=["full_name", "email"],
        forbidden_recipient_kinds=["advertising"],
        closed_data_categories=["survey_answer"],
        unstated=["tax_code", "complaints_address"],
    )

    page = client.get(f"/admin/policies/company/{Company.objects.get().pk}/change/").text

    for words in (
        "full name, email",
        RecipientKind.ADVERTISING.label,
        DataCategory.SURVEY_ANSWER.label,
        "tax code, address for complaints",
    ):
        with translation.override("en"):
            assert str(words) in page
    for code in ("full_name", "survey_answer", "complaints_address", "sha256"):
        assert code not in page


@pytest.mark.parametrize(
    "query",
    ["day__year=2026", "day__year=2026&day__month=9", "day__year=2026&day__month=9&day__day=2"],
)
def test_the_calendar_is_walked_by_year_month_and_day(query, client, dpo):
    days = client.get(f"/admin/policies/officialday/?{query}").context_data["cl"].result_list

    assert date(2026, 9, 2) in {day.day for day in days}
    assert {day.day.year for day in days} == {2026}


@pytest.mark.parametrize(
    "query",
    [
        "day__year=9999",
        "day__year=9999&day__month=12",
        "day__year=x",
        "day__month=x",
    ],
)
def test_a_year_that_no_calendar_has_shows_the_whole_one(query, client, dpo):
    response = client.get(f"/admin/policies/officialday/?{query}")

    assert (response.status_code, response.url) == (302, "/admin/policies/officialday/?e=1")


def test_the_calendar_is_not_searched_by_other_lookups(client, dpo):
    assert client.get("/admin/policies/officialday/?day__week=3").status_code == 400


@pytest.mark.parametrize(
    ("language", "titles"),
    [
        ("vi", [": đóng tài khoản", "Trả lời khiếu nại: cam kết của công ty"]),
        ("en", [": the account is closed", "Answer to a complaint: company&#x27;s promise"]),
    ],
)
def test_the_header_names_a_rule_in_the_readers_language(language, titles, client, dpo):
    client.cookies["django_language"] = language
    rule = RetentionRule.objects.filter(trigger=RetentionTrigger.ACCOUNT_CLOSED).first()
    limits = TimeLimit.objects.filter(kind=TimeLimitKind.COMPLAINT_COMPLETION)
    rows = [rule, limits.filter(family=RuleFamily.PROMISE).first()]

    for row, title in zip(rows, titles, strict=True):
        for page in ("change", "history"):
            text = client.get(f"/admin/policies/{row._meta.model_name}/{row.pk}/{page}/").text
            assert title in text
