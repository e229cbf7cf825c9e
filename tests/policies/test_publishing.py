from datetime import timedelta

import pytest
from django.utils import timezone, translation

from policies.exceptions import PublishingRefused
from policies.loading import load_profile
from policies.models import Company, PolicyText, PolicyVersion, Significance, VersionState, sha256
from policies.publishing import (
    LONGEST_WAIT,
    discard_draft,
    earliest_effect,
    fingerprint,
    publish_version,
    save_draft,
)
from tests.factories import make_policy_draft, make_policy_version, make_user
from tests.threads import at_once

pytestmark = pytest.mark.django_db

TEXTS = {"vi": "# Chính sách\n\n## 1. Phạm vi", "en": "# Policy\n\n## 1. Scope"}


def today():
    return timezone.localdate()


def notice():
    return timedelta(days=Company.objects.get().notice_period_days)


def hashes(version):
    return dict(version.texts.values_list("language", "sha256"))


def publish(version, **kwargs):
    kwargs.setdefault("effective_on", today() + timedelta(days=60))
    kwargs.setdefault("compared", hashes(version))
    kwargs.setdefault("by", make_user(is_staff=True))
    publish_version(version, **kwargs)


def save(draft, **kwargs):
    kwargs.setdefault("number", "2")
    kwargs.setdefault("significance", Significance.MINOR)
    kwargs.setdefault("summary", {"vi": "Sửa lỗi.", "en": "Corrections."})
    kwargs.setdefault("texts", TEXTS)
    kwargs.setdefault("by", make_user(is_staff=True))
    return save_draft(draft, **kwargs)


class TestADraft:
    def test_keeps_what_was_written_and_who_wrote_it(self):
        writer = make_user(is_staff=True)

        draft = save(None, texts={**TEXTS, "vi": "\r\n# Một\r\n\r\nHai \r\n"}, by=writer)

        draft = PolicyVersion.objects.get(pk=draft.pk)
        assert draft.state == VersionState.DRAFT
        assert (draft.number, draft.summary_vi) == ("2", "Sửa lỗi.")
        assert draft.text_in("vi").body == "# Một\n\nHai"
        assert draft.text_in("vi").sha256 == sha256("# Một\n\nHai")
        assert draft.history.get().history_user == writer

    def test_is_changed_and_only_what_differs_is_written(self):
        draft = save(None)

        save(draft, number="2.1", texts={**TEXTS, "en": "# Policy\n\n## 1. Range"})

        draft = PolicyVersion.objects.get(pk=draft.pk)
        assert draft.number == "2.1"
        assert draft.text_in("en").body == "# Policy\n\n## 1. Range"
        assert [text.history.count() for text in draft.texts.order_by("language")] == [2, 1]

    def test_may_lack_a_language_for_now(self):
        draft = save(None, texts={**TEXTS, "en": ""})

        assert hashes(draft) == {"vi": sha256(TEXTS["vi"]), "en": sha256("")}

    @pytest.mark.parametrize(
        "theirs",
        [
            {"number": "2.1"},
            {"significance": Significance.SIGNIFICANT},
            {"summary": {"vi": "Khác.", "en": "Other."}},
            {"texts": {**TEXTS, "en": "# Policy\n\n## 1. Range"}},
        ],
    )
    def test_is_not_written_over_what_somebody_else_saved(self, theirs):
        draft = save(None)
        began_with = fingerprint(draft)
        saved = fingerprint(save(draft, **theirs, based_on=began_with))

        with pytest.raises(PublishingRefused):
            save(draft, texts={**TEXTS, "vi": "# Của tôi"}, based_on=began_with)

        draft = PolicyVersion.objects.get(pk=draft.pk)
        assert fingerprint(draft) == saved
        save(draft, texts={**TEXTS, "vi": "# Của tôi"}, based_on=saved)
        assert draft.text_in("vi").body == "# Của tôi"

    def test_does_not_take_the_number_of_another_version(self):
        number = PolicyVersion.objects.current().number

        with pytest.raises(PublishingRefused):
            save(None, number=number)

        assert PolicyVersion.objects.drafts().count() == 0

    def test_is_not_longer_than_a_page_can_show(self):
        with pytest.raises(PublishingRefused):
            save(None, texts={**TEXTS, "vi": "a" * 200_001})

        assert PolicyVersion.objects.drafts().count() == 0

    def test_is_discarded_and_its_history_stays(self):
        draft = save(None)
        history = draft.history.all()

        discard_draft(draft, by=make_user(is_staff=True))

        assert PolicyVersion.objects.drafts().count() == 0
        assert PolicyText.objects.filter(body=TEXTS["vi"]).count() == 0
        assert [line.history_change_reason for line in history] == [
            "draft discarded",
            "draft written",
        ]

    def test_that_is_gone_is_refused_calmly(self):
        draft = save(None)
        discard_draft(PolicyVersion.objects.get(pk=draft.pk), by=make_user(is_staff=True))

        for step in (save, publish):
            with pytest.raises(PublishingRefused):
                step(PolicyVersion(pk=draft.pk))


