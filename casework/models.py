from collections.abc import Iterable
from datetime import date, datetime
from functools import reduce
from operator import or_
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from accounts.models import Customer
from common.tokens import new_public_id
from policies.clocks import Explanation
from policies.counting import last_day_before
from policies.exceptions import UnreadableExplanation
from policies.models import RuleFamily, TimeLimit, TimeLimitKind

REFERENCE_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # nothing that reads like another


def random_reference(prefix: str) -> str:
    code = get_random_string(8, REFERENCE_ALPHABET)
    return f"{prefix}-{code[:4]}-{code[4:]}"


def new_reference() -> str:
    """Return a name for the phone, as KN-7Q4M-2XHD. It opens nothing: pages go by public_id."""
    return random_reference("KN")


class CaseKind(models.TextChoices):
    COMPLAINT = "complaint", _("complaint")
    UNAUTHORISED_USE = "unauthorised_use", _("unauthorised use")


class CaseChannel(models.TextChoices):
    WEB = "web", _("web")
    EMAIL = "email", _("email")
    POST = "post", _("post")
    PHONE = "phone", _("phone")
    COUNTER = "counter", _("counter")


IS_OPEN = Q(closed_at=None)


def late_at(moment: datetime) -> Q:
    """Return what is asked of an open case with a clock that has run out at ``moment``."""
    return IS_OPEN & Q(late_from__lte=moment)


class CaseQuerySet(models.QuerySet[Any]):
    def of(self, customer: Customer) -> "CaseQuerySet":
        """Narrow to the customer's own cases; all that customer pages may read."""
        return self.filter(customer=customer)

    def open(self) -> "CaseQuerySet":
        return self.filter(IS_OPEN)

    def overdue(self) -> "CaseQuerySet":
        """Narrow to the open cases with a clock that has run out."""
        return self.filter(late_at(timezone.now()))

    def lacking_clocks(self, kinds: Iterable[TimeLimitKind]) -> "CaseQuerySet":
        """Narrow to the cases without a clock of some of these kinds."""
        clocks = Clock.objects.filter(case=OuterRef("pk"))
        lacks = (Q(~Exists(clocks.filter(kind=kind))) for kind in kinds)
        return self.filter(reduce(or_, lacks))


