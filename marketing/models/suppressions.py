from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.encryption.fields import EncryptedTextField
from policies.models import Channel, Purpose


class SuppressionReason(models.TextChoices):
    REFUSED = "refused", _("refused or withdrawn in the account")
    UNSUBSCRIBED = "unsubscribed", _("unsubscribed by the link in a mail")


class ContactKey(models.Model):
    """The key of the hashes by which refusals are remembered; there is one row, and it stays."""

    ONE = "contacts"

    name = models.CharField(max_length=20, unique=True, default=ONE)
    key = EncryptedTextField(row="name", max_length=64)

    class Meta:
        verbose_name = _("key of suppressions")
        verbose_name_plural = _("keys of suppressions")

    def __str__(self) -> str:
        return self.name


class Suppression(models.Model):
    """An address or a number that must not be contacted for a purpose.

    Known by a keyed hash alone, so that it can outlive the person's data: an
    erasure, an import or another account of theirs does not bring the mails
    back. Only a consent of theirs given later lifts it; that consent stands in
    the ledger, and is not named here, because the hash would then name them.
    """

    Reason = SuppressionReason

    contact_hash = models.CharField(_("address or number, hashed"), max_length=64)
    channel = models.CharField(_("channel"), max_length=20, choices=Channel)
    purpose = models.ForeignKey(
        Purpose, on_delete=models.PROTECT, related_name="+", verbose_name=_("purpose")
    )
    reason = models.CharField(_("because"), max_length=20, choices=SuppressionReason)
    at = models.DateTimeField(_("since"), default=timezone.now)
    lifted_at = models.DateTimeField(_("lifted by a new consent"), null=True)

    class Meta:
        verbose_name = _("suppression")
        verbose_name_plural = _("suppressions")
        ordering = ["-pk"]
        constraints = [
            # Also what the check before each mail looks up.
            models.UniqueConstraint(
                name="suppression_once",
                fields=["contact_hash", "purpose"],
                condition=Q(lifted_at=None),
            ),
            models.CheckConstraint(
                name="suppression_lifted_later",
                condition=Q(lifted_at=None) | Q(lifted_at__gte=F("at")),
            ),
            models.CheckConstraint(
                name="suppression_of_marketing", condition=~Q(channel=Channel.NONE)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.purpose_id} {self.pk}"
