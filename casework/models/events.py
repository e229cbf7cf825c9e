from datetime import date
from typing import Self

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from policies.models import RuleFamily, TimeLimitKind

DEADLINE_MOVED = "deadline_moved"
ASSIGNED = "assigned"
CLASSIFIED = "classified"
EXTENDED = "extended"
ASKED = "asked"  # the customer, for something; what the limit allows stands still
ANSWERED = "answered"  # by the customer
WENT_ON = "went_on"  # without the customer's answer
WROTE = "wrote"  # either side
REMINDED = "reminded"  # of a last day; details say who was, and of which day
RAN_AGAIN = "ran_again"  # the clocks of a case that was opened again
INTERNAL_EVENTS = (REMINDED, RAN_AGAIN)

_WAITED = _(
    "By the days of waiting for an answer, the last day is now %(after)s, and no longer"
    " %(before)s (%(limit)s, %(family)s)."
)
MOVED: dict[str, str | Promise] = {
    DEADLINE_MOVED: _(
        "The official calendar has changed: the last day is now %(after)s, and no longer"
        " %(before)s (%(limit)s, %(family)s)."
    ),
    CLASSIFIED: _(
        "By how complex the matter is, the last day is now %(after)s, and no longer %(before)s"
        " (%(limit)s, %(family)s)."
    ),
    ANSWERED: _WAITED,
    WENT_ON: _WAITED,
    EXTENDED: _(
        "The time was extended: the last day is now %(after)s, not %(before)s (%(limit)s)."
    ),
}
"""What is said of a last day that moved: by the code of the event, or by the cause it names."""


class CaseEventQuerySet(models.QuerySet["CaseEvent"]):
    def for_customer(self) -> Self:
        return self.exclude(code__in=INTERNAL_EVENTS)


class CaseEvent(models.Model):
    """One step in the life of a case. Append-only, held by a trigger.

    The customer sees all but INTERNAL_EVENTS.
    code names what happened: a state of the case, or one of the names above; never text.
    details are codes, days and public ids of staff, empty for most; never text either. Where a last
    day moved for another reason than the calendar, "cause" is the code of what moved it.
    """

    case = models.ForeignKey(
        "casework.Case", on_delete=models.PROTECT, related_name="events", verbose_name=_("case")
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
        family = self.details.get("family")
        return str(MOVED[self.details.get("cause", self.code)]) % {
            "after": _shown(self.details["after"]),
            "before": _shown(self.details["before"]),
            "limit": TimeLimitKind(self.details["kind"]).label,
            "family": RuleFamily(family).label if family else "",
        }


def _shown(day: str) -> str:
    return date_format(date.fromisoformat(day), "SHORT_DATE_FORMAT")
