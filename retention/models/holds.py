from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from accounts.models import Customer
from common.personal_data import DataCategory
from policies.counting import local_day

KEEPS_AFTER_RELEASE = timedelta(days=1)  # time to see that a release was a mistake
REVIEWED_EVERY = timedelta(days=90)


class LegalHoldQuerySet(models.QuerySet["LegalHold"]):
    def in_force(self) -> "LegalHoldQuerySet":
        return self.filter(released_at=None)

    def keeping(self) -> "LegalHoldQuerySet":
        """Narrow to those by which data still stays, which a release does not end at once."""
        recent = timezone.now() - KEEPS_AFTER_RELEASE
        return self.filter(Q(released_at=None) | Q(released_at__gt=recent))

    def whole(self) -> "LegalHoldQuerySet":
        return self.filter(category="", case=None)

    def partial(self) -> "LegalHoldQuerySet":
        return self.exclude(category="", case=None)

    def covering(self, category: str) -> "LegalHoldQuerySet":
        """Narrow to those that keep all of a category, or where none is named all there is."""
        return self.filter(category__in=["", category], case=None)

    def due_for_review(self, at: datetime) -> "LegalHoldQuerySet":
        seen = Coalesce("reviewed_at", "placed_at")
        return self.in_force().annotate(seen_at=seen).filter(seen_at__lte=at - REVIEWED_EVERY)


class LegalHold(models.Model):
    """While one is in force, nothing of what it covers is erased. Triggers hold it too. What is
    noted of a sign-in lasts as long as the sign-in all the same, and no person is kept signed in.

    It covers all that is held about the customer, one category, or one case with what belongs to
    it. The review says that it is still needed, and why; earlier ones are in the history.
    """

    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="legal_holds", verbose_name=_("customer")
    )
    category = models.CharField(_("data"), max_length=20, blank=True, editable=False)
    case = models.ForeignKey(
        "casework.Case",
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("case"),
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
    release = models.TextField(_("no longer needed because"), max_length=2000, blank=True)

    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("reviewed by"),
    )
    reviewed_at = models.DateTimeField(_("reviewed"), null=True, editable=False)
    review = models.TextField(_("still needed because"), max_length=2000, blank=True)

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
            models.CheckConstraint(
                name="legalhold_says_why_once_released",
                condition=Q(release="") | Q(released_at__isnull=False),
            ),
            models.CheckConstraint(
                name="legalhold_category_or_case", condition=Q(category="") | Q(case=None)
            ),
            models.CheckConstraint(
                name="legalhold_reviewed_by_somebody_for_a_reason",
                condition=Q(reviewed_by=None, reviewed_at=None, review="")
                | Q(reviewed_by__isnull=False, reviewed_at__isnull=False) & ~Q(review=""),
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

    @property
    def scope(self) -> Any:
        """What it covers, in words."""
        if self.case is not None:
            return self.case.reference
        return DataCategory(self.category).label if self.category else _("everything")

    @property
    def keeps_until(self) -> date | None:
        """The day until which a released hold still keeps; it may be over."""
        return self.released_at and local_day(self.released_at + KEEPS_AFTER_RELEASE)

    @property
    def review_due_at(self) -> datetime:
        return (self.reviewed_at or self.placed_at) + REVIEWED_EVERY
