import hashlib
from datetime import date, timedelta
from functools import cached_property
from typing import Any

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import (
    BinaryField,
    DateField,
    ExpressionWrapper,
    F,
    Func,
    OuterRef,
    Q,
    Subquery,
    TextField,
    Value,
)
from django.db.models.functions import Cast
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from common.bilingual import Bilingual
from policies.models.company import Company

NUMBER = "[0-9][0-9A-Za-z.-]*"  # it is a part of the version's address
LONGEST_TEXT = 60_000  # characters; the longest of the five policies has 12 000


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def stored_sha256(column: str) -> Func:
    """Return what sha256() says of a column's text, as the database finds it."""
    utf8 = Func(F(column), Value("UTF8"), function="convert_to", output_field=BinaryField())
    digest = Func(utf8, function="sha256", output_field=BinaryField())
    return Func(digest, Value("hex"), function="encode", output_field=TextField())


class Language(models.TextChoices):
    VI = "vi", "Tiếng Việt"
    EN = "en", "English"


class Significance(models.TextChoices):
    MINOR = "minor", _("minor: shown on the site")
    SIGNIFICANT = "significant", _("significant: every customer gets a mail and is asked")


class VersionState(models.TextChoices):
    DRAFT = "draft", _("draft")
    PUBLISHED = "published", _("published, not in effect yet")
    IN_EFFECT = "in_effect", _("in effect")
    SUPERSEDED = "superseded", _("superseded")


LOCAL_DAY_OF_PUBLICATION = Cast(
    Func(Value(settings.TIME_ZONE), F("published_at"), function="timezone"), DateField()
)


def _today() -> date:
    return timezone.localdate(timezone=timezone.get_default_timezone())


class PolicyVersionQuerySet(models.QuerySet["PolicyVersion"]):
    def of_company(self) -> "PolicyVersionQuerySet":
        """Narrow to the versions that the company has published."""
        return self.published().filter(profile__in=Company.objects.values("profile"))

    def published(self) -> "PolicyVersionQuerySet":
        return self.exclude(published_at=None)

    def drafts(self) -> "PolicyVersionQuerySet":
        return self.filter(published_at=None)

    def current(self, on: date | None = None) -> "PolicyVersion":
        """Return the company's version in effect on that local day (default: today).

        Raises PolicyVersion.DoesNotExist.
        """
        return self.of_company().filter(effective_on__lte=on or _today()).latest("effective_on")

    def after(self, profile: Any, effective_on: Any) -> "models.QuerySet[PolicyVersion, Any]":
        """Return the days from which the later versions of a company are in effect, in order."""
        later = self.published().filter(profile=profile, effective_on__gt=effective_on)
        return later.order_by("effective_on").values_list("effective_on", flat=True)

    def with_ends(self) -> "PolicyVersionQuerySet":
        """Fetch with the rows what ``replaced_on`` asks, for a list that shows states."""
        later = PolicyVersion.objects.after(OuterRef("profile"), OuterRef("effective_on"))
        return self.annotate(next_effective_on=Subquery(later[:1]))


class PolicyVersion(models.Model):
    """One wording of the privacy policy: a draft, and from its publication on never changed.

    The version in effect on a day is the one with the latest effective_on up to
    that day. No two published versions of a company share that day, so there is
    exactly one at any instant, and its state follows from the dates: nothing has
    to happen at midnight for it to change.
    """

    State = VersionState

    profile = models.SlugField(_("profile"), max_length=40)
    number = models.CharField(
        _("number"),
        max_length=20,
        validators=[
            RegexValidator(f"^{NUMBER}$", _("Begin with a digit; then digits, letters, . and -."))
        ],
    )
    significance = models.CharField(
        _("significance"),
        max_length=12,
        choices=Significance,
        default=Significance.SIGNIFICANT,
        help_text=_("Significant if it changes what customers may expect."),
    )
    summary_vi = models.TextField(
        _("what changed (Vietnamese)"), help_text=_("In plain words, for customers.")
    )
    summary_en = models.TextField(_("what changed (English)"))
    published_at = models.DateTimeField(_("published"), null=True, editable=False)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("compared the languages and published"),
    )
    notice_days = models.PositiveSmallIntegerField(_("notice, in days"), null=True, editable=False)
    effective_on = models.DateField(_("in effect from"), null=True, editable=False)

    summary = Bilingual("summary")

    objects = PolicyVersionQuerySet.as_manager()
    history = HistoricalRecords(user_db_constraint=False)

    class Meta:
        verbose_name = _("policy version")
        verbose_name_plural = _("policy versions")
        ordering = [F("effective_on").desc(nulls_first=True), "-pk"]
        constraints = [
            models.UniqueConstraint(name="policyversion_number", fields=["profile", "number"]),
            models.CheckConstraint(
                name="policyversion_number_form", condition=Q(number__regex=f"^{NUMBER}$")
            ),
            models.UniqueConstraint(
                name="policyversion_one_in_effect", fields=["profile", "effective_on"]
            ),
            models.CheckConstraint(
                name="policyversion_draft_or_published",
                condition=Q(published_at=None, notice_days=None, effective_on=None)
                | Q(
                    published_at__isnull=False,
                    notice_days__isnull=False,
                    effective_on__isnull=False,
                ),
            ),
            models.CheckConstraint(
                name="policyversion_notice_given",
                condition=Q(published_at=None)
                | Q(
                    effective_on__gte=ExpressionWrapper(
                        LOCAL_DAY_OF_PUBLICATION + F("notice_days"), output_field=DateField()
                    )
                ),
            ),
        ]

    def __str__(self) -> str:
        return str(_("Version %(number)s") % {"number": self.number})

    @property
    def is_published(self) -> bool:
        return self.published_at is not None

    @property
    def published_on(self) -> date | None:
        """Return the local day of publication: the "latest update" of the policy."""
        if self.published_at is None:
            return None
        return timezone.localdate(self.published_at, timezone.get_default_timezone())

    @cached_property
    def replaced_on(self) -> date | None:
        """Return the day from which a later version is in effect; None if there is none yet."""
        if hasattr(self, "next_effective_on"):  # with_ends() fetched it
            found: date | None = self.next_effective_on
            return found
        return PolicyVersion.objects.after(self.profile, self.effective_on).first()

    @property
    def last_day(self) -> date | None:
        return self.replaced_on - timedelta(days=1) if self.replaced_on else None

    @property
    def state(self) -> VersionState:
        today = _today()
        if self.effective_on is None:
            return VersionState.DRAFT
        if self.effective_on > today:
            return VersionState.PUBLISHED
        if self.replaced_on is None or self.replaced_on > today:
            return VersionState.IN_EFFECT
        return VersionState.SUPERSEDED

    def text_in(self, language: str) -> "PolicyText":
        return self.texts.get(language=language)


class PolicyText(models.Model):
    """A policy version in one language: Markdown, and the SHA-256 of exactly that text."""

    version = models.ForeignKey(
        PolicyVersion, on_delete=models.PROTECT, related_name="texts", verbose_name=_("version")
    )
    language = models.CharField(_("language"), max_length=2, choices=Language)
    body = models.TextField(_("text"))
    sha256 = models.CharField("SHA-256", max_length=64)

    history = HistoricalRecords(user_db_constraint=False)

    class Meta:
        verbose_name = _("policy text")
        verbose_name_plural = _("policy texts")
        constraints = [
            models.UniqueConstraint(name="policytext_language", fields=["version", "language"]),
            models.CheckConstraint(
                name="policytext_sha256_of_body", condition=Q(sha256=stored_sha256("body"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.version} ({self.language})"
