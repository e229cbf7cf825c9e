from datetime import date, timedelta

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from common.bilingual import Bilingual
from common.personal_data import DataCategory
from policies.models.purposes import Purpose


class RecipientKind(models.TextChoices):
    PROCESSOR = "processor", _("processor")
    AFFILIATE = "affiliate", _("affiliate")
    PARTNER = "partner", _("partner")
    AGENT = "agent", _("agent or subcontractor")
    AUTHORITY = "authority", _("State body")
    REGISTRY = "registry", _("registry")
    ADVERTISING = "advertising", _("advertising partner")


# A State body receives by law and a registry by its own rules; all others by agreement.
NEEDS_NO_AGREEMENT = (RecipientKind.AUTHORITY, RecipientKind.REGISTRY)

HOME = "VN"
ENDS_SOON = timedelta(days=30)  # an agreement that ends within these is to be renewed


class RecipientQuerySet(models.QuerySet["Recipient"]):
    def active(self) -> "RecipientQuerySet":
        return self.filter(retired_on=None)

    def without_agreement(self, on: date) -> "RecipientQuerySet":
        """Narrow to the active ones that need an agreement and have none valid on that day."""
        valid = Agreement.objects.valid(on).values("recipient")
        return self.active().exclude(kind__in=NEEDS_NO_AGREEMENT).exclude(pk__in=valid)

    def with_standing(self, on: date) -> "RecipientQuerySet":
        """Add what may stand against a disclosure on that day.

        ``is_bound``: an agreement is valid; ``is_bound_later``: the same 30 days on.
        ``has_purpose``: a purpose for which the recipient receives is in use.
        """
        theirs = Agreement.objects.filter(recipient=OuterRef("pk"))
        purposes = Purpose.objects.in_use(on).filter(recipients=OuterRef("pk"))
        return self.annotate(
            is_bound=Exists(theirs.valid(on)),
            is_bound_later=Exists(theirs.valid(on + ENDS_SOON)),
            has_purpose=Exists(purposes),
        )


class Recipient(models.Model):
    """Someone outside who may receive customers' data.

    A trigger refuses an active one of a kind that the company forbids, and one
    that would receive a category of data that the company never discloses.
    """

    code = models.SlugField(_("code"), max_length=40, unique=True)
    name_vi = models.CharField(_("name (Vietnamese)"), max_length=200)
    name_en = models.CharField(_("name (English)"), max_length=200)
    kind = models.CharField(_("kind"), max_length=20, choices=RecipientKind)
    description_vi = models.TextField(_("description (Vietnamese)"))
    description_en = models.TextField(_("description (English)"))
    country = models.CharField(
        _("country"), max_length=2, blank=True, help_text=_("ISO 3166 code, as VN.")
    )
    cross_border = models.BooleanField(_("outside Viet Nam"), default=False)
    purposes = models.ManyToManyField(
        Purpose, related_name="recipients", blank=True, verbose_name=_("purposes")
    )
    data_categories = ArrayField(
        models.CharField(max_length=20, choices=DataCategory),
        verbose_name=_("data received"),
        default=list,
        blank=True,
    )
    retired_on = models.DateField(_("no longer used since"), null=True, blank=True)

    name = Bilingual("name")
    description = Bilingual("description")

    objects = RecipientQuerySet.as_manager()
    history = HistoricalRecords(user_db_constraint=False, m2m_fields=[purposes])

    class Meta:
        verbose_name = _("recipient")
        verbose_name_plural = _("recipients")
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                name="recipient_cross_border_agrees",
                condition=Q(country="")
                | Q(country=HOME, cross_border=False)
                | ~Q(country__in=["", HOME]) & Q(cross_border=True),
            ),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def needs_agreement(self) -> bool:
        return self.kind not in NEEDS_NO_AGREEMENT


class AgreementQuerySet(models.QuerySet["Agreement"]):
    def valid(self, on: date) -> "AgreementQuerySet":
        return self.filter(Q(valid_to=None) | Q(valid_to__gte=on), valid_from__lte=on)


class Agreement(models.Model):
    """What binds a recipient: without a valid one, nothing is disclosed to it.

    The file is the signed document. A trigger refuses to edit a row but for its
    last day, and to delete one.
    """

    recipient = models.ForeignKey(
        Recipient, on_delete=models.PROTECT, related_name="agreements", verbose_name=_("recipient")
    )
    reference = models.CharField(_("number of the agreement"), max_length=100)
    valid_from = models.DateField(_("valid from"))
    valid_to = models.DateField(_("valid until"), null=True, blank=True)
    file = models.FileField(_("signed document"), upload_to="agreements/", max_length=100)
    file_name = models.CharField(_("file name"), max_length=100)
    file_sha256 = models.CharField("SHA-256", max_length=64)
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("added by"),
    )
    added_at = models.DateTimeField(_("added"), auto_now_add=True)

    objects = AgreementQuerySet.as_manager()
    history = HistoricalRecords(user_db_constraint=False)

    class Meta:
        verbose_name = _("agreement")
        verbose_name_plural = _("agreements")
        ordering = ["-valid_from", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="agreement_validity",
                condition=Q(valid_to=None) | Q(valid_to__gte=F("valid_from")),
            ),
            models.UniqueConstraint(name="agreement_reference", fields=["recipient", "reference"]),
        ]

    def __str__(self) -> str:
        return self.reference
