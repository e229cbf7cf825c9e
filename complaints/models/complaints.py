from collections.abc import Collection
from functools import reduce
from operator import and_
from typing import Any

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from access.models import AccessRecord
from casework.models import LONGEST_TEXT, Case
from casework.records import runs_clocks
from complaints.exceptions import InvalidTransition


class ComplaintCategory(models.TextChoices):
    WRONG_PURPOSE = "wrong_purpose", _("My data was used for another purpose")
    OUTSIDE_SCOPE = "outside_scope", _("My data was used beyond what I was told")
    SHARED = "shared", _("My data was shared without my consent")
    MARKETING = "marketing", _("I get advertising although I refused it")
    INACCURATE = "inaccurate", _("My data is wrong")
    UNAUTHORISED = "unauthorised", _("Somebody had access who should not")
    OTHER = "other", _("Something else")


# The same in the words of the desk
SHORT_CATEGORY: dict[str, Any] = {
    ComplaintCategory.WRONG_PURPOSE: _("wrong purpose"),
    ComplaintCategory.OUTSIDE_SCOPE: _("outside the notified scope"),
    ComplaintCategory.SHARED: _("shared without consent"),
    ComplaintCategory.MARKETING: _("marketing after refusal"),
    ComplaintCategory.INACCURATE: _("inaccurate data"),
    ComplaintCategory.UNAUTHORISED: _("unauthorised access"),
    ComplaintCategory.OTHER: _("other"),
}


class ComplaintState(models.TextChoices):
    RECEIVED = "received", _("received")
    ACKNOWLEDGED = "acknowledged", _("acknowledged")
    VERIFYING = "verifying", _("verifying")
    MEASURES = "measures", _("measures")
    REFUSAL = "refusal", _("refusal to be confirmed")
    RESOLVED = "resolved", _("resolved")
    WITHDRAWN = "withdrawn", _("withdrawn")
    ESCALATED = "escalated", _("escalated to an authority")


CLOSED = (ComplaintState.RESOLVED, ComplaintState.WITHDRAWN)

NEXT: dict[ComplaintState, tuple[ComplaintState, ...]] = {
    ComplaintState.RECEIVED: (
        ComplaintState.ACKNOWLEDGED,
        ComplaintState.VERIFYING,
        ComplaintState.WITHDRAWN,
        ComplaintState.ESCALATED,
    ),
    ComplaintState.ACKNOWLEDGED: (
        ComplaintState.VERIFYING,
        ComplaintState.WITHDRAWN,
        ComplaintState.ESCALATED,
    ),
    ComplaintState.VERIFYING: (
        ComplaintState.MEASURES,
        ComplaintState.WITHDRAWN,
        ComplaintState.ESCALATED,
    ),
    ComplaintState.MEASURES: (
        ComplaintState.RESOLVED,
        ComplaintState.REFUSAL,
        ComplaintState.VERIFYING,
        ComplaintState.WITHDRAWN,
        ComplaintState.ESCALATED,
    ),
    ComplaintState.REFUSAL: (
        ComplaintState.RESOLVED,
        ComplaintState.MEASURES,
        ComplaintState.WITHDRAWN,
        ComplaintState.ESCALATED,
    ),
    # Reopened once when the customer disagrees; taken to an authority at any time.
    ComplaintState.RESOLVED: (ComplaintState.VERIFYING, ComplaintState.ESCALATED),
    ComplaintState.WITHDRAWN: (),
    ComplaintState.ESCALATED: (
        ComplaintState.VERIFYING,
        ComplaintState.RESOLVED,
        ComplaintState.WITHDRAWN,
    ),
}


class Outcome(models.TextChoices):
    UPHELD = "upheld", _("upheld in full")
    PARTLY = "partly", _("upheld in part")
    NOT_UPHELD = "not_upheld", _("not upheld")


class Side(models.TextChoices):
    CUSTOMER = "customer", _("the customer")
    COMPANY = "company", _("the company")


