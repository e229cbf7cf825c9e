from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from policies.models import RetentionRule

IN_DOUBT = ~Q(residue=[]) | (
    (Q(erased__gt=0) | Q(partly__gt=0)) & Q(searches=True, searched_at=None)
)


class PurgeRunQuerySet(models.QuerySet["PurgeRun"]):
    def in_doubt(self) -> "PurgeRunQuerySet":
        """Narrow to those that left something behind, or after which nobody could look.

        They stay so until somebody has said of what was found that it is cleaned.
        """
        said = ResidueClearing.objects.filter(run=OuterRef("pk"), residue=OuterRef("residue"))
        return self.filter(IN_DOUBT).exclude(Exists(said))

    def waiting(self) -> "PurgeRunQuerySet":
        """Narrow to those in whose doubts the DPO has yet to decide: the last of each rule."""
        runs = PurgeRun.objects.filter(rule=OuterRef("rule"), only_reported=False)
        stopped = self.filter(only_reported=False, going__gt=0, permit=None).exclude(doubts={})
        return stopped.exclude(Exists(runs.filter(pk__gt=OuterRef("pk"))))

    def replaceable(self) -> "PurgeRunQuerySet":
        """Narrow to those that prove nothing: no tombstone and no permit speaks of them."""
        buried_nobody = Q(erased=0, partly=0) | Q(searches=False)
        return self.filter(buried_nobody, rule__isnull=False, permit=None).exclude(IN_DOUBT)

    def trusted(self) -> "PurgeRunQuerySet":
        """Narrow to those under a rule that nothing stopped."""
        return self.filter(rule__isnull=False, doubts={})


class PurgeRun(models.Model):
    """What one run found and removed, under which rule: numbers only. A replay has no rule.

    going is how many of those due nothing kept when the run began; partly how many went but for a
    part that must stay. counts is {table label: rows
    removed}, rows and files {category: number removed}, deferred {reason code: customers}.
    A run without approval has only_reported set and removed nothing, and so did one with doubts
    (retention/runs.py): {doubt: its figure}.
    With searches set, what should be gone is looked for afterwards: searched is how much was looked
    at, residue where some of it was found, of a column, a folder or a server the name alone.
    """

    rule = models.ForeignKey(
        RetentionRule, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("rule")
    )
    only_reported = models.BooleanField(_("report only"))
    started_at = models.DateTimeField(_("started"), default=timezone.now)
    finished_at = models.DateTimeField(_("finished"), null=True)
    due = models.PositiveIntegerField(_("due"), default=0)
    going = models.PositiveIntegerField(_("to be erased"), default=0)
    erased = models.PositiveIntegerField(_("erased"), default=0)
    partly = models.PositiveIntegerField(_("erased but for a part"), default=0)
    held = models.PositiveIntegerField(_("on legal hold"), default=0)
    deferred = models.JSONField(_("deferred"), default=dict)
    failed = models.PositiveIntegerField(_("failed"), default=0)
    counts = models.JSONField(_("rows removed"), default=dict)
    rows = models.JSONField(_("rows removed, by category"), default=dict)
    files = models.JSONField(_("files removed"), default=dict)
    doubts = models.JSONField(_("in doubt"), default=dict)
    searches = models.BooleanField(_("is searched for residue"), default=True)
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
            # For the sweep of old reports, and the newest of them.
            models.Index(name="purgerun_started", fields=["started_at"]),
        ]

    def __str__(self) -> str:
        return date_format(timezone.localtime(self.started_at), "SHORT_DATETIME_FORMAT")

    @property
    def duration(self) -> timedelta:
        """How long it took, or has taken so far."""
        return (self.finished_at or timezone.now()) - self.started_at

    @property
    def is_stopped(self) -> bool:
        """Say whether something waits for the DPO: where nothing is to go, nobody is asked."""
        return bool(self.doubts) and not self.only_reported and self.going > 0


class PurgePermit(models.Model):
    """The DPO's word that what stopped a run is right: the next ones may remove as many."""

    run = models.OneToOneField(
        PurgeRun, on_delete=models.PROTECT, related_name="permit", verbose_name=_("run")
    )
    up_to = models.PositiveIntegerField(_("at most"))
    permitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("permitted by"),
    )
    permitted_at = models.DateTimeField(_("permitted"), default=timezone.now)

    history = HistoricalRecords(user_db_constraint=False)

    class Meta:
        verbose_name = _("permit of a large deletion")
        verbose_name_plural = _("permits of large deletions")

    def __str__(self) -> str:
        return f"{self.run}"


class ResidueClearing(models.Model):
    """The DPO's word that what a run left behind is cleaned, or need not be, and why.

    residue is where it was found, empty where nobody could search. What is found later stays open.
    """

    run = models.ForeignKey(
        PurgeRun, on_delete=models.PROTECT, related_name="clearings", verbose_name=_("run")
    )
    residue = models.JSONField(_("residue"), default=list)
    reason = models.TextField(_("reason"), max_length=500)
    cleared_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("cleared by"),
    )
    cleared_at = models.DateTimeField(_("cleared"), default=timezone.now)

    history = HistoricalRecords(user_db_constraint=False)

    class Meta:
        verbose_name = _("clearing of residue")
        verbose_name_plural = _("clearings of residue")
        constraints = [
            models.CheckConstraint(name="residueclearing_for_a_reason", condition=~Q(reason="")),
        ]

    def __str__(self) -> str:
        return f"{self.run}"
