"""What a customer lets staff see or change, and what staff opened in an emergency without asking.

Each state follows from the times in the row. No job ends anything: whoever was not answered in
time was not allowed, and what has ended is closed, whether or not anything ran meanwhile.
"""

from datetime import date, datetime, timedelta

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from access.reasons import AccessReason
from access.services import role_of
from accounts.models.codes import SentCode
from accounts.models.people import Customer
from common.personal_data import DataCategory
from common.tokens import new_public_id
from policies.counting import local_day
from policies.models import Purpose

ANSWER_WITHIN = timedelta(hours=12)  # no answer in this time is a no
CONFIRM_WITHIN = timedelta(hours=1)  # an emergency that nobody confirms by then was none
LONGEST_GRANT = timedelta(hours=72)
LONGEST_EMERGENCY = timedelta(hours=4)
LONGEST_SECRECY = timedelta(days=366)  # an authority that needs longer orders it anew


class GrantHours(models.IntegerChoices):
    ONE = 1, _("1 hour")
    FOUR = 4, _("4 hours")
    EIGHT = 8, _("8 hours")
    DAY = 24, _("1 day")
    THREE_DAYS = 72, _("3 days")


class ApprovalAnswer(models.TextChoices):
    GRANTED = "granted", _("granted")
    REFUSED = "refused", _("refused")


class AnswerWay(models.TextChoices):
    ACCOUNT = "account", _("in the account")
    LINK = "link", _("by the link of the mail")


class ApprovalState(models.TextChoices):
    WAITING = "waiting", _("waiting for the customer")
    SILENT = "silent", _("not answered in time")
    REFUSED = "refused", _("refused")
    RUNNING = "running", _("granted")
    REVOKED = "revoked", _("ended by the customer")
    ENDED = "ended", _("ended")


class AccessApprovalQuerySet(models.QuerySet["AccessApproval"]):
    def waiting(self, at: datetime) -> "AccessApprovalQuerySet":
        return self.filter(answer="", answer_by__gt=at)

    def running(self, at: datetime) -> "AccessApprovalQuerySet":
        return self.filter(answer=ApprovalAnswer.GRANTED, revoked_at=None, ends_at__gt=at)


