from datetime import timedelta

import pytest
from django.utils import timezone

from policies.models import PolicyVersion, Significance
from policies.publishing import discard_draft, save_draft
from privacyportal.roles import AUDITOR, COMPLAINT_OFFICER, DPO
from tests.factories import (
    make_customer,
    make_policy_draft,
    make_policy_version,
    make_staff,
    make_user,
)

VERSIONS = "/admin/policies/policyversion/"
TYPED = {
    "number": "2",
    "significance": "significant",
    "summary_vi": "Giữ dữ liệu ngắn hơn.",
    "summary_en": "Data is kept for a shorter time.",
    "text_vi": "# Chính sách\r\n\r\n## 1. Phạm vi",
    "text_en": "# Policy\r\n\r\n## 1. Scope",
}


def page_of(version, step="change"):
    return f"{VERSIONS}{version.pk}/{step}/"


@pytest.fixture
def dpo(client, db):
    user = make_staff(DPO)
    client.force_login(user)
    client.cookies["django_language"] = "en"
    return user


def confirmed(client, draft, **kwargs):
    """What the DPO sends: what the page shows, with a day and the box ticked."""
    initial = client.get(page_of(draft, "publish")).context_data["form"].initial
    return {**initial, "effective_on": in_days(60), "has_compared": "on", **kwargs}


def began_with(page):
    """What the form of a draft sends along unseen."""
    return {"based_on": page.context_data["form"]["based_on"].value()}


def in_days(days):
    return (timezone.localdate() + timedelta(days=days)).isoformat()


def reload(version):
    return PolicyVersion.objects.get(pk=version.pk)


def test_a_draft_begins_with_the_text_that_is_published(client, dpo):
    form = client.get(f"{VERSIONS}add/").context_data["form"]

    texts = dict(PolicyVersion.objects.current().texts.values_list("language", "body"))
    assert {code: form.initial[f"text_{code}"] for code in texts} == texts


def test_a_draft_is_written_and_shown(client, dpo):
    response = client.post(f"{VERSIONS}add/", TYPED, follow=True)

    draft = PolicyVersion.objects.drafts().get()
    assert response.redirect_chain == [(page_of(draft), 302)]
    assert draft.history.get().history_user == dpo
    for part in ("The draft is saved.", "1. Phạm vi</h4>", "1. Scope</h4>", TYPED["summary_vi"]):
        assert part in response.text
    for text in draft.texts.all():
        assert text.sha256 in response.text


def test_a_draft_whose_languages_differ_is_kept_and_told_of(client, dpo):
    response = client.post(
        f"{VERSIONS}add/",
        {**TYPED, "text_en": "# Policy\n\n## 1. Scope\n\n## 2. More"},
        follow=True,
    )

    assert PolicyVersion.objects.drafts().count() == 1
    assert "The languages differ" in response.text
    assert "2. More" in response.text


@pytest.mark.parametrize(
    "wrong", [{"number": ""}, {"number": "1"}, {"number": "v2"}, {"text_vi": "a" * 200_001}]
)
def test_a_refused_draft_loses_nothing_that_was_typed(wrong, client, dpo):
    response = client.post(f"{VERSIONS}add/", {**TYPED, **wrong})

    assert response.status_code == 200
    assert response.context_data["form"].errors
    assert TYPED["summary_vi"] in response.text
    assert not PolicyVersion.objects.drafts().exists()


def test_a_draft_is_edited(client, dpo):
    draft = make_policy_draft("2")
    page = client.get(page_of(draft, "edit"))
    assert "Bản 2 áp dụng" in page.text

    client.post(page_of(draft, "edit"), {**TYPED, **began_with(page), "number": "2.1"})

    assert reload(draft).number == "2.1"
    assert reload(draft).text_in("vi").body == TYPED["text_vi"].replace("\r\n", "\n")


def test_what_somebody_else_saved_meanwhile_is_not_lost(client, dpo):
    draft = make_policy_draft("2")
    mine, theirs = (began_with(client.get(page_of(draft, "edit"))) for _ in range(2))
    client.post(page_of(draft, "edit"), {**TYPED, **theirs, "text_en": "# Theirs"})

    for sent in (mine, {}):
        response = client.post(page_of(draft, "edit"), {**TYPED, **sent, "text_en": "# Mine"})

        assert response.context_data["form"].non_field_errors()
        assert "# Mine" in response.text
        assert reload(draft).text_in("en").body == "# Theirs"


def test_a_draft_is_discarded(client, dpo):
    draft = make_policy_draft("2")
    assert client.get(page_of(draft, "discard")).status_code == 200

    response = client.post(page_of(draft, "discard"))

    assert response.url == VERSIONS
    assert not PolicyVersion.objects.drafts().exists()


