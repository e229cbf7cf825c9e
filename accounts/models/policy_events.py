from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.people import Customer
from policies.models import PolicyText, PolicyVersion


class EventChannel(models.TextChoices):
    WEB = "web", _("web")
    STAFF = "staff", _("member of staff")
    EMAIL = "email", _("link in a mail")
    PORTAL = "portal", _("the portal itself")


class PolicyEventKind(models.TextChoices):
    SHOWN = "shown", _("shown")
    ACCEPTED = "accepted", _("accepted")


class PolicyEvent(models.Model):
    """A policy text was shown to a customer, or accepted. Append-only, held by a trigger.

    Neither is a consent.
    """

    Kind = PolicyEventKind

    customer = models.ForeignKey(
        Customer,
        on_delete=models.CASCADE,
        related_name="policy_events",
        verbose_name=_("customer"),
    )
    kind = models.CharField(_("event"), max_length=10, choices=PolicyEventKind)
    text = models.ForeignKey(
        PolicyText, on_delete=models.PROTECT, related_name="+", verbose_name=_("policy text")
    )
    channel = models.CharField(_("channel"), max_length=10, choices=EventChannel)
    at = models.DateTimeField(_("when"), default=timezone.now)

    class Meta:
        verbose_name = _("policy event")
        verbose_name_plural = _("policy events")
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.kind} {self.text_id}"


MAILING = "policy-"  # and the version's number: the mailing of an announcement


class PolicyAnnouncement(models.Model):
    """How far the mails about a significant policy version are written, batch by batch.

    last_customer: the highest primary key that the batches have passed; what a
    batch wrote and this number are committed together, so that a killed batch
    is simply done again.
    """

    version = models.OneToOneField(
        PolicyVersion,
        on_delete=models.PROTECT,
        related_name="announcement",
        verbose_name=_("policy version"),
    )
    started_at = models.DateTimeField(_("started"), default=timezone.now)
    total = models.PositiveIntegerField(_("customers at the start"))
    queued = models.PositiveIntegerField(_("mails written"), default=0)
    last_customer = models.BigIntegerField(_("passed"), default=0)
    finished_at = models.DateTimeField(_("all written"), null=True)

    class Meta:
        verbose_name = _("policy announcement")
        verbose_name_plural = _("policy announcements")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return str(self.version)

    @property
    def mailing(self) -> str:
        """Return what its notices are found by."""
        return f"{MAILING}{self.version_id}"
