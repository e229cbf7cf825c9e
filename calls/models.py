from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Customer
from common.tokens import new_public_id
from policies.models import Purpose

LONGEST_CALL = timedelta(hours=24)


class CallDirection(models.TextChoices):
    """As the company sees it."""

    IN = "in", _("incoming call")
    OUT = "out", _("outgoing call")


class AudioType(models.TextChoices):
    MP3 = "audio/mpeg", "MP3"
    M4A = "audio/mp4", "M4A"
    WAV = "audio/wav", "WAV"


class CallRecordingQuerySet(models.QuerySet["CallRecording"]):
    def of(self, customer: Customer) -> "CallRecordingQuerySet":
        return self.filter(customer=customer)


def recording_path(recording: "CallRecording", filename: str) -> str:
    """Return a random place; names of telephone systems often hold a number."""
    return f"calls/{recording.public_id[:2]}/{recording.public_id}"


class CallRecording(models.Model):
    """A recorded call between a customer and the company. Never changed, so without history.

    number: the last digits of the customer's end. size and sha256 are of the plain recording.
    source_hash: keyed, of its id at the telephone system, which may hold a number; none for an
    upload.
    kept_until: the last day under the rule of the day of the call, None to go with its customer.
    """

    Direction = CallDirection

    public_id = models.CharField(
        _("public id"), max_length=32, unique=True, default=new_public_id, editable=False
    )
    customer = models.ForeignKey(
        Customer,
        on_delete=models.PROTECT,
        related_name="call_recordings",
        verbose_name=_("customer"),
    )
    direction = models.CharField(_("direction"), max_length=3, choices=CallDirection)
    started_at = models.DateTimeField(_("began"))
    duration = models.DurationField(_("length"))
    number = models.CharField(_("number, masked"), max_length=6, blank=True)
    purpose = models.ForeignKey(
        Purpose, on_delete=models.PROTECT, related_name="+", verbose_name=_("purpose")
    )
    content_type = models.CharField(_("type"), max_length=20, choices=AudioType)
    size = models.PositiveBigIntegerField(_("size in bytes"))
    sha256 = models.CharField("SHA-256", max_length=64)
    file = models.FileField(_("file"), upload_to=recording_path, max_length=100)
    source_hash = models.CharField(
        _("hash of the source"), max_length=64, unique=True, null=True, blank=True, editable=False
    )
    kept_until = models.DateField(_("kept until"), null=True, editable=False)
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("added by"),
        help_text=_("Nobody: it came from the telephone system."),
    )
    added_at = models.DateTimeField(_("added"), default=timezone.now)

    objects = CallRecordingQuerySet.as_manager()

    class Meta:
        verbose_name = _("call recording")
        verbose_name_plural = _("call recordings")
        ordering = ["-started_at", "-pk"]
        permissions = [("play_callrecording", _("May listen to call recordings"))]
        constraints = [
            models.CheckConstraint(
                name="callrecording_duration",
                condition=Q(duration__gt=timedelta(), duration__lte=LONGEST_CALL),
            ),
            models.CheckConstraint(
                name="callrecording_number_is_masked",
                condition=Q(number="") | Q(number__regex="^•••[0-9]{0,3}$"),
            ),
        ]
        indexes = [
            # For the customer's own page, newest first.
            models.Index(name="callrecording_customer", fields=["customer", "-started_at", "-id"]),
            # For the desk's list.
            models.Index(name="callrecording_started", fields=["-started_at", "-id"]),
            # For the sweep.
            models.Index(
                name="callrecording_kept_until",
                fields=["kept_until"],
                condition=~Q(kept_until=None),
            ),
            # For the control: what was added lately.
            models.Index(name="callrecording_added", fields=["added_at"]),
        ]

    def __str__(self) -> str:
        return self.public_id[:8]

    @property
    def length(self) -> str:
        """Return how long it is as minutes and seconds, "4:07" or "1:04:07"."""
        minutes, seconds = divmod(round(self.duration.total_seconds()), 60)
        hours, minutes = divmod(minutes, 60)
        return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"

    @property
    def file_name(self) -> str:
        """Return what a download of it is called."""
        began = timezone.localtime(self.started_at, timezone.get_default_timezone())
        return f"call-{began:%Y-%m-%d-%H%M}.{AudioType(self.content_type).name.lower()}"


class ErasedRecording(models.Model):
    """A recording that was erased and must not come back with the next import."""

    source_hash = models.CharField(_("hash of the source"), max_length=64, unique=True)

    class Meta:
        verbose_name = _("erased recording")
        verbose_name_plural = _("erased recordings")

    def __str__(self) -> str:
        return f"{self.pk}"
