from datetime import timedelta

import pytest
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone

from policies.models import Company, PolicyVersion, Significance
from policies.reading import DRAWING
from tests.factories import make_policy_draft, make_policy_version

pytestmark = pytest.mark.django_db

PAGES = ["policy", "policy_changes", "compare_policy"]
MARKER = "Chưa ai được đọc câu này"


def texts(vi, en=None):
    return {"vi": vi, "en": en or vi}


@pytest.fixture
def history():
    """Version 1 as loaded, 2 in effect, 3 to come, and a draft 4 that nobody may see."""
    two = make_policy_version("2", effective_in_days=-10, published_days_ago=20)
    three = make_policy_version("3", effective_in_days=10, significance=Significance.MINOR)
    make_policy_draft("4", texts=texts(f"# Nháp\n\n{MARKER}"))
    return two, three


def get(client, name, *args, language="en", **asked):
    client.cookies["django_language"] = language
    return client.get(reverse(name, args=args), asked)


def page_of(*args, **kwargs):
    return get(*args, **kwargs).content.decode()


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize(
    "url", ["/policy/", "/policy/1/", "/policy/2/", "/policy/3/", "/policy/changes/"]
)
def test_a_visitor_reads_each_page_in_both_languages_without_a_cookie(
    client, history, url, language
):
    response = client.get(url, headers={"accept-language": language})

    assert response.status_code == 200
    assert f'<html lang="{language}"' in response.content.decode()
    assert not response.cookies


def test_the_page_says_which_version_applies_since_when_and_what_is_to_come(client, history):
    two, three = history

    response = get(client, "policy")

    page = response.content.decode()
    assert response.context["version"] == two
    assert response.context["to_come"] == [three]
    assert "Version 2 applies to you." in page
    assert two.summary_en in page
    assert f"{timezone.localdate() - timedelta(days=20):%Y}" in page
    assert reverse("policy_version", args=["3"]) in page
    assert "?old=2&amp;new=3" in page


def test_versions_to_come_are_announced_in_the_order_in_which_they_apply(client, history):
    make_policy_version("5", effective_in_days=20)

    to_come = get(client, "policy").context["to_come"]

    assert [version.number for version in to_come] == ["3", "5"]


def test_a_superseded_version_says_from_when_until_when(client, history):
    version = get(client, "policy_version", "1").context["version"]
    assert version.last_day == timezone.localdate() - timedelta(days=11)
    assert "policy/" in page_of(client, "policy_version", "1")


def test_the_contents_lead_to_the_headings(client):
    make_policy_version("2", texts=texts("# Tên\n\n## 1. Phạm vi\n\na\n\n## 2. Đổi\n\nb"))

    response = get(client, "policy")

    assert [each.title for each in response.context["sections"]] == ["1. Phạm vi", "2. Đổi"]
    for section in response.context["sections"]:
        assert f'id="{section.anchor}"' in response.content.decode()


@pytest.mark.parametrize("number", ["4", "5", "2x"])
def test_a_draft_or_an_unknown_number_is_not_found(client, history, number):
    response = get(client, "policy_version", number)
    assert response.status_code == 404
    assert MARKER not in response.content.decode()


def test_a_draft_is_on_no_page(client, history):
    for name in PAGES:
        page = page_of(client, name, language="vi")
        assert MARKER not in page
        assert "/policy/4/" not in page
    for pair in ({"old": "1", "new": "4"}, {"old": "4", "new": "2"}):
        page = page_of(client, "compare_policy", language="vi", **pair)
        assert MARKER not in page


def test_a_draft_is_answered_like_a_number_that_does_not_exist(client, history):
    answers = [
        get(client, "compare_policy", old="1", new=number).context["form"].errors["new"]
        for number in ("4", "999")
    ]
    assert answers[0] == answers[1]


def test_the_changes_are_listed_newest_first(client, history):
    response = get(client, "policy_changes")
    numbers = [version.number for version, _before in response.context["changes"]]
    assert numbers == ["3", "2", "1"]
    assert "?old=2&amp;new=3" in response.content.decode()


