from django.conf import settings
from django.db import models
from django.db.models import DateField, F, Func, Q, Value
from django.db.models.functions import Cast
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from accounts.models import Customer
from policies.models import RetentionRule


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


class PurgeApproval(models.Model):
    """The DPO's word that a retention rule may delete. Without it, a run only reports."""

    rule = models.OneToOneField(
        RetentionRule, on_delete=models.PROTECT, related_name="approval", verbose_name=_("rule")
    )
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("approved by"),
    )
    approved_at = models.DateTimeField(_("approved"), default=timezone.now)

    history = HistoricalRecords(user_db_constraint=False)

    class Meta:
        verbose_name = _("approval to delete")
        verbose_name_plural = _("approvals to delete")

    def __str__(self) -> str:
        return str(self.rule)


IN_DOUBT = ~Q(residue=[]) | Q(erased__gt=0, searched_at=None)


class PurgeRunQuerySet(models.QuerySet["PurgeRun"]):
    def in_doubt(self) -> "PurgeRunQuerySet":
        """Narrow to those that left something behind, or after which nobody could look."""
        return self.filter(IN_DOUBT)


class PurgeRun(models.Model):
    """What one run found and removed, under which rule: numbers only. A replay has no rule.

    counts is {table label: rows removed}; deferred is {reason code: customers}.
    A run without approval has only_reported set and removed nothing.
    searched is how much was looked at afterwards for what should be gone, residue where some of it
    was found: of a column, a folder or a server the name alone.
    """

    rule = models.ForeignKey(
        RetentionRule, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("rule")
    )
    only_reported = models.BooleanField(_("report only"))
    started_at = models.DateTimeField(_("started"), default=timezone.now)
    finished_at = models.DateTimeField(_("finished"), null=True)
    due = models.PositiveIntegerField(_("customers due"), default=0)
    erased = models.PositiveIntegerField(_("customers erased"), default=0)
    held = models.PositiveIntegerField(_("on legal hold"), default=0)
    deferred = models.JSONField(_("deferred"), default=dict)
    failed = models.PositiveIntegerField(_("failed"), default=0)
    counts = models.JSONField(_("rows removed"), default=dict)
    searched_at = models.DateTimeField(_("searched for residue"), null=True)
    searched = models.JSONField(_("searched"), default=dict)
    residue = models.JSONField(_("residue"), default=list)

    objects = PurgeRunQuerySet.as_manager()

    class Meta:
        verbose_name = _("purge run")
        verbose_name_plural = _("purge runs")
        ordering = ["-pk"]
        indexes = [
            # For the controls: there should be none.
            models.Index(name="purgerun_in_doubt", fields=["started_at"], condition=IN_DOUBT),
        ]

    def __str__(self) -> str:
        return f"{self.pk}"


# The local day of the erasure, in the company's zone whatever the reader's.
ERASED_ON = Cast(Func(Value(settings.TIME_ZONE), F("erased_at"), function="timezone"), DateField())


class Tombstone(models.Model):
    """What is left of an erased customer: that there was one, and that it is gone.

    rows is {category of data: rows about the customer that went}. line is its number in the ledger,
    None until it is written there. The rule is not known of what a replay erased.
    """

    public_id = models.CharField(_("public id"), max_length=32, unique=True)
    opened_on = models.DateField(_("account opened"))
    closed_on = models.DateField(_("account closed"))
    retained_until = models.DateField(_("kept until"))
    erased_at = models.DateTimeField(_("erased"), default=timezone.now)
    rows = models.JSONField(_("rows removed"), default=dict)
    line = models.PositiveBigIntegerField(_("line of the ledger"), null=True, editable=False)
    rule = models.ForeignKey(
        RetentionRule, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("rule")
    )
    run = models.ForeignKey(
        PurgeRun, on_delete=models.PROTECT, related_name="tombstones", verbose_name=_("run")
    )

    class Meta:
        verbose_name = _("tombstone")
        verbose_name_plural = _("tombstones")
        ordering = ["-pk"]
        indexes = [
            # For the control kept_while_open: there should be none.
            models.Index(
                name="tombstone_too_early",
                fields=["retained_until"],
                condition=Q(retained_until__gte=ERASED_ON),
            ),
            # For the ledger: the highest, and those that have none.
            models.Index(name="tombstone_line", fields=["line"]),
        ]

    def __str__(self) -> str:
        return self.public_id[:8]


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