class TestPublishing:
    def test_shows_both_texts_their_hashes_and_what_follows(self, client, dpo):
        draft = make_policy_draft("2")
        make_customer()
        make_customer()

        page = client.get(page_of(draft, "publish"))

        assert page.context_data["told"] == 2
        for part in ("2 customers get a mail", "Bản 2 áp dụng", "Version 2 applies"):
            assert part in page.text
        for text in draft.texts.all():
            assert page.text.count(text.sha256) == 2
        days = timezone.localdate() + timedelta(
            days=page.context_data["company"].notice_period_days
        )
        assert f'value="{days.isoformat()}"' in page.text

    @pytest.mark.parametrize("significance", list(Significance))
    def test_publishes_what_was_compared(self, significance, client, dpo):
        draft = make_policy_draft("2", significance=significance)
        make_customer()

        response = client.post(page_of(draft, "publish"), confirmed(client, draft), follow=True)

        version = reload(draft)
        assert (version.published_by, version.effective_on.isoformat()) == (dpo, in_days(60))
        told = "The mails are written from the next minute on" in response.text
        assert told == (significance == Significance.SIGNIFICANT)
        assert "/policy/2/" in response.text

    def test_tells_nobody_of_a_minor_version(self, client, dpo):
        draft = make_policy_draft("2", significance=Significance.MINOR)
        make_customer()

        assert client.get(page_of(draft, "publish")).context_data["told"] == 0

    def test_needs_the_box(self, client, dpo):
        draft = make_policy_draft("2")

        response = client.post(page_of(draft, "publish"), confirmed(client, draft, has_compared=""))

        assert list(response.context_data["form"].errors) == ["has_compared"]
        assert not reload(draft).is_published

    def test_refuses_a_day_too_early_and_keeps_what_was_typed(self, client, dpo):
        draft = make_policy_draft("2")

        response = client.post(
            page_of(draft, "publish"), confirmed(client, draft, effective_on=in_days(1))
        )

        assert "at the earliest." in response.text
        assert f'value="{in_days(1)}"' in response.text
        assert not reload(draft).is_published

    def test_shows_a_text_that_was_changed_meanwhile_and_asks_again(self, client, dpo):
        draft = make_policy_draft("2")
        sent = confirmed(client, draft)
        draft = save_draft(
            draft,
            number="2",
            significance=Significance.MINOR,
            summary={"vi": "x", "en": "x"},
            texts={"vi": "# Chính sách", "en": "# Everything is ours"},
            by=make_user(is_staff=True),
        )

        response = client.post(page_of(draft, "publish"), sent)

        assert "Compare them again" in response.text
        assert "Everything is ours" in response.text
        assert draft.text_in("en").sha256 in response.text
        assert sent["sha256_en"] not in response.text
        assert response.context_data["form"]["has_compared"].value() is False
        assert not reload(draft).is_published

    def test_names_where_the_languages_differ(self, client, dpo):
        draft = make_policy_draft("2", texts={"vi": "# Một", "en": "# One\n\n## Two"})

        response = client.post(page_of(draft, "publish"), confirmed(client, draft))

        assert response.text.count("Two”") >= 2  # among the faults, and above the form
        assert not reload(draft).is_published

    def test_explains_a_day_that_waits_for_another_version(self, client, dpo):
        make_policy_version("2", effective_in_days=90)
        draft = make_policy_draft("3")

        page = client.get(page_of(draft, "publish"))

        assert "the day after the version before it" in page.text
        assert page.context_data["form"].initial["effective_on"].isoformat() == in_days(91)


@pytest.mark.parametrize("step", ["edit", "publish", "discard"])
def test_a_published_version_takes_no_step(step, client, dpo):
    version = make_policy_version("2", effective_in_days=60)

    for answer in (client.get(page_of(version, step)), client.post(page_of(version, step), TYPED)):
        assert (answer.status_code, answer.url) == (302, page_of(version))
    assert reload(version).summary_en == "Changes of version 2."


def test_a_published_version_is_read(client, dpo):
    version = make_policy_version("2", effective_in_days=60)

    page = client.get(page_of(version)).text

    for part in ("/policy/2/", "Version 2 applies", version.text_in("vi").sha256):
        assert part in page
    assert "/publish/" not in page
    assert client.post(page_of(version), TYPED).status_code == 403


@pytest.mark.parametrize("others", [0, 3])
def test_the_list_shows_states_with_as_many_queries(others, client, dpo, django_assert_num_queries):
    make_policy_version("2", effective_in_days=0)
    for n in range(others):
        make_policy_version(f"3.{n}", effective_in_days=90 + n)
    make_policy_draft("9")
    client.get(VERSIONS)

    with django_assert_num_queries(QUERIES):
        page = client.get(VERSIONS)

    states = [row.state for row in page.context_data["cl"].result_list]
    assert states == ["draft", *["published"] * others, "in_effect", "superseded"]
    for label in ("draft", "in effect", "superseded"):
        assert label in page.text


QUERIES = 8


@pytest.mark.parametrize(("role", "reads"), [(AUDITOR, 200), (COMPLAINT_OFFICER, 403)])
def test_others_change_nothing(role, reads, client, db):
    draft = make_policy_draft("2")
    client.force_login(make_staff(role))

    answers = [client.get(page_of(draft)).status_code]
    for step in ("edit", "publish", "discard"):
        answers += [
            client.get(page_of(draft, step)).status_code,
            client.post(page_of(draft, step), TYPED).status_code,
        ]
    answers.append(client.post(f"{VERSIONS}add/", {**TYPED, "number": "3"}).status_code)

    assert answers == [reads, *[403] * 7]
    assert PolicyVersion.objects.drafts().get().number == "2"


def test_a_draft_discarded_by_somebody_else_is_not_found(client, dpo):
    draft = make_policy_draft("2")
    discard_draft(reload(draft), by=make_user(is_staff=True))

    assert client.get(page_of(draft, "publish")).status_code in (302, 404)


def test_what_a_text_holds_runs_no_script(client, dpo):
    draft = make_policy_draft(
        "2", texts={"vi": "# <script>alert(1)</script>", "en": "# [a](javascript:alert(1))"}
    )

    page = client.get(page_of(draft)).text

    assert "<script>alert" not in page
    assert 'href="javascript' not in page