@pytest.mark.parametrize(("days", "number"), [(-11, "1"), (-10, "2"), (0, "2"), (10, "3")])
def test_the_day_of_a_change_belongs_to_the_new_version(client, history, days, number):
    day = timezone.localdate() + timedelta(days=days)

    response = get(client, "policy_changes", day=day.isoformat())

    assert response.context["answer"].number == number
    assert response.context["is_future"] == (days > 0)


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("day", ["", "x", "2026-02-30", "0001-01-01", "9999-12-31", "1" * 500])
def test_any_day_is_answered_with_a_sentence(client, history, day, language):
    response = get(client, "policy_changes", day=day, language=language)

    assert response.status_code == 200
    page = response.content.decode()
    assert 'class="field-error"' in page or 'role="status"' in page


def test_no_version_applied_before_the_first(client, history):
    response = get(client, "policy_changes", day="2001-01-01")
    assert response.context["answer"] is None
    assert "none of these versions applied" in response.content.decode()


def test_two_versions_stand_side_by_side_with_what_changed_marked(client):
    make_policy_version("2", effective_in_days=-5, texts=texts("# P\n\nWe keep data 12 months."))
    make_policy_version("3", texts=texts("# P\n\nWe keep data 6 months.\n\nA new passage."))

    response = get(client, "compare_policy")

    page = response.content.decode()
    assert (response.context["old"].number, response.context["new"].number) == ("2", "3")
    assert tuple(response.context["counts"]) == (1, 1, 0)
    assert "<del>12</del>" in page
    assert "<ins>6</ins>" in page


def test_asked_the_wrong_way_round_the_change_is_still_the_later_version(client, history):
    response = get(client, "compare_policy", old="2", new="1")

    assert (response.context["old"].number, response.context["new"].number) == ("1", "2")
    assert '<option value="1" selected>' in str(response.context["form"]["old"])


def test_what_is_the_same_can_be_folded(client):
    make_policy_version("2", texts=texts("# P\n\nOne.\n\nTwo is old."))
    make_policy_version("3", effective_in_days=7, texts=texts("# P\n\nOne.\n\nTwo is new."))

    assert '<details class="fold">' not in page_of(client, "compare_policy")
    assert '<details class="fold">' in page_of(client, "compare_policy", only_changes="on")


@pytest.mark.parametrize(
    "asked",
    [
        {"old": "2", "new": "2"},
        {"old": "99", "new": "2"},
        {"old": "", "new": ""},
        {"old": "<b>", "new": "9" * 900},
    ],
)
@pytest.mark.parametrize("language", ["vi", "en"])
def test_what_cannot_be_compared_is_said(client, history, asked, language):
    response = get(client, "compare_policy", language=language, **asked)

    assert response.status_code == 200
    assert response.context["form"].errors
    assert "counts" not in response.context


def test_with_one_version_there_is_nothing_to_compare(client):
    response = get(client, "compare_policy")
    assert response.status_code == 200
    assert "form" not in response.context


def test_a_comparison_is_worked_out_once(client, history):
    first = page_of(client, "compare_policy", old="1", new="2")
    texts = [PolicyVersion.objects.get(number=number).text_in("en").sha256 for number in "12"]
    key = f"comparison-{DRAWING}-{texts[0]}-{texts[1]}"

    assert {type(row) for row in cache.get(key)} == {tuple}
    assert page_of(client, "compare_policy", old="1", new="2") == first


def test_a_text_is_drawn_once(client, history):
    first = client.get("/policy/2/", headers={"accept-language": "en"}).content
    text = PolicyVersion.objects.get(number="2").text_in("en")

    assert cache.get(f"policy-{DRAWING}-1-{text.sha256}")
    assert client.get("/policy/2/", headers={"accept-language": "en"}).content == first


@pytest.mark.parametrize("more", [1, 3])
def test_many_versions_cost_no_more_questions(client, more, django_assert_max_num_queries):
    for n in range(more):
        make_policy_version(str(n + 2), effective_in_days=n)
    for name in PAGES:
        with django_assert_max_num_queries(5):
            get(client, name)


def test_without_a_policy_visitors_are_sent_home(client):
    client.get("/")
    Company.objects.update(profile="another")

    assert get(client, "policy").url == reverse("home")
    assert get(client, "policy_changes").status_code == 200
    assert get(client, "compare_policy").status_code == 200
