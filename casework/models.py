from collections.abc import Iterable
from datetime import date, datetime
from functools import reduce
from operator import or_
from typing import Any, Self, TypeVar

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from accounts.models import Customer
from casework.references import random_reference
from common.antivirus import ScanState
from common.tokens import new_public_id
from policies.clocks import Explanation
from policies.counting import last_day_before
from policies.exceptions import UnreadableExplanation
from policies.models import Complexity, RuleFamily, TimeLimit, TimeLimitKind

LONGEST_TEXT = 10_000


def new_reference() -> str:
    """Return a name for the phone, as KN-7Q4M-2XHD-K. It opens nothing: pages go by public_id."""
    return random_reference("KN")


class CaseKind(models.TextChoices):
    COMPLAINT = "complaint", _("complaint")
    UNAUTHORISED_USE = "unauthorised_use", _("unauthorised use")


class Severity(models.TextChoices):
    LOW = "low", _("low")
    MEDIUM = "medium", _("medium")
    HIGH = "high", _("high")


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


Rows = TypeVar("Rows", bound="models.QuerySet[Any]")


def without_conflict(rows: Rows, staff: Any, *, case: str) -> Rows:
    """Leave out the rows of whose case (a lookup) this member of staff may read nothing."""
    interests = CaseConflict.objects.filter(case=OuterRef(case), staff=staff)
    return rows.exclude(Exists(interests.exclude(cause=ConflictCause.DECIDED)))


class CaseQuerySet(models.QuerySet[Any]):
    def of(self, customer: Customer) -> "CaseQuerySet":
        """Narrow to the customer's own cases; all that customer pages may read."""
        return self.filter(customer=customer)

    def open(self) -> "CaseQuerySet":
        return self.filter(IS_OPEN)

    def overdue(self) -> "CaseQuerySet":
        """Narrow to the open cases with a clock that has run out."""
        return self.filter(late_at(timezone.now()))

    def readable_by(self, user: Any) -> "CaseQuerySet":
        """Leave out the cases in which this member of staff has an interest of their own."""
        return without_conflict(self, user, case="pk")

    def lacking_clocks(self, kinds: Iterable[TimeLimitKind]) -> "CaseQuerySet":
        """Narrow to the cases without a clock of some of these kinds."""
        clocks = Clock.objects.filter(case=OuterRef("pk"))
        lacks = (Q(~Exists(clocks.filter(kind=kind))) for kind in kinds)
        return self.filter(reduce(or_, lacks))


class Case(models.Model):
    """What a complaint, and each later kind of case, has in common.

    received_at sets the clocks off; recorded_at is when we wrote it down.
    late_from is the first late moment of the nearest running clock, kept here
    for the queue; NULL when no clock runs. complexity is empty until somebody judged it, and
    the longest term applies. waiting_since is when the customer was asked what they have not
    answered yet. submission names the filled-in form, so that
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
    severity = models.CharField(
        _("severity"), max_length=10, choices=Severity, blank=True, editable=False
    )
    complexity = models.CharField(
        _("complexity"), max_length=10, choices=Complexity, blank=True, editable=False
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
    waiting_since = models.DateTimeField(_("waiting since"), null=True, editable=False)

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
            models.CheckConstraint(
                name="case_closed_waits_for_nobody",
                condition=Q(closed_at=None) | Q(waiting_since=None),
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

    def get_absolute_url(self) -> str:
        """Return the page on which the customer finds the case."""
        return reverse("overview")

    def get_desk_url(self) -> str:
        """Return the page of the case in the admin."""
        return reverse(
            f"admin:{self._meta.app_label}_{self._meta.model_name}_change", args=[self.pk]
        )

    @property
    def is_open(self) -> bool:
        return self.closed_at is None

    @property
    def last_day(self) -> date | None:
        """Return the last day of the nearest running clock, None when no clock runs."""
        return self.late_from and last_day_before(self.late_from)


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


DEADLINE_MOVED = "deadline_moved"
ASSIGNED = "assigned"
CLASSIFIED = "classified"
EXTENDED = "extended"
ASKED = "asked"  # the customer, for something; what the limit allows stands still
ANSWERED = "answered"  # by the customer
WENT_ON = "went_on"  # without the customer's answer
WROTE = "wrote"  # either side
REMINDED = "reminded"  # of a last day; details say whom, and of which day
INTERNAL_EVENTS = (REMINDED,)


class CaseEventQuerySet(models.QuerySet["CaseEvent"]):
    def for_customer(self) -> Self:
        return self.exclude(code__in=INTERNAL_EVENTS)


class CaseEvent(models.Model):
    """One step in the life of a case. Append-only, held by a trigger.

    The customer sees all but INTERNAL_EVENTS.
    code names what happened: a state of the case, or one of the names above; never text.
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

    objects = CaseEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.code

    @property
    def deadline_sentence(self) -> str:
        """Say in the reader's language which last day has moved, from when to when, and why."""
        days = {
            "after": _shown(self.details["after"]),
            "before": _shown(self.details["before"]),
            "limit": TimeLimitKind(self.details["kind"]).label,
        }
        if self.code == EXTENDED:
            return (
                _(
                    "The time was extended: the last day is now %(after)s, not %(before)s"
                    " (%(limit)s)."
                )
                % days
            )
        family = RuleFamily(self.details["family"]).label
        return _(
            "The official calendar has changed: the last day is now %(after)s, and no longer"
            " %(before)s (%(limit)s, %(family)s)."
        ) % {**days, "family": family}


