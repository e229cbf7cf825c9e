from datetime import date
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.expressions import ArraySubquery
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from access.gate import is_guarded, may_see_data
from common.encryption.fields import (
    EncryptedTextField,
    KeyId,
    SearchableModel,
    SearchHashField,
)
from common.tokens import new_public_id
from policies.counting import local_day
from policies.models import Language, RetentionRule


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


ALWAYS_ENDS = _("Contractors and representatives always have a last day.")


class Engagement(models.TextChoices):
    EMPLOYEE = "employee", _("employee")
    CONTRACTOR = "contractor", _("contractor")
    REPRESENTATIVE = "representative", _("representative")


class User(AbstractBaseUser, PermissionsMixin):
    """A sign-in. Customers have one beside their record; staff have nothing else.

    locked_at: since when nobody gets in, because somebody else may have; NULL for most.
    engagement: as what a member of staff works for the company; empty for customers.
    engaged_until: the last day on which they do. Nobody gets in after it.
    """

    public_id = models.CharField(
        _("public id"), max_length=32, unique=True, default=new_public_id, editable=False
    )
    email = models.EmailField(_("email"), unique=True)
    staff_name = models.CharField(
        _("name"), max_length=100, blank=True, help_text=_("Only for members of staff.")
    )
    language = models.CharField(_("language"), max_length=2, choices=Language, default=Language.VI)
    is_staff = models.BooleanField(_("member of staff"), default=False)
    engagement = models.CharField(_("works as"), max_length=20, choices=Engagement, blank=True)
    engaged_until = models.DateField(
        _("until and including"),
        null=True,
        blank=True,
        help_text=ALWAYS_ENDS,
    )
    is_active = models.BooleanField(_("may sign in"), default=True)
    locked_at = models.DateTimeField(_("locked"), null=True, editable=False)
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
            models.CheckConstraint(
                name="user_engagement_ends",
                condition=Q(engagement__in=["", Engagement.EMPLOYEE])
                | Q(engaged_until__isnull=False),
                violation_error_message=ALWAYS_ENDS,
            ),
        ]

    def __str__(self) -> str:
        return self.staff_name if self.is_staff and self.staff_name else self.public_id[:8]

    def get_full_name(self) -> str:
        return self.staff_name

    @property
    def is_disengaged(self) -> bool:
        """Say whether the last day of a member of staff is over."""
        return self.engaged_until is not None and self.engaged_until < local_day(timezone.now())

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """Grant what roles grant; of personal data to who is bound to confidentiality alone."""
        return super().has_perm(perm, obj) and (not is_guarded(perm) or may_see_data(self))


SHORT_ID = 8  # characters of a public id, as lists show it


class Folded(models.Func):
    """A name in small letters without accents, as the database's function folds it."""

    function = "portal_folded"
    output_field = models.TextField()


class ClosingCause(models.TextChoices):
    CUSTOMER = "customer", _("the customer asked for it")
    SERVICE_ENDED = "service_ended", _("the service has ended")
    UNNECESSARY = "unnecessary", _("the data is no longer necessary")


def _has_proved_address() -> Exists:
    return Exists(User.objects.filter(pk=OuterRef("user"), emailaddress__verified=True))


class CustomerQuerySet(models.QuerySet["Customer"]):
    def open(self) -> "CustomerQuerySet":
        return self.filter(closed_at=None)

    def signed_in_as(self, user: Any) -> "CustomerQuerySet":
        """Narrow to the customer who asks; a visitor is none of those without a sign-in."""
        return self.filter(user=user) if user.is_authenticated else self.none()

    def unproved(self) -> "CustomerQuerySet":
        """Narrow to who signed up and has not proved the address: it may be anybody's."""
        return self.open().filter(user__isnull=False).exclude(_has_proved_address())

    def without_unproved(self) -> "CustomerQuerySet":
        """Leave out who signed up and has not proved the address."""
        return self.filter(Q(user=None) | Q(closed_at__isnull=False) | _has_proved_address())

    def known_as(self, public_id: str) -> "CustomerQuerySet":
        """Narrow to who has this public id, or had it before two records became one.

        Eight characters are read as its beginning, as lists show it.
        """
        how = "startswith" if len(public_id) == SHORT_ID else "exact"
        merged: Any = self.model._meta.get_field("merges").related_model
        earlier = merged.objects.filter(
            state="merged", **{f"duplicate_public_id__{how}": public_id}
        )
        return self.filter(
            Q(**{f"public_id__{how}": public_id}) | Q(pk__in=earlier.values("survivor"))
        )

    def with_former_ids(self) -> "CustomerQuerySet":
        """Add, as ``former_ids``, the public ids of the records that became one with each."""
        merges: Any = self.model._meta.get_field("merges").related_model
        merged = merges.objects.filter(survivor=OuterRef("pk"), state="merged")
        return self.annotate(former_ids=ArraySubquery(merged.values("duplicate_public_id")))

    def kept_too_long(self, on: date) -> "CustomerQuerySet":
        """Narrow to the closed accounts whose last day lies before ``on``."""
        return self.filter(kept_until__lt=on)

    def leaving(self, first: date, last: date = date.max) -> "CustomerQuerySet":
        """Narrow to the closed accounts whose last day is one of these."""
        return self.filter(kept_until__range=(first, last))


