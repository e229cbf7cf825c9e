from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from common.bilingual import Bilingual
from policies.counting import local_day
from policies.models import Language

LONGEST_TEXT = 20_000  # characters


class UndertakingText(models.Model):
    """What members of staff undertake, word for word. The newest is signed from now on.

    Append-only, held by a trigger: what somebody signed never changes.
    """

    number = models.PositiveSmallIntegerField(_("version"), unique=True)
    body_vi = models.TextField(_("text (Vietnamese)"), max_length=LONGEST_TEXT)
    body_en = models.TextField(_("text (English)"), max_length=LONGEST_TEXT)
    published_at = models.DateTimeField(_("published"), default=timezone.now)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("published by"),
    )

    body = Bilingual("body")

    class Meta:
        verbose_name = _("text of the undertaking")
        verbose_name_plural = _("texts of the undertaking")
        ordering = ["-number"]

    def __str__(self) -> str:
        return str(self.number)


class RevocationReason(models.TextChoices):
    MISUSE = "misuse", _("misuse of personal data")
    SUSPICION = "suspicion", _("an access is being looked into")
    NO_NEED = "no_need", _("the work needs no personal data any more")
    LEFT = "left", _("the work for the company has ended")


class UndertakingState(models.TextChoices):
    IN_FORCE = "in_force", _("in force")
    EXPIRED = "expired", _("expired")
    REVOKED = "revoked", _("revoked")


class UndertakingQuerySet(models.QuerySet["Undertaking"]):
    def in_force(self, at: datetime) -> "UndertakingQuerySet":
        """Narrow to those that bind somebody now."""
        return self.filter(revoked_at=None, valid_until__gte=local_day(at))

    def barring(self) -> "UndertakingQuerySet":
        """Narrow to those that were revoked, until signing anew is allowed."""
        return self.filter(revoked_at__isnull=False, readmitted_at=None)


class Undertaking(models.Model):
    """One member of staff undertook to keep personal data confidential.

    What was signed never changes, held by a trigger. While one is revoked its member cannot sign
    another, until somebody readmits them.

    sha256: of the text in both languages and of all that was signed with it (digest_of).
    """

    Reason = RevocationReason

    member = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="undertakings",
        verbose_name=_("member of staff"),
    )
    text = models.ForeignKey(
        UndertakingText, on_delete=models.PROTECT, related_name="+", verbose_name=_("text")
    )
    language = models.CharField(_("language"), max_length=2, choices=Language)
    typed_name = models.CharField(_("name as signed"), max_length=100)
    signed_at = models.DateTimeField(_("signed"))
    valid_until = models.DateField(_("valid until"))
    sha256 = models.CharField("SHA-256", max_length=64)
    revoked_at = models.DateTimeField(_("revoked"), null=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("revoked by"),
    )
    reason = models.CharField(_("reason"), max_length=20, choices=RevocationReason, blank=True)
    readmitted_at = models.DateTimeField(_("allowed to sign anew"), null=True)
    readmitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("allowed by"),
    )

    objects = UndertakingQuerySet.as_manager()
    history = HistoricalRecords(user_db_constraint=False)

    class Meta:
        verbose_name = _("undertaking of confidentiality")
        verbose_name_plural = _("undertakings of confidentiality")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                name="undertaking_revoked_by_another_for_a_reason",
                condition=Q(revoked_at=None, revoked_by=None, reason="")
                | Q(revoked_at__isnull=False, revoked_by__isnull=False)
                & ~Q(reason="")
                & ~Q(revoked_by=F("member")),
            ),
            models.CheckConstraint(
                name="undertaking_readmitted_after_revocation_by_another",
                condition=Q(readmitted_at=None, readmitted_by=None)
                | Q(readmitted_at__gte=F("revoked_at"), readmitted_by__isnull=False)
                & ~Q(readmitted_by=F("member")),
            ),
        ]
        indexes = [
            # For is_bound(), at each request of the desk.
            models.Index(
                name="undertaking_in_force",
                fields=["member", "valid_until"],
                condition=Q(revoked_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.member} {self.text}"

    def state(self, at: datetime) -> UndertakingState:
        if self.revoked_at is not None:
            return UndertakingState.REVOKED
        is_over = self.valid_until < local_day(at)
        return UndertakingState.EXPIRED if is_over else UndertakingState.IN_FORCE
