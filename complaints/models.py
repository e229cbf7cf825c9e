from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from casework.models import Case
from casework.recount import recounted
from complaints.exceptions import InvalidTransition

LONGEST_TEXT = 10_000


class ComplaintCategory(models.TextChoices):
    WRONG_PURPOSE = "wrong_purpose", _("My data was used for another purpose")
    OUTSIDE_SCOPE = "outside_scope", _("My data was used beyond what I was told")
    SHARED = "shared", _("My data was shared without my consent")
    MARKETING = "marketing", _("I get advertising although I refused it")
    INACCURATE = "inaccurate", _("My data is wrong")
    UNAUTHORISED = "unauthorised", _("Somebody had access who should not")
    OTHER = "other", _("Something else")


class ComplaintState(models.TextChoices):
    RECEIVED = "received", _("received")
    VERIFYING = "verifying", _("verifying")
    IN_PROGRESS = "in_progress", _("in progress")
    RESOLVED = "resolved", _("resolved")
    WITHDRAWN = "withdrawn", _("withdrawn")


CLOSED = (ComplaintState.RESOLVED, ComplaintState.WITHDRAWN)

NEXT = {
    ComplaintState.RECEIVED: (ComplaintState.VERIFYING, ComplaintState.WITHDRAWN),
    ComplaintState.VERIFYING: (ComplaintState.IN_PROGRESS, ComplaintState.WITHDRAWN),
    ComplaintState.IN_PROGRESS: (ComplaintState.RESOLVED, ComplaintState.WITHDRAWN),
    ComplaintState.RESOLVED: (),
    ComplaintState.WITHDRAWN: (),
}


@recounted
class Complaint(Case):
    """A customer's complaint about how the company handled their personal data.

    Its state changes only through complaints.services.
    """

    Category = ComplaintCategory
    State = ComplaintState

    category = models.CharField(
        _("about"), max_length=20, choices=ComplaintCategory, editable=False
    )
    text = models.TextField(_("complaint"), max_length=LONGEST_TEXT, editable=False)
    state = models.CharField(
        _("state"),
        max_length=20,
        choices=ComplaintState,
        default=ComplaintState.RECEIVED,
        editable=False,
    )
    cause = models.TextField(_("cause"), max_length=LONGEST_TEXT, blank=True, editable=False)
    solution = models.TextField(_("solution"), max_length=LONGEST_TEXT, blank=True, editable=False)

    history = HistoricalRecords(user_db_constraint=False)

    class Meta:
        verbose_name = _("complaint")
        verbose_name_plural = _("complaints")
        ordering = ["late_from", "pk"]
        constraints = [
            models.CheckConstraint(
                name="complaint_resolved_with_cause_and_solution",
                condition=~Q(state=ComplaintState.RESOLVED) | (~Q(cause="") & ~Q(solution="")),
            ),
        ]

    def get_absolute_url(self) -> str:
        return reverse("complaint", args=[self.public_id])

    @property
    def next_states(self) -> tuple[ComplaintState, ...]:
        return NEXT[ComplaintState(self.state)]

    def move_to(self, state: ComplaintState) -> None:
        """Set the state, and closed_at when that closes the complaint; do not save.

        Raises InvalidTransition.
        """
        if state not in self.next_states:
            raise InvalidTransition(
                _("A complaint that is “%(now)s” cannot become “%(then)s”.")
                % {"now": self.get_state_display(), "then": state.label}
            )
        self.state = state
        if state in CLOSED:
            self.closed_at = timezone.now()
            self.late_from = None
