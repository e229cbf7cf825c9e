from datetime import date
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from accounts.models import Customer
from casework.references import random_reference
from common.encryption.fields import EncryptedTextField, KeyId, SearchableModel, SearchHashField
from common.tokens import new_public_id
from enquiries.exceptions import EnquiryError
from notices.models import Notice, NoticeState
from policies.clocks import Explanation
from policies.counting import last_day_before
from policies.exceptions import UnreadableExplanation
from policies.models import TimeLimit


class EnquiryState(models.TextChoices):
    UNCONFIRMED = "unconfirmed", _("address not confirmed")
    OPEN = "open", _("to be answered")
    ANSWERED = "answered", _("answered by mail")
    PHONED = "phoned", _("answered by phone")
    DISMISSED = "dismissed", _("no enquiry")


CLOSED = (EnquiryState.ANSWERED, EnquiryState.PHONED, EnquiryState.DISMISSED)
# A mail answers nobody who has not shown that the address is theirs; a phone does.
NEXT: dict[EnquiryState, tuple[EnquiryState, ...]] = {
    EnquiryState.UNCONFIRMED: (
        EnquiryState.OPEN,
        EnquiryState.PHONED,
        EnquiryState.DISMISSED,
    ),
    EnquiryState.OPEN: CLOSED,
    EnquiryState.ANSWERED: (),
    EnquiryState.PHONED: (),
    EnquiryState.DISMISSED: (),
}


def new_reference() -> str:
    """Return a name for the phone, as HD-7Q4M-2XHD-K. It opens nothing."""
    return random_reference("HD")


class EnquiryQuerySet(models.QuerySet["Enquiry"]):
    def to_be_answered(self) -> Self:
        return self.filter(state=EnquiryState.OPEN)

    def late(self) -> Self:
        return self.to_be_answered().filter(late_from__lte=timezone.now())

    def with_mail_on_its_way(self) -> Self:
        mails = Notice.objects.filter(recipient=OuterRef("public_id"), state=NoticeState.QUEUED)
        return self.filter(Exists(mails))


