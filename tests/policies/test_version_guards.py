"""What the database itself refuses about policy versions, whoever asks."""

import time
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.utils import timezone

from policies.models import Company, PolicyText, PolicyVersion, sha256
from policies.publishing import publish_version
from tests.factories import make_policy_draft, make_policy_version, make_user
from tests.threads import at_once

pytestmark = pytest.mark.django_db


def in_days(days):
    return timezone.localdate() + timedelta(days=days)


def publish(draft, **kwargs):
    """Publish past all services."""
    values = {
        "published_at": timezone.now(),
        "notice_days": Company.objects.get().notice_period_days,
        "effective_on": in_days(60),
        **kwargs,
    }
    PolicyVersion.objects.filter(pk=draft.pk).update(**values)


def refuses(action):
    with pytest.raises(IntegrityError) as refusal, transaction.atomic():
        action()
    return str(refusal.value)


class TestAPublishedVersion:
    @pytest.mark.parametrize(
        "change",
        [
            {"number": "9"},
            {"summary_en": "Nothing."},
            {"effective_on": F("effective_on") + timedelta(days=1)},
            {"published_at": None, "notice_days": None, "effective_on": None},
        ],
    )
    def test_is_never_changed(self, change):
        version = make_policy_version("2", effective_in_days=60)

        said = refuses(lambda: PolicyVersion.objects.filter(pk=version.pk).update(**change))

        assert "never changed" in said

    def test_is_never_deleted(self):
        version = make_policy_version("2", effective_in_days=60)
        table = PolicyVersion.objects.filter(pk=version.pk)

        assert "never changed" in refuses(lambda: table._raw_delete("default"))

    def test_keeps_its_texts(self):
        version = make_policy_version("2", effective_in_days=60)
        other = make_policy_draft("3")
        texts = PolicyText.objects.filter(version=version)
        actions = [
            lambda: texts.update(body="Tất cả thuộc về chúng tôi."),
            lambda: texts.update(version=other),
            lambda: texts._raw_delete("default"),
            lambda: PolicyText.objects.filter(version=other).update(version=version),
            lambda: PolicyText.objects.create(version=version, language="fr", body="x"),
        ]

        for action in actions:
            assert "never changed" in refuses(action)

        bodies = PolicyVersion.objects.get(pk=version.pk).texts
        assert bodies.filter(body__contains="2").count() == 2

    def test_does_not_begin_as_one(self):
        def insert():
            PolicyVersion.objects.create(
                profile="fpt_smart_cloud",
                number="7",
                published_at=timezone.now(),
                notice_days=30,
                effective_on=in_days(60),
            )

        assert "begins as a draft" in refuses(insert)


class TestAText:
    @pytest.mark.parametrize("body", ["", "Bản 2 áp dụng cho bạn. 🙂\n\ttab \\ 'x' \"y\""])
    def test_is_kept_with_the_hash_of_exactly_its_bytes(self, body):
        text = make_policy_draft("2").texts.get(language="vi")

        text.body, text.sha256 = body, sha256(body)
        text.save()

        assert sha256(PolicyText.objects.get(pk=text.pk).body) == text.sha256

    @pytest.mark.parametrize("change", [{"body": "Mine."}, {"sha256": "0" * 64}, {"sha256": ""}])
    def test_is_never_kept_with_the_hash_of_another(self, change):
        texts = PolicyText.objects.filter(pk__in=make_policy_draft("2").texts.all())

        assert "policytext_sha256_of_body" in refuses(lambda: texts.update(**change))


