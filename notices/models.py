from datetime import datetime

from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.utils.translation import gettext_lazy as _


class NoticeState(models.TextChoices):
    QUEUED = "queued", _("queued")
    SENT = "sent", _("sent")
    FAILED = "failed", _("failed")
    DROPPED = "dropped", _("dropped: the recipient is gone")
    REFUSED = "refused", _("not sent: consent withdrawn")


class NoticeChannel(models.TextChoices):
    MAIL = "mail", _("mail")
    SMS = "sms", _("text message")


class Outcome(models.TextChoices):
    """How a notice fared, worst first; whoever has seen it counts as that alone."""

    FAILED = NoticeState.FAILED.value, NoticeState.FAILED.label
    QUEUED = NoticeState.QUEUED.value, NoticeState.QUEUED.label
    SENT = NoticeState.SENT.value, NoticeState.SENT.label
    SEEN = "seen", _("seen")
    DROPPED = NoticeState.DROPPED.value, NoticeState.DROPPED.label
    REFUSED = NoticeState.REFUSED.value, NoticeState.REFUSED.label


class NoticePriority(models.IntegerChoices):
    """What is sent first: a code that somebody waits for never stands behind a mailing."""

    AT_ONCE = 0, _("at once")
    MAILING = 1, _("mailing")


class NoticeQuerySet(models.QuerySet["Notice"]):
    def due(self, at: datetime) -> "NoticeQuerySet":
        return self.filter(state=NoticeState.QUEUED, send_after__lte=at)


class Notice(models.Model):
    """One mail to one person, written in the transaction that causes it.

    Usually it is rendered when it is sent, for ``recipient`` (a public id), and
    says nothing personal but the name. Sign-in mails carry a secret and may go
    to an address that belongs to nobody yet: those come with ``address``,
    ``subject`` and ``body`` filled in, and lose all three once sent.

    key: names the cause, so that a cause repeated writes no second notice.
    mailing: names what went to many people at once; empty for all else.
    purpose: makes it advertising, for the purpose of that code, which leaves only while its
    recipient consents; empty for what people must be told.
    seen_at: when the recipient opened, on the site, what the notice speaks of.
    """

    State = NoticeState

    key = models.CharField(_("cause"), max_length=64, unique=True)
    template = models.SlugField(_("template"), max_length=40)
    channel = models.CharField(
        _("by"), max_length=4, choices=NoticeChannel, db_default=NoticeChannel.MAIL
    )
    recipient = models.CharField(_("recipient"), max_length=32, blank=True)
    context = models.JSONField(_("values"), default=dict)
    address = models.EmailField(_("address"), blank=True)
    subject = models.CharField(_("subject"), max_length=200, blank=True)
    body = models.TextField(_("text"), blank=True)
    state = models.CharField(
        _("state"), max_length=10, choices=NoticeState, default=NoticeState.QUEUED
    )
    priority = models.PositiveSmallIntegerField(
        _("priority"), choices=NoticePriority, default=NoticePriority.AT_ONCE
    )
    mailing = models.CharField(_("mailing"), max_length=30, blank=True)
    purpose = models.SlugField(_("purpose"), max_length=40, blank=True)
    queued_at = models.DateTimeField(_("queued"), auto_now_add=True)
    send_after = models.DateTimeField(_("send after"))
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    error = models.CharField(_("last error"), max_length=64, blank=True)
    sent_at = models.DateTimeField(_("sent"), null=True)
    seen_at = models.DateTimeField(_("seen"), null=True)
    outcome = models.GeneratedField(
        verbose_name=_("outcome"),
        expression=Case(When(seen_at__isnull=False, then=Value(Outcome.SEEN)), default=F("state")),
        output_field=models.CharField(max_length=10, choices=Outcome),
        db_persist=True,
    )

    objects = NoticeQuerySet.as_manager()

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        ordering = ["-queued_at"]
        constraints = [
            models.CheckConstraint(
                name="notice_goes_somewhere",
                condition=~Q(recipient="") | ~Q(address="") | ~Q(state=NoticeState.QUEUED),
            ),
            models.CheckConstraint(
                name="notice_sent_at_iff_sent",
                condition=Q(state=NoticeState.SENT, sent_at__isnull=False)
                | (~Q(state=NoticeState.SENT) & Q(sent_at=None)),
            ),
        ]
        indexes = [
            # For due(): what the sender looks for each minute.
            models.Index(
                name="notice_due",
                fields=["priority", "send_after"],
                condition=Q(state=NoticeState.QUEUED),
            ),
            # For a mailing: its notices counted by outcome, and those of one outcome page by page.
            # "+ 0" because the planner would otherwise walk the primary key, past earlier mailings.
            models.Index(
                "mailing",
                "outcome",
                F("id") + 0,
                name="notice_outcome",
                condition=~Q(mailing=""),
            ),
            # For the sweep.
            models.Index(
                name="notice_queued",
                fields=["queued_at"],
                condition=~Q(state=NoticeState.QUEUED),
            ),
            # For the erasure of a customer's notices.
            models.Index(name="notice_recipient", fields=["recipient"]),
            models.Index(name="notice_address", fields=["address"], condition=~Q(address="")),
        ]

    def __str__(self) -> str:
        return f"{self.template} {self.pk}"
