"""What staff did at a customer's request, and how they knew who asked."""

from collections.abc import Iterable

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.approvals import AccessApproval
from accounts.models.consents import Consent
from accounts.models.people import Customer
from common.encryption.fields import EncryptedTextField
from common.tokens import new_public_id
from policies.models import DeclaredField

LONGEST_REASON = 500


class RequestChannel(models.TextChoices):
    PHONE = "phone", _("by phone")
    COUNTER = "counter", _("at the counter")
    POST = "post", _("by post")
    EMAIL = "email", _("by email")


class IdentityCheckKind(models.TextChoices):
    IDENTITY_DOCUMENT = "identity_document", _("identity document seen")
    CALL_BACK = "call_back", _("called back on the number known before")
    MAILED_CODE = "mailed_code", _("code sent to the verified address was told")
    POWER_OF_ATTORNEY = "power_of_attorney", _("power of attorney of a representative seen")


class IdentityCheckResult(models.TextChoices):
    PROVED = "proved", _("proved")
    NOT_PROVED = "not_proved", _("not proved")


class IdentityCheck(models.Model):
    """How a member of staff made sure who asked. Append-only, held by a trigger.

    reference is the end of a document's number at most: enough to ask again, too little to use.
    invited: a keyed hash of the address to which a second person has yet to invite too.
    """

    Kind = IdentityCheckKind
    Result = IdentityCheckResult

    customer = models.ForeignKey(
        Customer,
        on_delete=models.CASCADE,
        related_name="identity_checks",
        verbose_name=_("customer"),
    )
    kind = models.CharField(_("checked"), max_length=20, choices=IdentityCheckKind)
    channel = models.CharField(_("asked"), max_length=10, choices=RequestChannel)
    result = models.CharField(_("identity"), max_length=10, choices=IdentityCheckResult)
    reference = models.CharField(_("end of the document's number"), max_length=7, blank=True)
    invited = models.CharField(max_length=64, blank=True, default="", editable=False)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("checked by"),
    )
    at = models.DateTimeField(_("when"), default=timezone.now)

    class Meta:
        verbose_name = _("identity check")
        verbose_name_plural = _("identity checks")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                name="identitycheck_reference_is_masked",
                condition=Q(reference="") | Q(reference__regex=r"^•••[^•]{0,4}$"),
            ),
        ]
        indexes = [
            # For the control assisted_requests: nothing may follow from these.
            models.Index(
                name="identitycheck_not_proved",
                fields=["id"],
                condition=~Q(result=IdentityCheckResult.PROVED),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    @property
    def is_proved(self) -> bool:
        return self.result == IdentityCheckResult.PROVED


def proof_path(proof: "IdentityProof", filename: str) -> str:
    """Return a random place."""
    return f"proofs/{proof.public_id[:2]}/{proof.public_id}"


class IdentityProof(models.Model):
    """A paper that proved who asked, such as a power of attorney: kept for a while, sealed.

    kept_until: its last day, under the rule of the day of the check; that it was seen stays, as the
    check says.
    """

    public_id = models.CharField(
        _("public id"), max_length=32, unique=True, default=new_public_id, editable=False
    )
    identity_check = models.OneToOneField(
        IdentityCheck,
        on_delete=models.CASCADE,
        related_name="proof",
        verbose_name=_("identity check"),
    )
    file = models.FileField(_("file"), upload_to=proof_path, max_length=100)
    content_type = models.CharField(_("type"), max_length=40)
    kept_until = models.DateField(_("kept until"), db_index=True)

    class Meta:
        verbose_name = _("proof of identity")
        verbose_name_plural = _("proofs of identity")

    def __str__(self) -> str:
        return self.public_id[:8]

    @property
    def file_name(self) -> str:
        """Return what a copy of it is called; its own name was never kept."""
        return f"proof.{self.content_type.partition('/')[2]}"


class ConsentProof(models.Model):
    """Where a consent was given that staff wrote down. Append-only, held by a trigger.

    The consent bears the day on which it was given; recorded_at is when it came here.
    """

    consent = models.OneToOneField(
        Consent, on_delete=models.CASCADE, related_name="proof", verbose_name=_("consent")
    )
    channel = models.CharField(_("given"), max_length=10, choices=RequestChannel)
    reference = models.CharField(
        _("document"),
        max_length=60,
        help_text=_("Where the consent can be read again: the signed form, the recorded call."),
    )
    recorded_at = models.DateTimeField(_("recorded"), default=timezone.now)

    class Meta:
        verbose_name = _("proof of a consent")
        verbose_name_plural = _("proofs of consents")
        constraints = [
            models.CheckConstraint(
                name="consentproof_names_its_document", condition=~Q(reference="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pk}"


class CustomerImport(models.Model):
    """A file of customers between its preview and the word that it is right.

    content is the file as it was sent. It stays an hour at most; nobody but who sent it sees it.
    good: the fingerprint of the rows that would be imported, as the preview showed them.
    """

    public_id = models.CharField(max_length=32, unique=True, default=new_public_id)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    content = EncryptedTextField(row="public_id")
    good = models.CharField(max_length=64)
    uploaded_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("import of customers")
        verbose_name_plural = _("imports of customers")

    def __str__(self) -> str:
        return f"{self.pk}"


class AssistedChange(models.Model):
    """What a member of staff changed because the customer asked. Append-only, held by a trigger.

    The values are in the customer's history; the customer reads this line. approval: under which
    it was done, where the company asks its customers first.
    """

    customer = models.ForeignKey(
        Customer,
        on_delete=models.CASCADE,
        related_name="assisted_changes",
        verbose_name=_("customer"),
    )
    identity_check = models.OneToOneField(
        IdentityCheck,
        on_delete=models.CASCADE,
        related_name="change",
        verbose_name=_("identity check"),
    )
    approval = models.ForeignKey(
        AccessApproval,
        on_delete=models.PROTECT,
        null=True,
        related_name="changes",
        verbose_name=_("approved by the customer"),
    )
    fields = ArrayField(models.CharField(max_length=40), verbose_name=_("changed"))
    reason = models.TextField(_("reason"), max_length=LONGEST_REASON)
    at = models.DateTimeField(_("when"), default=timezone.now)

    class Meta:
        verbose_name = _("change made by staff")
        verbose_name_plural = _("changes made by staff")
        ordering = ["-pk"]
        indexes = [
            # For the control customer_approval: what staff changed lately.
            models.Index(name="assistedchange_recent", fields=["at"]),
        ]

    def __str__(self) -> str:
        return f"{self.pk}"

    @property
    def labels(self) -> list[str]:
        return labels_of(self.fields)


def labels_of(names: Iterable[str]) -> list[str]:
    """Return what people call these details, fixed and declared, in the reader's language."""
    fixed = {field.name: str(field.verbose_name) for field in Customer._meta.local_fields}
    names = list(names)
    unknown = [name for name in names if name not in fixed]
    other = DeclaredField.objects.in_bulk(unknown, field_name="code") if unknown else {}
    return [str(fixed.get(name) or getattr(other.get(name), "name", name)) for name in names]