class TestPublishing:
    def test_is_written_down_with_who_compared(self):
        draft = make_policy_draft("2")
        dpo = make_user(is_staff=True)
        effective_on = today() + timedelta(days=60)

        publish(draft, effective_on=effective_on, by=dpo)

        version = PolicyVersion.objects.get(pk=draft.pk)
        assert version.state == VersionState.PUBLISHED
        assert version.published_on == today()
        assert (version.published_by, version.effective_on) == (dpo, effective_on)
        assert version.notice_days == notice().days
        assert version.history.first().history_change_reason == "published"

    def test_gives_the_promised_notice_to_the_day(self):
        draft = make_policy_draft("2")

        with pytest.raises(PublishingRefused):
            publish(draft, effective_on=today() + notice() - timedelta(days=1))
        assert not PolicyVersion.objects.get(pk=draft.pk).is_published

        publish(draft, effective_on=today() + notice())
        assert PolicyVersion.objects.get(pk=draft.pk).is_published

    def test_comes_after_all_that_were_published_before(self):
        make_policy_version("2", effective_in_days=90)
        draft = make_policy_draft("3")
        day = today() + timedelta(days=90)

        assert earliest_effect(Company.objects.get(), today()) == day + timedelta(days=1)
        with pytest.raises(PublishingRefused):
            publish(draft, effective_on=day)
        publish(draft, effective_on=day + timedelta(days=1))

    def test_refuses_a_slip_in_the_year(self):
        draft = make_policy_draft("2")
        latest = today() + notice() + timedelta(days=LONGEST_WAIT)

        with pytest.raises(PublishingRefused):
            publish(draft, effective_on=latest + timedelta(days=1))
        publish(draft, effective_on=latest)

    @pytest.mark.parametrize("compared", [{}, {"vi": "0" * 64, "en": "0" * 64}])
    def test_needs_the_very_texts_that_were_compared(self, compared):
        draft = make_policy_draft("2")

        with pytest.raises(PublishingRefused):
            publish(draft, compared=compared)

        assert not PolicyVersion.objects.get(pk=draft.pk).is_published

    def test_refuses_what_was_changed_since_it_was_compared(self):
        draft = save(None)
        compared = hashes(draft)
        save(draft, texts={**TEXTS, "en": "# Policy\n\n## 1. All your data is ours"})

        with pytest.raises(PublishingRefused):
            publish(draft, compared=compared)

    @pytest.mark.parametrize("en", ["", "# Policy", "# Policy\n\n### 1. Scope"])
    def test_needs_the_same_sections_in_both_languages(self, en):
        draft = save(None, texts={**TEXTS, "en": en})

        with pytest.raises(PublishingRefused):
            publish(draft)

        assert not PolicyVersion.objects.get(pk=draft.pk).is_published

    def test_needs_both_languages(self):
        draft = PolicyVersion.objects.create(
            profile=Company.objects.get().profile, number="2", summary_vi="x", summary_en="x"
        )

        with pytest.raises(PublishingRefused):
            publish(draft, compared={})

    def test_is_not_done_for_another_company(self):
        draft = make_policy_draft("2")
        load_profile("speedsms")

        with pytest.raises(PublishingRefused):
            publish(draft)

    def test_happens_once(self):
        draft = make_policy_draft("2")
        publish(draft)

        for step in (publish, save):
            with pytest.raises(PublishingRefused):
                step(PolicyVersion.objects.get(pk=draft.pk))
        with pytest.raises(PublishingRefused):
            discard_draft(PolicyVersion.objects.get(pk=draft.pk), by=make_user(is_staff=True))

    def test_says_no_in_the_readers_language(self):
        draft = make_policy_draft("2")

        with translation.override("en"), pytest.raises(PublishingRefused) as refusal:
            publish(draft, effective_on=today())

        day = f"{today() + notice():%-d %b %Y}"
        assert str(refusal.value) == f"The version can take effect on {day} at the earliest."


def test_states_follow_from_the_days():
    old = PolicyVersion.objects.current()
    current = make_policy_version("2", effective_in_days=0)
    coming = make_policy_version("3", effective_in_days=30)
    draft = make_policy_draft("4")

    rows = {row.pk: row.state for row in PolicyVersion.objects.with_ends()}

    assert [rows[row.pk] for row in (old, current, coming, draft)] == [
        VersionState.SUPERSEDED,
        VersionState.IN_EFFECT,
        VersionState.PUBLISHED,
        VersionState.DRAFT,
    ]
    assert PolicyVersion.objects.get(pk=old.pk).last_day == today() - timedelta(days=1)


@pytest.mark.usefixtures("portal")
class TestTwoAtOnce:
    def test_publish_a_draft_once(self):
        draft = make_policy_draft("2")
        compared = hashes(draft)
        people = [make_user(is_staff=True), make_user(is_staff=True)]

        outcomes = at_once(
            *(
                lambda by=by: publish(
                    PolicyVersion.objects.get(pk=draft.pk), compared=compared, by=by
                )
                for by in people
            )
        )

        assert sorted(type(each) for each in outcomes if each) == [PublishingRefused]
        assert draft.history.filter(history_change_reason="published").count() == 1

    def test_publish_two_drafts_for_one_day_and_one_is_refused(self):
        drafts = [make_policy_draft("2"), make_policy_draft("3")]

        outcomes = at_once(*(lambda draft=draft: publish(draft) for draft in drafts))

        assert [type(each) for each in outcomes if each] == [PublishingRefused]
        assert PolicyVersion.objects.published().count() == 2

    def test_save_one_draft_and_one_is_refused(self):
        draft = save(None)
        began_with = fingerprint(draft)
        bodies = ["# Một", "# Hai"]

        outcomes = at_once(
            *(
                lambda body=body: save(
                    PolicyVersion.objects.get(pk=draft.pk),
                    texts={**TEXTS, "vi": body},
                    based_on=began_with,
                )
                for body in bodies
            )
        )

        assert sorted(type(each).__name__ for each in outcomes) == [
            "PolicyVersion",
            "PublishingRefused",
        ]

    def test_write_drafts_of_one_number_and_one_is_refused(self):
        outcomes = at_once(lambda: save(None), lambda: save(None))

        assert sorted(type(each).__name__ for each in outcomes) == [
            "PolicyVersion",
            "PublishingRefused",
        ]
