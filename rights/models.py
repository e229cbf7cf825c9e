from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from accounts.models import Customer, SentCode
from common.tokens import new_public_id


class ExportState(models.TextChoices):
    ASKED = "asked", _("being made")
    READY = "ready", _("ready")
    FAILED = "failed", _("could not be made")
    COLLECTED = "collected", _("collected")
    EXPIRED = "expired", _("deleted")


KEPT = (ExportState.READY, ExportState.COLLECTED)  # there is a file


class ExportQuerySet(models.QuerySet["Export"]):
    def of(self, customer: Customer) -> "ExportQuerySet":
        return self.filter(customer=customer)

    def asked(self) -> "ExportQuerySet":
        return self.filter(state=ExportState.ASKED)

    def to_make(self, at: datetime) -> "ExportQuerySet":
        """Narrow to those that nobody is making."""
        return self.asked().filter(Q(claimed_until=None) | Q(claimed_until__lte=at))

    def kept(self) -> "ExportQuerySet":
        return self.filter(state__in=KEPT)


class Export(models.Model):
    """A copy of all that is held about a customer, made for them to take away.

    Its history says who asked, and each time it was collected. claimed_until: until then
    somebody is making it, or was killed; attempts counts how often it was begun.
    """

    State = ExportState

    public_id = models.CharField(
        _("public id"), max_length=32, unique=True, default=new_public_id, editable=False
    )
    customer = models.ForeignKey(
        Customer, on_delete=models.PROTECT, related_name="exports", verbose_name=_("customer")
    )
    state = models.CharField(
        _("state"), max_length=10, choices=ExportState, default=ExportState.ASKED
    )
    asked_at = models.DateTimeField(_("asked"), default=timezone.now)
    claimed_until = models.DateTimeField(_("being made until"), null=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    ready_at = models.DateTimeField(_("ready"), null=True)
    collected_at = models.DateTimeField(_("last collected"), null=True)
    expires_at = models.DateTimeField(_("kept until"), null=True)
    file = models.FileField(_("file"), max_length=100, blank=True)
    size = models.PositiveBigIntegerField(_("size in bytes"), default=0)

    objects = ExportQuerySet.as_manager()
    history = HistoricalRecords(
        user_db_constraint=False, excluded_fields=["claimed_until", "attempts", "file"]
    )

    class Meta:
        verbose_name = _("copy of the data")
        verbose_name_plural = _("copies of the data")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                name="export_one_is_made",
                fields=["customer"],
                condition=Q(state=ExportState.ASKED),
            ),
            models.CheckConstraint(
                name="export_has_a_file_while_it_is_kept",
                condition=Q(state__in=KEPT, expires_at__isnull=False) & ~Q(file="")
                | ~Q(state__in=KEPT) & Q(file=""),
            ),
        ]
        indexes = [
            # For to_make(), which the job asks each minute.
            models.Index(
                name="export_to_make",
                fields=["claimed_until"],
                condition=Q(state=ExportState.ASKED),
            ),
            # For the job that deletes the files.
            models.Index(name="export_expires", fields=["expires_at"], condition=Q(state__in=KEPT)),
        ]

    def __str__(self) -> str:
        return self.public_id[:8]

    @property
    def is_kept(self) -> bool:
        return (
            self.state in KEPT and self.expires_at is not None and self.expires_at > timezone.now()
        )

    @property
    def file_name(self) -> str:
        """Return what a download of it is called."""
        return f"my-data-{timezone.localtime(self.ready_at):%Y-%m-%d}.zip"


class CopyCode(SentCode):
    """The code with which a customer of a closed account, who has no password, fetches a copy."""

    customer = models.OneToOneField(
        Customer, on_delete=models.PROTECT, related_name="+", verbose_name=_("customer")
    )

    class Meta:
        verbose_name = _("code for a copy")
        verbose_name_plural = _("codes for copies")

    def __str__(self) -> str:
        return f"code {self.pk}"