class Case(models.Model):
    """What a complaint, and each later kind of case, has in common.

    received_at sets the clocks off; recorded_at is when we wrote it down.
    late_from is the first late moment of the nearest running clock, kept here
    for the queue; NULL when no clock runs. submission names the filled-in form, so that
    sending it twice makes one case.
    """

    kind = models.CharField(_("kind"), max_length=20, choices=CaseKind, editable=False)
    reference = models.CharField(
        _("reference"), max_length=20, unique=True, default=new_reference, editable=False
    )
    public_id = models.CharField(
        _("public id"), max_length=32, unique=True, default=new_public_id, editable=False
    )
    submission = models.CharField(
        _("submission"), max_length=32, unique=True, default=new_public_id, editable=False
    )
    customer = models.ForeignKey(
        Customer,
        on_delete=models.PROTECT,
        related_name="cases",
        editable=False,
        verbose_name=_("customer"),
    )
    channel = models.CharField(
        _("channel"), max_length=10, choices=CaseChannel, default=CaseChannel.WEB, editable=False
    )
    handler = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        limit_choices_to={"is_staff": True},
        related_name="+",
        verbose_name=_("handler"),
    )
    received_at = models.DateTimeField(_("received"), default=timezone.now, editable=False)
    recorded_at = models.DateTimeField(_("recorded"), auto_now_add=True)
    closed_at = models.DateTimeField(_("closed"), null=True, editable=False)
    late_from = models.DateTimeField(_("late from"), null=True, editable=False)

    objects = CaseQuerySet.as_manager()

    class Meta:
        verbose_name = _("case")
        verbose_name_plural = _("cases")
        constraints = [
            models.CheckConstraint(
                name="case_closed_after_received",
                condition=Q(closed_at=None) | Q(closed_at__gte=F("received_at")),
            ),
            models.CheckConstraint(
                name="case_closed_has_no_clock",
                condition=Q(closed_at=None) | Q(late_from=None),
            ),
        ]
        indexes = [
            # For the queues and overdue(): the open cases by nearest clock.
            models.Index(name="case_open_late", fields=["late_from"], condition=Q(closed_at=None)),
            # For the control complaints_verified: what was closed lately.
            models.Index(
                name="case_closed", fields=["closed_at"], condition=Q(closed_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def is_open(self) -> bool:
        return self.closed_at is None

    @property
    def last_day(self) -> date | None:
        """Return the last day of the nearest running clock, None when no clock runs."""
        return self.late_from and last_day_before(self.late_from)


class Clock(models.Model):
    """One time limit running on one case, with how its last day was found.

    last_day is the local day on which the step must be done at the latest;
    late_from the first moment after it. explanation is what policies.clocks
    wrote: each day not counted, with its reason in both languages. calendar_version
    is that of the official calendar by which it was last counted; where a later
    calendar would give more time, the explanation stays that of the promised day.
    """

    case = models.ForeignKey(
        Case, on_delete=models.PROTECT, related_name="clocks", verbose_name=_("case")
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
    met_at = models.DateTimeField(_("done"), null=True)

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
        return self.met_at is None

    @property
    def was_missed(self) -> bool:
        return (self.met_at or timezone.now()) >= self.late_from

    @property
    def explanation_lines(self) -> list[str]:
        """Say in the reader's language how the last day was found."""
        try:
            return Explanation.from_json(self.explanation).lines()
        except UnreadableExplanation as error:
            return [str(error)]


DEADLINE_MOVED = "deadline_moved"


class CaseEvent(models.Model):
    """One step in the life of a case; the customer sees it. Append-only, held by a trigger.

    code names what happened (a state of the case, "assigned", DEADLINE_MOVED); never text.
    details are codes and days that belong to it, empty for most; never text either.
    """

    case = models.ForeignKey(
        Case, on_delete=models.PROTECT, related_name="events", verbose_name=_("case")
    )
    code = models.SlugField(_("event"), max_length=40)
    details = models.JSONField(_("details"), default=dict, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("by"),
    )
    at = models.DateTimeField(_("when"), default=timezone.now)

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.code

    @property
    def deadline_sentence(self) -> str:
        """Say in the reader's language which last day has moved, from when to when."""
        return _(
            "The official calendar has changed: the last day is now %(after)s, and no longer"
            " %(before)s (%(limit)s, %(family)s)."
        ) % {
            "after": _shown(self.details["after"]),
            "before": _shown(self.details["before"]),
            "limit": TimeLimitKind(self.details["kind"]).label,
            "family": RuleFamily(self.details["family"]).label,
        }


def _shown(day: str) -> str:
    return date_format(date.fromisoformat(day), "SHORT_DATE_FORMAT")


def evidence_path(evidence: "Evidence", filename: str) -> str:
    """Return a random place; the name that the sender gave never reaches the file system."""
    return f"evidence/{evidence.public_id[:2]}/{evidence.public_id}"


class Evidence(models.Model):
    """A file that came with a case.

    Pictures are kept without what is hidden in them, so sha256, that of the file
    as it was sent, is what a sender can compare; size is of the file kept.
    """

    public_id = models.CharField(
        _("public id"), max_length=32, unique=True, default=new_public_id, editable=False
    )
    case = models.ForeignKey(
        Case, on_delete=models.PROTECT, related_name="evidence", verbose_name=_("case")
    )
    name = models.CharField(_("file name"), max_length=100)
    content_type = models.CharField(_("type"), max_length=40)
    size = models.PositiveIntegerField(_("size in bytes"))
    sha256 = models.CharField("SHA-256", max_length=64, help_text=_("Of the file as it was sent."))
    file = models.FileField(_("file"), upload_to=evidence_path, max_length=100)
    added_at = models.DateTimeField(_("added"), auto_now_add=True)

    history = HistoricalRecords(user_db_constraint=False)

    class Meta:
        verbose_name = _("evidence file")
        verbose_name_plural = _("evidence files")
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.public_id[:8]
