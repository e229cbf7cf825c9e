from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

SIGNED_WITHIN = timedelta(days=30)


class ReviewOutcome(models.TextChoices):
    CONFIRMED = "confirmed", _("needed as they are")
    TO_CHANGE = "to_change", _("to be changed")


class RightsReviewQuerySet(models.QuerySet["RightsReview"]):
    def waiting(self) -> "RightsReviewQuerySet":
        return self.filter(outcome="")

    def overdue(self, at: datetime) -> "RightsReviewQuerySet":
        """Narrow to those that nobody signed in time."""
        return self.waiting().filter(taken_at__lt=at - SIGNED_WITHIN)


class RightsReview(models.Model):
    """Who had a role in a quarter and what it opened, as it stood; and who found that needed.

    rights: {"members": [{"id", "engagement", "until", "signed"}], "permissions": [codes]};
    people by public id. What was written down never changes, held by a trigger.
    """

    Outcome = ReviewOutcome

    quarter = models.DateField(_("quarter, from"))
    role = models.CharField(_("role"), max_length=40)
    rights = models.JSONField(_("rights"))
    sha256 = models.CharField("SHA-256", max_length=64)
    taken_at = models.DateTimeField(_("as of"), default=timezone.now)
    outcome = models.CharField(_("outcome"), max_length=20, choices=ReviewOutcome, blank=True)
    signed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("signed by"),
    )
    signed_at = models.DateTimeField(_("signed"), null=True)

    objects = RightsReviewQuerySet.as_manager()

    class Meta:
        verbose_name = _("review of rights")
        verbose_name_plural = _("reviews of rights")
        ordering = ["-quarter", "role"]
        constraints = [
            models.UniqueConstraint(name="rightsreview_once", fields=["quarter", "role"]),
            models.CheckConstraint(
                name="rightsreview_signed_by_somebody",
                condition=Q(outcome="", signed_by=None, signed_at=None)
                | ~Q(outcome="") & Q(signed_by__isnull=False, signed_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quarter:%Y-%m} {gettext(self.role)}"