class Identity(models.TextChoices):
    """How it is known that a complaint comes from the customer."""

    ACCOUNT = "account", _("signed in")
    ADDRESS = "address", _("address confirmed only")
    UNKNOWN = "unknown", _("not checked")
    CHECKED = "checked", _("checked by staff")


ANSWER = ("cause", "finding", "solution", "remedy", "next_steps", "lesson")
"""What an answer consists of; the customer reads all but the lesson."""


DECISION = ("outcome", "cause", "finding")


def untold(row: Any) -> Collection[str]:
    """Return the parts of the answer that the customer has not been told yet.

    A decision is told when it is taken; one that refuses waits for the second person.
    """
    if row.answered_at is not None:
        return ()
    parts = {*DECISION, *ANSWER}
    if row.state == ComplaintState.REFUSAL:
        return {*parts, "state"}
    is_told = row.state == ComplaintState.MEASURES and row.outcome != Outcome.NOT_UPHELD
    return parts - set(DECISION) if is_told else parts


def prose(label: Any) -> Any:
    return models.TextField(label, max_length=LONGEST_TEXT, blank=True, editable=False)


def staff(label: Any) -> Any:
    return models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=label,
    )


@runs_clocks
class Complaint(Case):
    """A customer's complaint about how the company handled their personal data.

    Its state changes only through complaints.services. refused_by proposed to refuse it and
    confirmed_by, somebody else, agreed. answered_at is since when the customer has the answer
    that the row holds; a new decision ends it. decision is what the authority decided.
    """

    Category = ComplaintCategory
    State = ComplaintState

    category = models.CharField(
        _("about"), max_length=20, choices=ComplaintCategory, editable=False
    )
    text = models.TextField(_("complaint"), max_length=LONGEST_TEXT, editable=False)
    identity = models.CharField(
        _("identity"),
        max_length=10,
        choices=Identity,
        default=Identity.ACCOUNT,
        editable=False,
    )
    state = models.CharField(
        _("state"),
        max_length=20,
        choices=ComplaintState,
        default=ComplaintState.RECEIVED,
        editable=False,
    )
    outcome = models.CharField(
        _("outcome"), max_length=20, choices=Outcome, blank=True, editable=False
    )
    cause = prose(_("cause"))
    finding = prose(_("finding"))
    solution = prose(_("solution and measures"))
    remedy = prose(_("remedy"))
    next_steps = prose(_("next steps"))
    lesson = prose(_("lesson for the company"))
    decided_by = staff(_("decided by"))
    refused_by = staff(_("refusal proposed by"))
    confirmed_by = staff(_("refusal confirmed by"))
    answered_at = models.DateTimeField(_("answered"), null=True, editable=False)
    agreed_at = models.DateTimeField(_("customer agreed"), null=True, editable=False)
    disagreed_at = models.DateTimeField(_("customer disagreed"), null=True, editable=False)
    escalated_at = models.DateTimeField(_("escalated"), null=True, editable=False)
    escalated_by = models.CharField(
        _("escalated by"), max_length=10, choices=Side, blank=True, editable=False
    )
    authority = models.CharField(_("authority"), max_length=200, blank=True, editable=False)
    authority_reference = models.CharField(
        _("the authority's reference"), max_length=100, blank=True, editable=False
    )
    decision = prose(_("the authority's decision"))

    history = HistoricalRecords(user_db_constraint=False)

    class Meta:
        verbose_name = _("complaint")
        verbose_name_plural = _("complaints")
        ordering = ["late_from", "pk"]
        indexes = [
            # For the officers' search by words.
            GinIndex(SearchVector("text", config="simple"), name="complaint_words"),
            # For the controls: what waits for a decision, or for an authority.
            models.Index(
                name="complaint_unsettled", fields=["state"], condition=~Q(state__in=CLOSED)
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="complaint_resolved_with_its_answer",
                condition=~Q(state=ComplaintState.RESOLVED)
                | reduce(and_, (~Q(**{name: ""}) for name in ("outcome", *ANSWER))),
            ),
            models.CheckConstraint(
                name="complaint_refused_by_two",
                condition=~Q(state=ComplaintState.RESOLVED, outcome=Outcome.NOT_UPHELD)
                | Q(refused_by__isnull=False, confirmed_by__isnull=False)
                & ~Q(refused_by=F("confirmed_by")),
            ),
            models.CheckConstraint(
                name="complaint_escalated_somewhere",
                condition=~Q(state=ComplaintState.ESCALATED)
                | Q(escalated_at__isnull=False) & ~Q(escalated_by="") & ~Q(authority=""),
            ),
        ]

    def get_absolute_url(self) -> str:
        return reverse("complaint", args=[self.public_id])

    @property
    def subject(self) -> str:
        """Return in a few words of the desk what it is about."""
        return str(SHORT_CATEGORY[self.category])

    @property
    def needs_identity_check(self) -> bool:
        """Say whether an answer must reveal nothing of the customer's data yet."""
        return self.identity in (Identity.ADDRESS, Identity.UNKNOWN)

    @property
    def state_for_customer(self) -> str:
        """Return the state in the words that the customer reads: no refusal is told early."""
        shown = ComplaintState.MEASURES if self.state == ComplaintState.REFUSAL else self.state
        return str(ComplaintState(shown).label)

    @property
    def is_answered(self) -> bool:
        """Say whether nothing is missing that an answer consists of."""
        return bool(self.outcome) and all(getattr(self, name) for name in ANSWER)

    @property
    def is_answer_standing(self) -> bool:
        """Say whether the customer has an answer that they have not disagreed with."""
        if self.answered_at is None:
            return False
        return self.disagreed_at is None or self.disagreed_at < self.answered_at

    @property
    def next_states(self) -> tuple[ComplaintState, ...]:
        return NEXT[ComplaintState(self.state)]

    def move_to(self, state: ComplaintState) -> None:
        """Set the state, and closed_at to what follows from it; do not save.

        Raises InvalidTransition.
        """
        if state not in self.next_states:
            raise InvalidTransition(
                _("A complaint that is “%(now)s” cannot become “%(then)s”.")
                % {"now": self.get_state_display(), "then": state.label}
            )
        self.state = state
        self.closed_at = timezone.now() if state in CLOSED else None
        if not self.is_open:
            self.late_from = self.waiting_since = None