class Opening(models.Model):
    """What opens a customer's record to one member of staff, for a while and in part."""

    public_id = models.CharField(
        _("public id"), max_length=32, unique=True, default=new_public_id, editable=False
    )
    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="+", verbose_name=_("customer")
    )
    field_groups = ArrayField(models.CharField(max_length=20), verbose_name=_("data"))
    case_reference = models.CharField(_("case"), max_length=20, blank=True)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("asked by"),
    )
    asked_at = models.DateTimeField(_("asked"), default=timezone.now)
    ends_at = models.DateTimeField(_("until"), null=True, blank=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.public_id[:8]

    @property
    def role_of_asker(self) -> str:
        return gettext(role_of(self.asked_by))

    @property
    def group_labels(self) -> list[str]:
        return [str(DataCategory(group).label) for group in self.field_groups]


class AccessApproval(Opening, SentCode):
    """A member of staff asked a customer to let them see, or change, some of the customer's data.

    It opens the record to who asked, and to nobody else.
    """

    Answer = ApprovalAnswer
    State = ApprovalState

    purpose = models.ForeignKey(
        Purpose, on_delete=models.PROTECT, related_name="+", verbose_name=_("purpose")
    )
    reason = models.CharField(_("occasion"), max_length=20, choices=AccessReason, blank=True)
    may_change = models.BooleanField(_("to change it too"), default=False)
    hours = models.PositiveSmallIntegerField(_("for how long"), choices=GrantHours)
    answer_by = models.DateTimeField(_("to be answered by"))
    answer = models.CharField(_("answer"), max_length=10, choices=ApprovalAnswer, blank=True)
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)
    answered_through = models.CharField(
        _("answered through"), max_length=10, choices=AnswerWay, blank=True
    )
    revoked_at = models.DateTimeField(_("ended by the customer"), null=True, blank=True)

    objects = AccessApprovalQuerySet.as_manager()
    history = HistoricalRecords(
        user_db_constraint=False,
        excluded_fields=["code", "code_sent_at", "codes_sent", "code_tries"],
    )

    class Meta:
        verbose_name = _("request for approval")
        verbose_name_plural = _("requests for approval")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                name="accessapproval_answered_iff_an_answer",
                condition=Q(answer="", answered_at=None, answered_through="")
                | (~Q(answer="") & Q(answered_at__isnull=False) & ~Q(answered_through="")),
            ),
            models.CheckConstraint(
                name="accessapproval_answered_in_time",
                condition=Q(answer_by=F("asked_at") + ANSWER_WITHIN)
                & (Q(answered_at=None) | Q(answered_at__lte=F("answer_by"))),
            ),
            models.CheckConstraint(
                name="accessapproval_ends_iff_granted",
                condition=Q(
                    answer=ApprovalAnswer.GRANTED,
                    ends_at__isnull=False,
                    ends_at__gt=F("answered_at"),
                    ends_at__lte=F("answered_at") + LONGEST_GRANT,
                )
                | (~Q(answer=ApprovalAnswer.GRANTED) & Q(ends_at=None, revoked_at=None)),
            ),
            models.CheckConstraint(
                name="accessapproval_names_data", condition=Q(field_groups__len__gt=0)
            ),
            models.CheckConstraint(
                name="accessapproval_has_an_occasion",
                condition=~Q(case_reference="") | ~Q(reason=""),
            ),
        ]
        indexes = [
            # For waiting(): whom one member of staff has asked and not been answered by.
            models.Index(
                name="accessapproval_unanswered",
                fields=["customer", "answer_by"],
                condition=Q(answer=""),
            ),
        ]

    @property
    def why(self) -> dict[str, str]:
        """Return what the customer read, as the record of an access says it."""
        return {
            "purpose": self.purpose.code,
            "case_reference": self.case_reference,
            "reason": self.reason,
        }

    @property
    def state(self) -> ApprovalState:
        """Return how it stands now."""
        now = timezone.now()
        if not self.answer:
            return ApprovalState.WAITING if now < self.answer_by else ApprovalState.SILENT
        if self.answer == ApprovalAnswer.REFUSED:
            return ApprovalState.REFUSED
        if self.revoked_at is not None:
            return ApprovalState.REVOKED
        return ApprovalState.RUNNING if now < self.closed_at else ApprovalState.ENDED

    @property
    def closed_at(self) -> datetime:
        """Return until when it opens, or opened, the record; of one never granted, when asked."""
        return self.revoked_at or self.ends_at or self.asked_at

    @property
    def opened_at(self) -> datetime | None:
        return self.answered_at if self.answer == ApprovalAnswer.GRANTED else None


class AuthorityKind(models.TextChoices):
    POLICE = "police", _("police")
    PROCURACY = "procuracy", _("procuracy")
    COURT = "court", _("court")
    INSPECTORATE = "inspectorate", _("inspectorate")
    OTHER = "other", _("another State body")


class SecrecyState(models.TextChoices):
    ASKED = "asked", _("waiting for a second person")
    IN_FORCE = "in_force", _("in force")
    LAPSED = "lapsed", _("not confirmed in time")
    ENDED = "ended", _("ended")


class SecrecyOrderQuerySet(models.QuerySet["SecrecyOrder"]):
    def in_force(self, on: date) -> "SecrecyOrderQuerySet":
        return self.filter(confirmed_at__isnull=False, ends_on__gte=on)

    def told(self, on: date) -> "SecrecyOrderQuerySet":
        """Narrow to those of which their customers may know."""
        return self.filter(confirmed_at__isnull=False, ends_on__lt=on)


