from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.tokens import new_public_id


class KnownDevice(models.Model):
    """A browser from which somebody has signed in, so that a sign-in from another is noticed.

    It is known by a random cookie, of which only the hash is here. language and screen are kept
    of customers alone who have agreed to a purpose that uses devices.
    """

    public_id = models.CharField(
        _("public id"), max_length=32, unique=True, default=new_public_id, editable=False
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="devices",
        verbose_name=_("sign-in"),
    )
    cookie_hash = models.CharField(_("hash of the cookie"), max_length=64)
    browser = models.CharField(_("browser"), max_length=30, blank=True)
    system = models.CharField(_("operating system"), max_length=30, blank=True)
    language = models.CharField(_("language of the browser"), max_length=20, blank=True)
    screen = models.CharField(_("screen"), max_length=11, blank=True)
    first_seen_at = models.DateTimeField(_("first sign-in"), default=timezone.now)
    last_seen_at = models.DateTimeField(_("last sign-in"), default=timezone.now)

    class Meta:
        verbose_name = _("device")
        verbose_name_plural = _("devices from which you signed in")
        ordering = ["-last_seen_at", "-pk"]
        constraints = [
            models.UniqueConstraint(name="known_device_once", fields=["user", "cookie_hash"]),
        ]
        indexes = [
            # For the sweep, whichever of them a rule counts from.
            models.Index(name="known_device_last_seen", fields=["last_seen_at"]),
            models.Index(name="known_device_first_seen", fields=["first_seen_at"]),
        ]

    def __str__(self) -> str:
        return self.public_id[:8]
