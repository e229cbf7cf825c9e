from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from policies.clocks import Explanation
from policies.exceptions import UnreadableExplanation
from policies.models import TimeLimit, TimeLimitKind


class ClockQuerySet(models.QuerySet["Clock"]):
    def running(self) -> Self:
        """Narrow to those that neither were met nor stand still."""
        return self.filter(met_at=None, paused_at=None)


class Clock(models.Model):
    """One time limit running on one case, with how its last day was found.

    last_day is the local day on which the step must be done at the latest;
    late_from the first moment after it. explanation is what policies.clocks
    wrote: each day not counted, with its reason in both languages. calendar_version
    is that of the official calendar by which it was last counted; where a later
    calendar would give more time, the explanation stays that of the promised day.
    extended_by is in the limit's unit. paused_at is since when it stands still for an answer of
    the customer; which days it stood still follows from the events.
    """

    case = models.ForeignKey(
        "casework.Case", on_delete=models.PROTECT, related_name="clocks", verbose_name=_("case")
    )
    kind = models.CharField(_("what for"), max_length=40, choices=TimeLimitKind)
    limit = models.ForeignKey(
        TimeLimit, on_delete=models.PROTECT, related_name="+", verbose_name=_("time limit")
    )
    last_day = models.DateField(_("last day"))
    late_from = models.DateTimeField(_("late from"))
    explanation = models.JSONField(_("how it was counted"))
    calendar_version = models.PositiveIntegerField(
        _("counted by calendar"), default=0, editable=False
    )
    extended_by = models.PositiveSmallIntegerField(_("extended by"), default=0, editable=False)
    paused_at = models.DateTimeField(_("stands still since"), null=True, editable=False)
    met_at = models.DateTimeField(_("done"), null=True)

    objects = ClockQuerySet.as_manager()

    class Meta:
        verbose_name = _("clock")
        verbose_name_plural = _("clocks")
        ordering = ["late_from", "pk"]
        constraints = [
            models.UniqueConstraint(name="clock_once_a_case", fields=["case", "limit"]),
        ]
        indexes = [
            # For the recount: the running clocks that an older calendar counted.
            models.Index(
                name="clock_running_version",
                fields=["calendar_version"],
                condition=Q(met_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.last_day:%Y-%m-%d}"

    @property
    def is_running(self) -> bool:
        return self.met_at is None and self.paused_at is None

    @property
    def was_missed(self) -> bool:
        return (self.met_at or self.paused_at or timezone.now()) >= self.late_from

    @property
    def explanation_lines(self) -> list[str]:
        """Say in the reader's language how the last day was found."""
        try:
            return Explanation.from_json(self.explanation).lines()
        except UnreadableExplanation as error:
            return [str(error)]
