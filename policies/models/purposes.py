from datetime import date

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from common.bilingual import Bilingual
from common.personal_data import DataCategory
from policies.models.versions import sha256


class LegalBasis(models.TextChoices):
    CONSENT = "consent", _("consent")
    CONTRACT = "contract", _("contract")
    LEGAL_OBLIGATION = "legal_obligation", _("legal obligation")
    PUBLIC_TASK = "public_task", _("task of a State body")
    VITAL_INTEREST = "vital_interest", _("protection of life and health")


class Channel(models.TextChoices):
    NONE = "none", _("none")
    EMAIL = "email", _("email")
    SMS = "sms", _("SMS")
    PHONE = "phone", _("phone")
    ADVERTISING = "advertising", _("advertising")


class PurposeQuerySet(models.QuerySet["Purpose"]):
    def active(self) -> "PurposeQuerySet":
        return self.filter(retired_on=None)

    def in_use(self, on: date) -> "PurposeQuerySet":
        return self.filter(Q(retired_on=None) | Q(retired_on__gt=on))

    def asking_consent(self) -> "PurposeQuerySet":
        return self.active().filter(legal_basis=LegalBasis.CONSENT)


class Purpose(models.Model):
    """What personal data is used for, and on which legal basis."""

    code = models.SlugField(_("code"), max_length=40, unique=True)
    name_vi = models.CharField(_("name (Vietnamese)"), max_length=200)
    name_en = models.CharField(_("name (English)"), max_length=200)
    description_vi = models.TextField(_("description (Vietnamese)"))
    description_en = models.TextField(_("description (English)"))
    legal_basis = models.CharField(_("legal basis"), max_length=20, choices=LegalBasis)
    is_required = models.BooleanField(
        _("required"),
        default=True,
        help_text=_("The service cannot be provided without it; never so where consent is asked."),
    )
    channel = models.CharField(_("channel"), max_length=20, choices=Channel, default=Channel.NONE)
    wording_vi = models.TextField(
        _("question to the customer (Vietnamese)"),
        blank=True,
        help_text=_("Exactly what the customer agrees to; only for consent."),
    )
    wording_en = models.TextField(_("question to the customer (English)"), blank=True)
    data_categories = ArrayField(
        models.CharField(max_length=20, choices=DataCategory),
        verbose_name=_("data used"),
        default=list,
    )
    retired_on = models.DateField(_("no longer used since"), null=True, blank=True)

    name = Bilingual("name")
    description = Bilingual("description")
    wording = Bilingual("wording")

    objects = PurposeQuerySet.as_manager()
    history = HistoricalRecords(user_db_constraint=False)

    class Meta:
        verbose_name = _("purpose")
        verbose_name_plural = _("purposes")
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                name="purpose_consent_is_optional",
                condition=~Q(legal_basis=LegalBasis.CONSENT) | Q(is_required=False),
            ),
            models.CheckConstraint(
                name="purpose_wording_iff_consent",
                condition=(
                    Q(legal_basis=LegalBasis.CONSENT) & ~Q(wording_vi="") & ~Q(wording_en="")
                )
                | (~Q(legal_basis=LegalBasis.CONSENT) & Q(wording_vi="", wording_en="")),
            ),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def asks_consent(self) -> bool:
        return self.legal_basis == LegalBasis.CONSENT

    @property
    def wording_hashes(self) -> set[str]:
        """Return the SHA-256 of today's question in each language; a consent to another is old."""
        return {sha256(self.wording_vi), sha256(self.wording_en)}