def _shown(day: str) -> str:
    return date_format(date.fromisoformat(day), "SHORT_DATE_FORMAT")


class CaseMessage(models.Model):
    """What the customer and the company write to each other about a case. Append-only."""

    case = models.ForeignKey(
        Case, on_delete=models.PROTECT, related_name="messages", verbose_name=_("case")
    )
    from_customer = models.BooleanField(_("from the customer"))
    is_question = models.BooleanField(_("asks for an answer"), default=False)
    text = models.TextField(_("message"), max_length=LONGEST_TEXT)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("by"),
    )
    at = models.DateTimeField(_("when"), default=timezone.now)

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(name="casemessage_says_something", condition=~Q(text="")),
            models.CheckConstraint(
                name="casemessage_the_company_asks",
                condition=Q(is_question=False) | Q(from_customer=False),
            ),
        ]

    def __str__(self) -> str:
        return f"message {self.pk}"


class CaseNote(models.Model):
    """What staff write down for each other about a case; the customer is not shown it. Append-only.

    about is the event that the note gives the reason for, empty for a mere note.
    """

    case = models.ForeignKey(
        Case, on_delete=models.PROTECT, related_name="notes", verbose_name=_("case")
    )
    about = models.SlugField(_("reason for"), max_length=40, blank=True)
    text = models.TextField(_("note"), max_length=LONGEST_TEXT)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("by"),
    )
    at = models.DateTimeField(_("when"), default=timezone.now)

    class Meta:
        verbose_name = _("internal note")
        verbose_name_plural = _("internal notes")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(name="casenote_says_something", condition=~Q(text="")),
        ]

    def __str__(self) -> str:
        return f"note {self.pk}"


class CaseReminder(models.Model):
    """A day on which a member of staff wants to be reminded of a case."""

    case = models.ForeignKey(
        Case, on_delete=models.PROTECT, related_name="reminders", verbose_name=_("case")
    )
    staff = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("member of staff"),
    )
    on = models.DateField(_("on"))
    sent_at = models.DateTimeField(_("reminded"), null=True)

    class Meta:
        verbose_name = _("reminder")
        verbose_name_plural = _("reminders")
        ordering = ["on", "pk"]
        constraints = [
            models.UniqueConstraint(name="casereminder_once", fields=["case", "staff", "on"]),
        ]
        indexes = [
            # For the job that sends them.
            models.Index(name="casereminder_waiting", fields=["on"], condition=Q(sent_at=None)),
        ]

    def __str__(self) -> str:
        return f"reminder {self.on:%Y-%m-%d}"


class ConflictCause(models.TextChoices):
    NAMED = "named", _("the case is about them")
    ACCESS = "access", _("their access to the data is in question")
    DECLARED = "declared", _("they declared an interest of their own")
    DECIDED = "decided", _("they decided before, and the customer disagreed")


class CaseConflict(models.Model):
    """A member of staff who may neither read a case nor work on it.

    Of ConflictCause.DECIDED alone: may read it, and not work on it.
    """

    case = models.ForeignKey(
        Case, on_delete=models.PROTECT, related_name="conflicts", verbose_name=_("case")
    )
    staff = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("member of staff"),
    )
    cause = models.CharField(_("because"), max_length=10, choices=ConflictCause)
    at = models.DateTimeField(_("when"), default=timezone.now)

    class Meta:
        verbose_name = _("conflict of interest")
        verbose_name_plural = _("conflicts of interest")
        constraints = [
            models.UniqueConstraint(name="caseconflict_once", fields=["case", "staff"]),
        ]

    def __str__(self) -> str:
        return f"conflict {self.pk}"


def evidence_path(evidence: "Evidence", filename: str) -> str:
    """Return a random place; the name that the sender gave never reaches the file system."""
    return f"evidence/{evidence.public_id[:2]}/{evidence.public_id}"


EVIDENCE_INFECTED = "evidence_infected"  # the code of the event


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
    content_type = models.CharField(_("type"), max_length=100)
    size = models.PositiveIntegerField(_("size in bytes"))
    sha256 = models.CharField("SHA-256", max_length=64, help_text=_("Of the file as it was sent."))
    file = models.FileField(_("file"), upload_to=evidence_path, max_length=100)
    added_at = models.DateTimeField(_("added"), auto_now_add=True)
    has_active_content = models.BooleanField(
        _("active content"),
        default=False,
        help_text=_("It may run, load or hold something, or cannot be looked through."),
    )
    scan_state = models.CharField(
        _("virus scan"), max_length=20, choices=ScanState, default=ScanState.NOT_SCANNED
    )

    history = HistoricalRecords(user_db_constraint=False)

    class Meta:
        verbose_name = _("evidence file")
        verbose_name_plural = _("evidence files")
        ordering = ["pk"]
        indexes = [
            # For the scan of what waits for the scanner, the newest first.
            models.Index(
                name="evidence_not_scanned",
                fields=["-id"],
                condition=Q(scan_state=ScanState.NOT_SCANNED),
            ),
        ]

    def __str__(self) -> str:
        return self.public_id[:8]

    @property
    def is_quarantined(self) -> bool:
        return self.scan_state == ScanState.INFECTED

    @property
    def file_name(self) -> str:
        return self.name