class LinkKind(models.TextChoices):
    DUPLICATE = "duplicate", _("says the same")
    RELATED = "related", _("is related")


class ComplaintLink(models.Model):
    """Two complaints that belong together; the earlier one comes first."""

    earlier = models.ForeignKey(
        Complaint, on_delete=models.PROTECT, related_name="later_links", verbose_name=_("earlier")
    )
    later = models.ForeignKey(
        Complaint, on_delete=models.PROTECT, related_name="earlier_links", verbose_name=_("later")
    )
    kind = models.CharField(_("how"), max_length=10, choices=LinkKind)
    by = staff(_("by"))
    at = models.DateTimeField(_("when"), default=timezone.now)

    class Meta:
        verbose_name = _("link between complaints")
        verbose_name_plural = _("links between complaints")
        constraints = [
            models.UniqueConstraint(name="complaintlink_once", fields=["earlier", "later"]),
            models.CheckConstraint(
                name="complaintlink_in_order", condition=Q(earlier__lt=F("later"))
            ),
        ]

    def __str__(self) -> str:
        return f"link {self.pk}"


class QuestionedAccess(models.Model):
    """An access to the customer's data that a complaint calls into question."""

    complaint = models.ForeignKey(
        Complaint,
        on_delete=models.PROTECT,
        related_name="questioned_accesses",
        verbose_name=_("complaint"),
    )
    record = models.ForeignKey(
        AccessRecord, on_delete=models.PROTECT, related_name="+", verbose_name=_("access record")
    )

    class Meta:
        verbose_name = _("questioned access")
        verbose_name_plural = _("questioned accesses")
        constraints = [
            models.UniqueConstraint(name="questionedaccess_once", fields=["complaint", "record"]),
        ]

    def __str__(self) -> str:
        return f"questioned {self.pk}"
