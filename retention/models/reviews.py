from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from accounts.models import Customer

LONGEST_REASON = 500


class ReviewDecision(models.TextChoices):
    KEEP = "keep", _("still necessary")
    UNNECESSARY = "unnecessary", _("no longer necessary")


class NecessityReviewQuerySet(models.QuerySet["NecessityReview"]):
    def waiting(self) -> "NecessityReviewQuerySet":
        return self.filter(decision="")


class NecessityReview(models.Model):
    """The question whether the data of an idle account is still necessary, and the answer.

    A job asks, a person decides; decision is empty while it waits.
    """

    Decision = ReviewDecision

    customer = models.ForeignKey(
        Customer,
        on_delete=models.CASCADE,
        related_name="necessity_reviews",
        verbose_name=_("customer"),
    )
    asked_on = models.DateField(_("asked on"))
    decision = models.CharField(_("decision"), max_length=20, choices=ReviewDecision, blank=True)
    reason = models.TextField(_("reason"), max_length=LONGEST_REASON, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("decided by"),
    )
    decided_at = models.DateTimeField(_("decided"), null=True)
    ask_again_on = models.DateField(_("asked again on"), null=True)

    objects = NecessityReviewQuerySet.as_manager()
    history = HistoricalRecords(user_db_constraint=False)

    class Meta:
        verbose_name = _("review of an idle account")
        verbose_name_plural = _("reviews of idle accounts")
        ordering = ["asked_on", "pk"]
        constraints = [
            models.UniqueConstraint(
                name="necessityreview_one_waits", fields=["customer"], condition=Q(decision="")
            ),
            models.CheckConstraint(
                name="necessityreview_decided_by_somebody_for_a_reason",
                condition=Q(
                    decision="", reason="", decided_by=None, decided_at=None, ask_again_on=None
                )
                | ~Q(decision="")
                & ~Q(reason="")
                & Q(decided_by__isnull=False, decided_at__isnull=False),
            ),
        ]
        indexes = [
            # For the control idle_data_review, and the list of those that wait.
            models.Index(
                name="necessityreview_waiting", fields=["asked_on"], condition=Q(decision="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.customer} {self.asked_on:%Y-%m-%d}"
