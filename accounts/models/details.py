from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from accounts.models.people import Customer
from accounts.models.policy_events import EventChannel
from common.encryption.fields import EncryptedTextField, KeyId
from common.tokens import new_public_id
from policies.models import DeclaredField, Language


class DeclaredValueManager(models.Manager["DeclaredValue"]):
    def get_queryset(self) -> models.QuerySet["DeclaredValue"]:
        return super().get_queryset().select_related("field")


class DeclaredValue(models.Model):
    """What a customer told beside the fixed details; encrypted. A date is kept as YYYY-MM-DD."""

    public_id = models.CharField(
        _("public id"), max_length=32, unique=True, default=new_public_id, editable=False
    )
    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="declared", verbose_name=_("customer")
    )
    field = models.ForeignKey(
        DeclaredField, on_delete=models.PROTECT, related_name="+", verbose_name=_("detail")
    )
    value = EncryptedTextField(_("value"), row="public_id", max_length=300)

    objects = DeclaredValueManager()
    history = HistoricalRecords(user_db_constraint=False)

    class Meta:
        verbose_name = _("declared detail")
        verbose_name_plural = _("declared details")
        ordering = ["field"]
        base_manager_name = "objects"  # pages name each value by its field
        constraints = [
            models.UniqueConstraint(name="declaredvalue_once", fields=["customer", "field"]),
        ]
        indexes = [
            # For the control encryption: what is not sealed under the current key.
            models.Index(KeyId("value"), name="declaredvalue_key"),
        ]

    def __str__(self) -> str:
        return self.field.code


class Occasion(models.TextChoices):
    SIGN_UP = "sign_up", _("sign-up")
    CHANGE = "change", _("change of details")
    REVIEW = "review", _("asked again")


class AccuracyDeclaration(models.Model):
    """A customer declared that their details are right. Append-only, held by a trigger.

    wording is what the customer read, word for word.
    """

    customer = models.ForeignKey(
        Customer,
        on_delete=models.CASCADE,
        related_name="accuracy_declarations",
        verbose_name=_("customer"),
    )
    occasion = models.CharField(_("occasion"), max_length=10, choices=Occasion)
    wording = models.TextField(_("wording"))
    wording_sha256 = models.CharField("SHA-256", max_length=64)
    language = models.CharField(_("language"), max_length=2, choices=Language)
    channel = models.CharField(_("channel"), max_length=10, choices=EventChannel)
    at = models.DateTimeField(_("when"), default=timezone.now)

    class Meta:
        verbose_name = _("accuracy declaration")
        verbose_name_plural = _("accuracy declarations")
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.occasion} {self.customer_id}"
