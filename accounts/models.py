from datetime import date
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from common.tokens import new_public_id
from policies.models import Language, PolicyText, PolicyVersion, Purpose, RetentionRule


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=email.lower(), **fields)
        user.set_password(password)
        user.save()
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(
            email, password, **{"is_staff": True, "is_superuser": True, **fields}
        )


class User(AbstractBaseUser, PermissionsMixin):
    """A sign-in. Customers have one beside their record; staff have nothing else."""

    public_id = models.CharField(
        _("public id"), max_length=32, unique=True, default=new_public_id, editable=False
    )
    email = models.EmailField(_("email"), unique=True)
    staff_name = models.CharField(
        _("name"), max_length=100, blank=True, help_text=_("Only for members of staff.")
    )
    language = models.CharField(_("language"), max_length=2, choices=Language, default=Language.VI)
    is_staff = models.BooleanField(_("member of staff"), default=False)
    is_active = models.BooleanField(_("may sign in"), default=True)
    date_joined = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects = UserManager()
    history = HistoricalRecords(
        user_db_constraint=False, excluded_fields=["password", "last_login"]
    )

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = [
            models.CheckConstraint(name="user_email_is_lower", condition=Q(email=Lower("email"))),
        ]

    def __str__(self) -> str:
        return self.staff_name if self.is_staff and self.staff_name else self.public_id[:8]

    def get_full_name(self) -> str:
        return self.staff_name


class CustomerQuerySet(models.QuerySet["Customer"]):
    def open(self) -> "CustomerQuerySet":
        return self.filter(closed_at=None)

    def kept_too_long(self, on: date) -> "CustomerQuerySet":
        """Narrow to the closed accounts whose last day lies before ``on``."""
        return self.filter(kept_until__lt=on)


class Customer(models.Model):
    """A person whose data the company holds: the data subject.

    kept_until is the last local day on which the data of a closed account is
    kept, as the customer was told under closing_rule.
    """

    public_id = models.CharField(
        _("public id"), max_length=32, unique=True, default=new_public_id, editable=False
    )
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        verbose_name=_("sign-in"),
    )
    full_name = models.CharField(_("full name"), max_length=100)
    email = models.EmailField(_("email"))
    phone = models.CharField(_("phone"), max_length=20, blank=True)
    address = models.CharField(_("address"), max_length=300, blank=True)
    language = models.CharField(_("language"), max_length=2, choices=Language, default=Language.VI)
    opened_at = models.DateTimeField(_("account opened"), default=timezone.now, editable=False)
    closed_at = models.DateTimeField(_("account closed"), null=True, editable=False)
    closing_rule = models.ForeignKey(
        RetentionRule,
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        related_name="closed_customers",
        verbose_name=_("kept under"),
    )
    kept_until = models.DateField(_("kept until"), null=True, editable=False)

    objects = CustomerQuerySet.as_manager()
    history = HistoricalRecords(user_db_constraint=False)

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                name="customer_closed_after_opened",
                condition=Q(closed_at=None) | Q(closed_at__gte=F("opened_at")),
            ),
            models.CheckConstraint(
                name="customer_closed_knows_its_last_day",
                condition=Q(closed_at=None, closing_rule=None, kept_until=None)
                | Q(closed_at__isnull=False, closing_rule__isnull=False, kept_until__isnull=False),
            ),
        ]
        indexes = [
            # For kept_too_long() under one rule: what the purge looks for.
            models.Index(
                name="customer_kept_until",
                fields=["closing_rule", "kept_until"],
                condition=~Q(kept_until=None),
            ),
            # For the officers' search by exact address.
            models.Index(name="customer_email", fields=["email"]),
            # For the control required_details: whichever the company requires, few lack it.
            *(
                models.Index(
                    name=f"customer_without_{name}",
                    fields=["id"],
                    condition=Q(closed_at=None, **{name: ""}),
                )
                for name in ("full_name", "email", "phone", "address")
            ),
        ]

    def __str__(self) -> str:
        return self.public_id[:8]

    @property
    def is_open(self) -> bool:
        return self.closed_at is None


class EventChannel(models.TextChoices):
    WEB = "web", _("web")
    STAFF = "staff", _("member of staff")


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


class ConsentDecision(models.TextChoices):
    GIVEN = "given", _("given")
    WITHDRAWN = "withdrawn", _("withdrawn")


class ConsentQuerySet(models.QuerySet["Consent"]):
    def latest_per_purpose(self) -> "ConsentQuerySet":
        """Narrow to the last decision of each customer on each purpose."""
        return self.order_by("customer_id", "purpose_id", "-pk").distinct(
            "customer_id", "purpose_id"
        )


class Consent(models.Model):
    """One decision of a customer on one purpose: a line of the consent ledger.

    The last line counts; none means that no consent was given. Append-only,
    held by a trigger. wording is what the customer read, word for word.
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
        indexes = [
            # For latest_per_purpose(): the account page and the check before use.
            models.Index(name="consent_latest", fields=["customer", "purpose", "-id"]),
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
