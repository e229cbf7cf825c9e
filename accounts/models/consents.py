from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.people import Customer
from accounts.models.policy_events import EventChannel
from policies.models import Language, PolicyVersion, Purpose


class ConsentDecision(models.TextChoices):
    GIVEN = "given", _("given")
    WITHDRAWN = "withdrawn", _("withdrawn")
    EXPIRED = "expired", _("expired")  # the customer did nothing: it was given too long ago


class ConsentQuerySet(models.QuerySet["Consent"]):
    def latest_per_purpose(self) -> "ConsentQuerySet":
        """Narrow to the last decision of each customer on each purpose."""
        return self.order_by("customer_id", "purpose_id", "-pk").distinct(
            "customer_id", "purpose_id"
        )


class Consent(models.Model):
    """One decision of a customer on one purpose: a line of the consent ledger.

    The last line counts; none means that no consent was given. Append-only,
    held by a trigger. wording is what the customer read, word for word. That
    one expired is a line too, which the portal itself writes.
    """

    Decision = ConsentDecision

    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="consents", verbose_name=_("customer")
    )
    purpose = models.ForeignKey(
        Purpose, on_delete=models.PROTECT, related_name="+", verbose_name=_("purpose")
    )
    decision = models.CharField(_("decision"), max_length=10, choices=ConsentDecision)
    wording = models.TextField(_("wording"))
    wording_sha256 = models.CharField("SHA-256", max_length=64)
    language = models.CharField(_("language"), max_length=2, choices=Language)
    policy_version = models.ForeignKey(
        PolicyVersion, on_delete=models.PROTECT, related_name="+", verbose_name=_("policy version")
    )
    channel = models.CharField(_("channel"), max_length=10, choices=EventChannel)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("recorded by"),
    )
    at = models.DateTimeField(_("when"), default=timezone.now)

    objects = ConsentQuerySet.as_manager()

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                name="consent_expires_by_the_portal",
                condition=~Q(decision=ConsentDecision.EXPIRED) | Q(channel=EventChannel.PORTAL),
            ),
            # It ends one also where another system reports the end of the service.
            models.CheckConstraint(
                name="consent_not_given_by_the_portal",
                condition=~Q(decision=ConsentDecision.GIVEN, channel=EventChannel.PORTAL),
            ),
        ]
        indexes = [
            # For latest_per_purpose(): the account page and the check before use.
            models.Index(name="consent_latest", fields=["customer", "purpose", "-id"]),
            # For the job that ends what was given too long ago.
            models.Index(
                name="consent_given", fields=["at"], condition=Q(decision=ConsentDecision.GIVEN)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.decision} {self.purpose_id}"

    @property
    def is_in_force(self) -> bool:
        """Say whether it covers the purpose as it is asked now; new words want a new consent."""
        return (
            self.decision == ConsentDecision.GIVEN
            and self.purpose.retired_on is None
            and self.wording_sha256 in self.purpose.wording_hashes
        )