class TestPublication:
    @pytest.mark.parametrize("missing", ["vi", "en"])
    def test_needs_both_languages(self, missing):
        absent, empty = make_policy_draft("2"), make_policy_draft("3")
        absent.texts.filter(language=missing).delete()
        empty.texts.filter(language=missing).update(body="", sha256=sha256(""))

        for draft in (absent, empty):
            assert "Vietnamese and English" in refuses(lambda draft=draft: publish(draft))

    def test_gives_the_promised_notice(self):
        draft = make_policy_draft("2")
        promised = Company.objects.get().notice_period_days

        said = refuses(lambda: publish(draft, notice_days=promised - 1))
        assert "shorter than the company promised" in said
        said = refuses(lambda: publish(draft, effective_on=in_days(promised - 1)))
        assert "policyversion_notice_given" in said

        publish(draft, effective_on=in_days(promised))

    def test_is_for_the_company_that_the_portal_serves(self):
        draft = make_policy_draft("2")
        PolicyVersion.objects.filter(pk=draft.pk).update(profile="another")

        assert "shorter than the company promised" in refuses(lambda: publish(draft))

    def test_counts_the_notice_from_the_local_day(self):
        """At 23:00 UTC it is the next day in Vietnam; the day of the notice is the reader's."""
        draft = make_policy_draft("2")
        promised = Company.objects.get().notice_period_days
        late = timezone.now().replace(hour=23, minute=0)
        local = timezone.localdate(late)
        assert local == late.date() + timedelta(days=1)

        day = local + timedelta(days=promised)
        said = refuses(
            lambda: publish(draft, published_at=late, effective_on=day - timedelta(days=1))
        )

        assert "policyversion_notice_given" in said
        publish(draft, published_at=late, effective_on=day)

    @pytest.mark.parametrize("days", [89, 90])
    def test_comes_after_all_others(self, days):
        make_policy_version("2", effective_in_days=90)
        draft = make_policy_draft("3")

        assert "after all that were published" in refuses(
            lambda: publish(draft, effective_on=in_days(days))
        )

    def test_is_whole_or_none(self):
        draft = make_policy_draft("2")

        assert "policyversion_draft_or_published" in refuses(
            lambda: PolicyVersion.objects.filter(pk=draft.pk).update(effective_on=in_days(90))
        )

    def test_never_leaves_two_in_effect_from_one_day(self):
        make_policy_version("2", effective_in_days=60)
        draft = make_policy_draft("3")
        with connection.cursor() as cursor:  # the rule that stands before it, taken away
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("ALTER TABLE policies_policyversion DISABLE TRIGGER USER")

        assert "policyversion_one_in_effect" in refuses(lambda: publish(draft))


@pytest.mark.usefixtures("portal")
class TestATextThatComesWhileItIsPublished:
    def test_waits_and_is_refused(self):
        draft = make_policy_draft("2")
        compared = dict(draft.texts.values_list("language", "sha256"))
        dpo = make_user(is_staff=True)

        @transaction.atomic
        def publish_slowly():
            publish_version(draft, effective_on=in_days(60), compared=compared, by=dpo)
            time.sleep(0.6)

        def change():
            time.sleep(0.3)
            PolicyText.objects.filter(version=draft.pk, language="en").update(
                body="Mine.", sha256=sha256("Mine.")
            )

        published, changed = at_once(publish_slowly, change)

        assert published is None
        assert isinstance(changed, IntegrityError)
        assert "Mine." not in draft.texts.values_list("body", flat=True)

    def test_is_seen_when_it_came_first(self):
        draft = make_policy_draft("2")
        compared = dict(draft.texts.values_list("language", "sha256"))
        dpo = make_user(is_staff=True)

        @transaction.atomic
        def change_slowly():
            text = PolicyText.objects.get(version=draft.pk, language="en")
            text.body, text.sha256 = "# Mine", sha256("# Mine")
            text.save()
            time.sleep(0.6)

        def publish_it():
            time.sleep(0.3)
            publish_version(draft, effective_on=in_days(60), compared=compared, by=dpo)

        changed, published = at_once(change_slowly, publish_it)

        assert changed is None
        assert "PublishingRefused" in type(published).__name__
        assert not PolicyVersion.objects.get(pk=draft.pk).is_published
