from collections.abc import Iterable
from datetime import date, datetime
from functools import reduce
from operator import or_
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Customer
from casework.models.clocks import Clock
from casework.models.conflicts import without_conflict
from casework.references import random_reference
from common.tokens import new_public_id
from policies.counting import last_day_before
from policies.models import Complexity, TimeLimitKind


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

    @property
    def is_late(self) -> bool:
        """Say whether that day is over."""
        return self.late_from is not None and self.late_from <= timezone.now()