class SecrecyOrder(models.Model):
    """An authority ordered in writing that a customer is not told of an access before some day.

    ends_on: the last day on which it stays secret. What is recorded under the order carries that
    day, and shows by itself on the next.
    """

    Authority = AuthorityKind

    customer = models.ForeignKey(
        Customer,
        on_delete=models.CASCADE,
        related_name="secrecy_orders",
        verbose_name=_("customer"),
    )
    authority = models.CharField(_("authority"), max_length=20, choices=AuthorityKind)
    document = models.CharField(
        _("number of the order"),
        max_length=60,
        help_text=_("As on the paper, which stays in the company's files."),
    )
    dated_on = models.DateField(_("dated"))
    ends_on = models.DateField(_("secret until"))
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("recorded by"),
    )
    recorded_at = models.DateTimeField(_("recorded"), default=timezone.now)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("confirmed by"),
    )
    confirmed_at = models.DateTimeField(_("confirmed"), null=True)

    objects = SecrecyOrderQuerySet.as_manager()
    history = HistoricalRecords(user_db_constraint=False)

    class Meta:
        verbose_name = _("order of secrecy")
        verbose_name_plural = _("orders of secrecy")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(name="secrecyorder_in_writing", condition=~Q(document="")),
            models.CheckConstraint(
                name="secrecyorder_ends",
                condition=Q(
                    ends_on__gte=F("dated_on"), ends_on__lte=F("dated_on") + LONGEST_SECRECY
                ),
            ),
            models.CheckConstraint(
                name="secrecyorder_confirmed_by_another",
                condition=Q(confirmed_by=None, confirmed_at=None)
                | (
                    Q(confirmed_by__isnull=False, confirmed_at__isnull=False)
                    & ~Q(confirmed_by=F("recorded_by"))
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pk}"

    @property
    def state(self) -> SecrecyState:
        """Return how it stands now."""
        is_over = self.ends_on < local_day(timezone.now())
        if self.confirmed_at is None:
            return SecrecyState.LAPSED if is_over else SecrecyState.ASKED
        return SecrecyState.ENDED if is_over else SecrecyState.IN_FORCE


class EmergencyCategory(models.TextChoices):
    LIFE = "life", _("danger to life or health")
    ATTACK = "attack", _("an attack on the account or the portal")
    FRAUD = "fraud", _("fraud that is under way")
    AUTHORITY = "authority", _("written request of a State body that sets a term")


class EmergencyHours(models.IntegerChoices):
    ONE = 1, _("1 hour")
    TWO = 2, _("2 hours")
    FOUR = 4, _("4 hours")


class EmergencyFinding(models.TextChoices):
    JUSTIFIED = "justified", _("justified")
    TOO_WIDE = "too_wide", _("justified, but more was opened than needed")
    UNJUSTIFIED = "unjustified", _("not justified")


class EmergencyState(models.TextChoices):
    ASKED = "asked", _("waiting for a second person")
    LAPSED = "lapsed", _("not confirmed in time")
    RUNNING = "running", _("the record is open")
    ENDED = "ended", _("ended, to be reviewed")
    REVIEWED = "reviewed", _("reviewed")


class EmergencyAccessQuerySet(models.QuerySet["EmergencyAccess"]):
    def to_be_confirmed(self, at: datetime) -> "EmergencyAccessQuerySet":
        return self.filter(confirmed_at=None, asked_at__gt=at - CONFIRM_WITHIN)

    def running(self, at: datetime) -> "EmergencyAccessQuerySet":
        return self.filter(ends_at__gt=at)

    def unreviewed(self) -> "EmergencyAccessQuerySet":
        return self.filter(confirmed_at__isnull=False, reviewed_at=None)

    def to_be_told(self, on: date) -> "EmergencyAccessQuerySet":
        """Narrow to those whose customers are not told yet and may be."""
        untold = self.filter(confirmed_at__isnull=False, told_at=None)
        return untold.filter(Q(secrecy=None) | Q(secrecy__ends_on__lt=on))

    def told(self) -> "EmergencyAccessQuerySet":
        return self.filter(told_at__isnull=False)


class EmergencyAccess(Opening):
    """A member of staff opened a record without asking, and another one said that it had to be.

    It lets see and never change. The customer is always told: at once, or when the order of an
    authority that forbids it has ended.
    """

    State = EmergencyState

    category = models.CharField(_("emergency"), max_length=20, choices=EmergencyCategory)
    hours = models.PositiveSmallIntegerField(_("for how long"), choices=EmergencyHours)
    secrecy = models.ForeignKey(
        SecrecyOrder,
        on_delete=models.PROTECT,
        null=True,
        related_name="emergencies",
        verbose_name=_("order of secrecy"),
    )
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("confirmed by"),
    )
    confirmed_at = models.DateTimeField(_("confirmed"), null=True)
    told_at = models.DateTimeField(_("customer told"), null=True)
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("reviewed by"),
    )
    reviewed_at = models.DateTimeField(_("reviewed"), null=True)
    finding = models.CharField(_("finding"), max_length=20, choices=EmergencyFinding, blank=True)

    objects = EmergencyAccessQuerySet.as_manager()
    history = HistoricalRecords(user_db_constraint=False)

    class Meta:
        verbose_name = _("emergency access")
        verbose_name_plural = _("emergency accesses")
        ordering = ["-pk"]
        permissions = [("review_emergencyaccess", _("May review emergency accesses"))]
        constraints = [
            models.CheckConstraint(
                name="emergencyaccess_confirmed_by_another",
                condition=Q(confirmed_by=None, confirmed_at=None, ends_at=None, told_at=None)
                | (
                    Q(
                        confirmed_by__isnull=False,
                        confirmed_at__isnull=False,
                        ends_at__isnull=False,
                        confirmed_at__lte=F("asked_at") + CONFIRM_WITHIN,
                        ends_at__lte=F("confirmed_at") + LONGEST_EMERGENCY,
                    )
                    & ~Q(confirmed_by=F("asked_by"))
                ),
            ),
            models.CheckConstraint(
                name="emergencyaccess_reviewed_by_a_third",
                condition=Q(reviewed_by=None, reviewed_at=None, finding="")
                | (
                    Q(
                        reviewed_by__isnull=False,
                        confirmed_by__isnull=False,
                        reviewed_at__isnull=False,
                        reviewed_at__gte=F("ends_at"),
                    )
                    & ~Q(finding="")
                    & ~Q(reviewed_by=F("asked_by"))
                    & ~Q(reviewed_by=F("confirmed_by"))
                ),
            ),
            models.CheckConstraint(
                name="emergencyaccess_names_data", condition=Q(field_groups__len__gt=0)
            ),
        ]
        indexes = [
            # For to_be_told() and the control: few are, at any time.
            models.Index(
                name="emergencyaccess_untold",
                fields=["confirmed_at"],
                condition=Q(confirmed_at__isnull=False, told_at=None),
            ),
            # For unreviewed(): what the data protection officer has to look at.
            models.Index(
                name="emergencyaccess_unreviewed",
                fields=["ends_at"],
                condition=Q(confirmed_at__isnull=False, reviewed_at=None),
            ),
        ]

    @property
    def state(self) -> EmergencyState:
        """Return how it stands now."""
        now = timezone.now()
        if self.ends_at is None:
            can_still_be = now < self.asked_at + CONFIRM_WITHIN
            return EmergencyState.ASKED if can_still_be else EmergencyState.LAPSED
        if self.reviewed_at is not None:
            return EmergencyState.REVIEWED
        return EmergencyState.RUNNING if now < self.ends_at else EmergencyState.ENDED

    @property
    def closed_at(self) -> datetime:
        return self.ends_at or self.asked_at

    @property
    def opened_at(self) -> datetime | None:
        return self.confirmed_at
