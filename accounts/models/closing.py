from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.people import Customer


class ServiceEnd(models.Model):
    """The customer stopped using the service: staff or the hosting system say since when.

    Append-only, held by a trigger.
    """

    customer = models.ForeignKey(
        Customer,
        on_delete=models.CASCADE,
        related_name="service_ends",
        verbose_name=_("customer"),
    )
    ended_on = models.DateField(_("service ended on"))
    reason = models.CharField(_("reason"), max_length=300)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("recorded by"),
        help_text=_("Nobody: the hosting system reported it."),
    )
    at = models.DateTimeField(_("recorded"), default=timezone.now)

    class Meta:
        verbose_name = _("end of a service")
        verbose_name_plural = _("ends of services")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.pk}"


class ServiceReport(models.Model):
    """The hosting system told whose service has ended; also when nobody's had."""

    at = models.DateTimeField(_("reported"), default=timezone.now, db_index=True)
    ended = models.PositiveIntegerField(_("accounts closed"))
    refused = models.PositiveIntegerField(_("lines refused"))

    class Meta:
        verbose_name = _("report of ended services")
        verbose_name_plural = _("reports of ended services")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M}"
