from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from common.personal_data import DataCategory
from policies.models import RetentionRule


class Schedule(RetentionRule):
    """The retention rules as what falls due under them: a page of the desk, no table."""

    class Meta:
        proxy = True
        verbose_name = _("schedule")
        verbose_name_plural = _("schedule of deletions")


class DecisionOutcome(models.TextChoices):
    DELETE = "delete", _("delete as promised: that law is not about this data")
    STORE = "store", _("store only, until the law's day is over")


class RetentionDecision(models.Model):
    """The DPO's word on a promise that ends before a law lets it: never a silent choice."""

    Outcome = DecisionOutcome

    promise = models.ForeignKey(
        RetentionRule, on_delete=models.PROTECT, related_name="+", verbose_name=_("promise")
    )
    statute = models.ForeignKey(
        RetentionRule, on_delete=models.PROTECT, related_name="+", verbose_name=_("law")
    )
    outcome = models.CharField(_("decision"), max_length=10, choices=DecisionOutcome)
    reason = models.TextField(_("reason"), max_length=500)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("decided by"),
    )
    decided_at = models.DateTimeField(_("decided"), default=timezone.now)

    history = HistoricalRecords(user_db_constraint=False)

    class Meta:
        verbose_name = _("decision on a conflict")
        verbose_name_plural = _("decisions on conflicts")
        constraints = [
            models.UniqueConstraint(name="retentiondecision_once", fields=["promise", "statute"]),
            models.CheckConstraint(name="retentiondecision_for_a_reason", condition=~Q(reason="")),
        ]

    def __str__(self) -> str:
        return f"{self.pk}"


class RetentionStatistic(models.Model):
    """How many rows of a month went, by what they were: all that is left of them.

    month: its first day, in which their period began. facet: a value of few that many rows share.
    """

    category = models.CharField(_("data"), max_length=20, choices=DataCategory)
    month = models.DateField(_("month"))
    facet = models.CharField(_("what they were"), max_length=100, blank=True)
    number = models.PositiveIntegerField(_("number"), default=0)

    class Meta:
        verbose_name = _("statistic of deleted data")
        verbose_name_plural = _("statistics of deleted data")
        ordering = ["category", "-month", "facet"]
        constraints = [
            models.UniqueConstraint(
                name="retentionstatistic_once", fields=["category", "month", "facet"]
            ),
        ]

    def __str__(self) -> str:
        return f"{self.category} {self.month:%Y-%m}"
