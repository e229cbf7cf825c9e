from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class OrphanReport(models.Model):
    """What a daily look found that belongs to nobody.

    found is {kind: {"number": how many, "ids": some of them}}: keys, random paths and hashes, never
    a name.
    """

    at = models.DateTimeField(_("looked at"), default=timezone.now)
    found = models.JSONField(_("found"), default=dict)

    class Meta:
        verbose_name = _("report of orphans")
        verbose_name_plural = _("reports of orphans")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.pk}"

    @property
    def number(self) -> int:
        return sum(found["number"] for found in self.found.values())


class OrphanClearing(models.Model):
    """The DPO's word that what a report found of a kind goes, and how much of it was left to go."""

    report = models.ForeignKey(
        OrphanReport, on_delete=models.PROTECT, related_name="clearings", verbose_name=_("report")
    )
    kind = models.CharField(_("kind"), max_length=32)
    ordered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("ordered by"),
    )
    ordered_at = models.DateTimeField(_("ordered"), default=timezone.now)
    number = models.PositiveIntegerField(_("cleared"))

    class Meta:
        verbose_name = _("clearing of orphans")
        verbose_name_plural = _("clearings of orphans")
        constraints = [
            models.UniqueConstraint(name="orphanclearing_once", fields=["report", "kind"]),
        ]

    def __str__(self) -> str:
        return f"{self.report}: {self.kind}"