class Customer(SearchableModel):
    """A person whose data the company holds: the data subject.

    Phone and address are encrypted; a phone number, as +84912345678, is found by its hash.

    declared_at is when they last declared their details right, accuracy_asked_at when they
    were last asked to: copies for the review, of the declarations and of the notices.

    gets_access_mails is their wish for a mail after each day on which staff looked.

    kept_until is the last local day on which the data of a closed account is
    kept, as the customer was told under closing_rule; grace_until the last one on
    which the account can be opened again without an officer, None where it cannot.
    """

    Cause = ClosingCause

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
    phone = EncryptedTextField(_("phone"), row="public_id", max_length=20, blank=True)
    phone_hash = SearchHashField(_("search hash of the phone"), of="phone")
    address = EncryptedTextField(_("address"), row="public_id", max_length=300, blank=True)
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
    closing_cause = models.CharField(
        _("closed because"), max_length=20, choices=ClosingCause, blank=True, editable=False
    )
    kept_until = models.DateField(_("kept until"), null=True, editable=False)
    grace_until = models.DateField(_("can be opened again until"), null=True, editable=False)
    declared_at = models.DateTimeField(_("details declared right"), null=True, editable=False)
    accuracy_asked_at = models.DateTimeField(_("asked to confirm"), null=True, editable=False)
    gets_access_mails = models.BooleanField(_("gets mails about who looked"), default=False)

    objects = CustomerQuerySet.as_manager()
    history = HistoricalRecords(
        user_db_constraint=False,
        excluded_fields=["phone_hash", "declared_at", "accuracy_asked_at"],
    )

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        ordering = ["-pk"]
        permissions = [("import_customers", _("May import customers from a file"))]
        constraints = [
            models.UniqueConstraint(
                name="customer_without_sign_in_once",
                fields=["email"],
                condition=Q(user=None, closed_at=None) & ~Q(email=""),
            ),
            models.CheckConstraint(
                name="customer_closed_after_opened",
                condition=Q(closed_at=None) | Q(closed_at__gte=F("opened_at")),
            ),
            models.CheckConstraint(
                name="customer_closed_knows_its_last_day",
                condition=Q(closed_at=None, closing_rule=None, kept_until=None, closing_cause="")
                | Q(closed_at__isnull=False, closing_rule__isnull=False, kept_until__isnull=False)
                & ~Q(closing_cause=""),
            ),
            # The purge goes by kept_until alone: so it never takes who may still come back.
            models.CheckConstraint(
                name="customer_kept_through_grace",
                condition=Q(grace_until=None) | Q(grace_until__lte=F("kept_until")),
            ),
        ]
        indexes = [
            # For kept_too_long() under one rule: the purge finds the keys by it alone.
            models.Index(
                name="customer_kept_until",
                fields=["closing_rule", "kept_until", "id"],
                condition=~Q(kept_until=None),
            ),
            # For the officers' search by exact address or number.
            models.Index(name="customer_email", fields=["email"]),
            models.Index(name="customer_phone_hash", fields=["phone_hash"]),
            # For the control encryption: what is not sealed under the current key.
            models.Index(KeyId("phone"), name="customer_phone_key"),
            models.Index(KeyId("address"), name="customer_address_key"),
            # For their search by a whole name.
            models.Index(Folded("full_name"), name="customer_folded_name"),
            # For the review of accuracy: whose last declaration is the oldest.
            models.Index(
                name="customer_declared_at", fields=["declared_at"], condition=Q(closed_at=None)
            ),
            # For the control phone_verification: who has come lately.
            models.Index(name="customer_opened", fields=["opened_at"]),
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