class Enquiry(SearchableModel):
    """A message of somebody who needs no account, and the answer.

    The address serves the mails of this enquiry and nothing else; no page shows it.
    submission names the filled-in form, so that sending it twice makes one enquiry.
    late_from, with limit and explanation: the end of its clock, which runs from the confirmation;
    None where the company set no term, or the calendar does not reach it yet. calendar_version is
    that of the official calendar by which it was last counted, also where the earlier day stayed.
    """

    State = EnquiryState

    reference = models.CharField(
        _("reference"), max_length=20, unique=True, default=new_reference, editable=False
    )
    public_id = models.CharField(
        _("public id"), max_length=32, unique=True, default=new_public_id, editable=False
    )
    submission = models.CharField(
        _("submission"), max_length=32, unique=True, default=new_public_id, editable=False
    )
    state = models.CharField(
        _("state"), max_length=20, choices=EnquiryState, default=EnquiryState.UNCONFIRMED
    )
    language = models.CharField(_("language"), max_length=2, choices=settings.LANGUAGES)
    name = EncryptedTextField(_("name"), row="public_id")
    email = EncryptedTextField(_("email"), row="public_id")
    email_hash = SearchHashField(_("search hash of the email"), of="email")
    phone = EncryptedTextField(_("phone"), row="public_id", blank=True)
    message = EncryptedTextField(_("message"), row="public_id")
    answer = EncryptedTextField(_("answer"), row="public_id", blank=True)
    is_complaint = models.BooleanField(_("is in truth a complaint"), default=False)
    received_at = models.DateTimeField(_("received"), default=timezone.now)
    confirmed_at = models.DateTimeField(_("address confirmed"), null=True)
    limit = models.ForeignKey(
        TimeLimit,
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("time limit"),
    )
    late_from = models.DateTimeField(_("late from"), null=True, editable=False)
    explanation = models.JSONField(_("how it was counted"), null=True, editable=False)
    calendar_version = models.PositiveIntegerField(
        _("counted by calendar"), default=0, editable=False
    )
    closed_at = models.DateTimeField(_("closed"), null=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("closed by"),
    )

    objects = EnquiryQuerySet.as_manager()

    # What the sender wrote stands in the row alone, so that it ends with it.
    history = HistoricalRecords(
        user_db_constraint=False,
        excluded_fields=["name", "email", "email_hash", "phone", "message", "answer", "submission"],
    )

    class Meta:
        verbose_name = _("enquiry")
        verbose_name_plural = _("enquiries")
        ordering = ["received_at", "pk"]
        constraints = [
            models.CheckConstraint(
                name="enquiry_mailed_to_a_confirmed_address",
                condition=~Q(state__in=[EnquiryState.OPEN, EnquiryState.ANSWERED])
                | Q(confirmed_at__isnull=False),
            ),
            models.CheckConstraint(
                name="enquiry_answered_in_words",
                condition=~Q(state=EnquiryState.ANSWERED) | ~Q(answer=""),
            ),
            models.CheckConstraint(
                name="enquiry_closed_by_somebody",
                condition=Q(state__in=CLOSED, closed_at__isnull=False, closed_by__isnull=False)
                | ~Q(state__in=CLOSED) & Q(closed_at=None, closed_by=None),
            ),
        ]
        indexes = [
            # For the queues, and for those that are unconfirmed or unanswered for too long.
            models.Index(name="enquiry_queue", fields=["state", "received_at"]),
            # For late().
            models.Index(
                name="enquiry_late", fields=["late_from"], condition=Q(state=EnquiryState.OPEN)
            ),
            # For the sweep.
            models.Index(name="enquiry_closed", fields=["closed_at"], condition=~Q(closed_at=None)),
            # For the officers' search.
            models.Index(name="enquiry_email_hash", fields=["email_hash"]),
            # For the control encryption: what is not sealed under the current key.
            *(
                models.Index(KeyId(column), name=f"enquiry_{column}_key")
                for column in ("name", "email", "phone", "message", "answer")
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def last_day(self) -> date | None:
        return self.late_from and last_day_before(self.late_from)

    @property
    def explanation_lines(self) -> list[str]:
        """Say in the reader's language how the last day was found."""
        if not self.explanation:
            return []
        try:
            return Explanation.from_json(self.explanation).lines()
        except UnreadableExplanation as error:
            return [str(error)]

    @property
    def next_states(self) -> tuple[EnquiryState, ...]:
        return NEXT[EnquiryState(self.state)]

    def move_to(self, state: EnquiryState) -> None:
        """Set the state and its moment; do not save.

        Raises EnquiryError.
        """
        if state not in self.next_states:
            raise EnquiryError(
                _("An enquiry that is “%(now)s” cannot become “%(then)s”.")
                % {"now": self.get_state_display(), "then": state.label}
            )
        self.state = state
        if state == EnquiryState.OPEN:
            self.confirmed_at = timezone.now()
        else:
            self.closed_at = timezone.now()


class ClosedSender(models.Model):
    """That an open enquiry came from the address of a closed account, which is kept until then."""

    enquiry = models.ForeignKey(
        Enquiry, on_delete=models.CASCADE, related_name="closed_senders", verbose_name=_("enquiry")
    )
    customer = models.ForeignKey(
        Customer, on_delete=models.PROTECT, related_name="+", verbose_name=_("customer")
    )

    class Meta:
        verbose_name = _("enquiry from a closed account")
        verbose_name_plural = _("enquiries from closed accounts")

    def __str__(self) -> str:
        return f"closed sender {self.pk}"


class ErasedEnquiries(models.Model):
    """How many enquiries of a month were erased, by how they ended: all that is left of them."""

    month = models.DateField(_("received in"), unique=True, help_text=_("The month's first day."))
    answered = models.PositiveIntegerField(_("answered"), default=0)
    dismissed = models.PositiveIntegerField(_("no enquiry"), default=0)
    unconfirmed = models.PositiveIntegerField(_("address not confirmed"), default=0)

    class Meta:
        verbose_name = _("erased enquiries of a month")
        verbose_name_plural = _("erased enquiries")
        ordering = ["-month"]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"
