from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from accounts.models import Customer


class LegalHoldQuerySet(models.QuerySet["LegalHold"]):
    def in_force(self) -> "LegalHoldQuerySet":
        return self.filter(released_at=None)


class LegalHold(models.Model):
    """While one is in force, nothing about the customer is erased. A trigger holds it too."""

    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="legal_holds", verbose_name=_("customer")
    )
    authority = models.CharField(
        _("authority"), max_length=200, help_text=_("Who demands that the data is kept.")
    )
    document = models.CharField(
        _("document"), max_length=100, help_text=_("Number and date of the written demand.")
    )
    reason = models.TextField(_("reason"), max_length=2000)
    placed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("placed by"),
    )
    placed_at = models.DateTimeField(_("placed"), default=timezone.now, editable=False)
    released_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("released by"),
    )
    released_at = models.DateTimeField(_("released"), null=True, editable=False)

    objects = LegalHoldQuerySet.as_manager()
    history = HistoricalRecords(user_db_constraint=False)

    class Meta:
        verbose_name = _("legal hold")
        verbose_name_plural = _("legal holds")
        ordering = ["-placed_at"]
        constraints = [
            models.CheckConstraint(
                name="legalhold_released_by_another",
                condition=Q(released_by=None, released_at=None)
                | (Q(released_at__isnull=False) & ~Q(released_by=F("placed_by"))),
            ),
        ]
        indexes = [
            # For in_force() beside the customer: each purge batch asks it twice.
            models.Index(
                name="legalhold_in_force", fields=["customer"], condition=Q(released_at=None)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.customer}: {self.document}"
