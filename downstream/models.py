from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.fields.json import KeyTextTransform
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from common.database import among
from common.encryption.fields import EncryptedTextField
from common.personal_data import DataCategory
from common.tokens import new_public_id
from policies.counting import local_day, midnight
from policies.models import Purpose

LONGEST_NOTE = 300
SHORT_ID = 8


class OrderKind(models.TextChoices):
    """What a system is told to do; stored and sent, so never rename one."""

    ERASURE = "erasure", _("erase everything")
    RESTRICTION = "restriction", _("store only, use no more")
    REOPENING = "reopening", _("use again")
    WITHDRAWAL = "withdrawal", _("use no more for a purpose")
    CORRECTION = "correction", _("correct details")
    DETAIL_ERASURE = "detail_erasure", _("erase details")
    DESTRUCTION = "destruction", _("destroy what is hosted")
    HAND_OVER = "hand_over", _("hand over what is hosted")
    BACKUP = "backup", _("back up what is hosted")
    BACKUP_DESTRUCTION = "backup_destruction", _("destroy backups of what is hosted")


OF_HOSTING = (
    *(OrderKind.DESTRUCTION, OrderKind.HAND_OVER),
    *(OrderKind.BACKUP, OrderKind.BACKUP_DESTRUCTION),
)
HAND_OVER_LASTS = timedelta(days=30)  # after the system's word, for the customer to fetch it


class SystemQuerySet(models.QuerySet["System"]):
    def in_use(self) -> "SystemQuerySet":
        return self.filter(retired_at=None)

    def taking(self, kind: OrderKind) -> "SystemQuerySet":
        return self.in_use().filter(kinds__contains=[kind])


class System(models.Model):
    """Another system of the company that holds customers' data and must follow what happens here.

    endpoint: where its orders go; none where it has no interface, and ``responsible`` carries the
    orders out by hand. secret signs what is sent; previous_secret signs too until previous_until.
    disabled_at: since when it takes none any more, by its own answer; people carry them out then.
    """

    public_id = models.CharField(
        _("public id"), max_length=32, unique=True, default=new_public_id, editable=False
    )
    name = models.CharField(_("name of the system"), max_length=100, unique=True)
    purposes = models.ManyToManyField(
        Purpose, related_name="+", blank=True, verbose_name=_("purposes")
    )
    data_categories = ArrayField(
        models.CharField(max_length=20, choices=DataCategory),
        verbose_name=_("data held beyond these purposes"),
        default=list,
        blank=True,
    )
    kinds = ArrayField(
        models.CharField(max_length=20, choices=OrderKind), verbose_name=_("orders"), default=list
    )
    endpoint = models.CharField(_("address of its interface"), max_length=300, blank=True)
    secret = EncryptedTextField(_("secret"), row="public_id", editable=False)
    previous_secret = EncryptedTextField(
        _("secret before"), row="public_id", blank=True, default="", editable=False
    )
    previous_until = models.DateTimeField(_("secret before until"), null=True, editable=False)
    days = models.PositiveSmallIntegerField(_("days to acknowledge"))
    contact = models.CharField(_("contact"), max_length=200, blank=True)
    responsible = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("responsible"),
    )
    disabled_at = models.DateTimeField(_("takes no orders since"), null=True, editable=False)
    retired_at = models.DateTimeField(_("no longer used since"), null=True, editable=False)

    objects = SystemQuerySet.as_manager()
    history = HistoricalRecords(
        user_db_constraint=False,
        m2m_fields=[purposes],
        excluded_fields=["secret", "previous_secret"],
    )

    class Meta:
        verbose_name = _("system that gets orders")
        verbose_name_plural = _("systems that get orders")
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                name="system_has_time_to_acknowledge", condition=Q(days__gte=1, days__lte=90)
            ),
            models.CheckConstraint(name="system_gets_some_orders", condition=~Q(kinds=[])),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def has_interface(self) -> bool:
        """Say whether orders can be sent; otherwise people carry them out."""
        return bool(self.endpoint) and self.disabled_at is None

    @property
    def categories(self) -> set[str]:
        """Return the kinds of data it holds, for its purposes or beyond them."""
        uses = (purpose.data_categories for purpose in self.purposes.all())
        return set(self.data_categories).union(*uses)

    def secrets(self, at: datetime) -> list[str]:
        """Return what signs at this moment, the newest first."""
        overlaps = self.previous_until is not None and at < self.previous_until
        return [self.secret, self.previous_secret] if overlaps else [self.secret]


class OrderState(models.TextChoices):
    WAITING = "waiting", _("to be sent")
    DELIVERED = "delivered", _("sent, not acknowledged")
    TASK = "task", _("for a person to carry out")
    ACKNOWLEDGED = "acknowledged", _("carried out")
    WITHDRAWN = "withdrawn", _("withdrawn before it was carried out")
    GIVEN_UP = "given_up", _("given up by the customer")


OPEN = (OrderState.WAITING, OrderState.DELIVERED, OrderState.TASK)
UNSENT = (OrderState.WAITING, OrderState.TASK)
SETTLED = (OrderState.ACKNOWLEDGED, OrderState.GIVEN_UP)


class OrderQuerySet(models.QuerySet["Order"]):
    def due(self, at: datetime) -> "OrderQuerySet":
        return self.filter(state=OrderState.WAITING, send_after__lte=at)

    def unacknowledged(self) -> "OrderQuerySet":
        return self.filter(state__in=OPEN, acknowledged_at=None)

    def unsent(self) -> "OrderQuerySet":
        """Narrow to what was not sent, and what people have yet to carry out."""
        return self.filter(state__in=UNSENT)

    def standing(self) -> "OrderQuerySet":
        return self.exclude(state=OrderState.WITHDRAWN)

    def by_name(self) -> "OrderQuerySet":
        """Narrow to those whose system knows by its own name what they are about."""
        return self.exclude(kind__in=OF_HOSTING, data__references=[])

    def late(self, on: date) -> "OrderQuerySet":
        """Narrow to those whose last day to be acknowledged lies before ``on``."""
        return self.unacknowledged().filter(due_on__lt=on)

    def about(self, public_ids: Collection[str]) -> "OrderQuerySet":
        return self.filter(among("subject", public_ids))

    def of_service(self, public_id: Any) -> "OrderQuerySet":
        """Narrow to those about something hosted (its public id, or a reference to it), whosever
        it was when they were ordered."""
        return self.with_service().filter(service=public_id)  # type: ignore[no-any-return]

    def with_service(self) -> Any:
        """Narrow to those about something hosted, and add its public id as ``service``."""
        of_hosting = self.filter(kind__in=OF_HOSTING)
        return of_hosting.annotate(service=KeyTextTransform("service", "data"))

    def being_handed_over(self, on: date) -> "OrderQuerySet":
        """Narrow to hand-overs that are not over: by the customer's word, or a month after that
        of the system."""
        last = midnight(on - HAND_OVER_LASTS)
        still = Q(acknowledged_at=None) | Q(acknowledged_at__gte=last)
        return self.standing().filter(still, kind=OrderKind.HAND_OVER, confirmed_at=None)


class Order(models.Model):
    """That one system must do something about one customer, whom it knows by public id alone.

    It outlives the customer, so it holds no personal data: ``data`` names a purpose, details that
    changed (never their values), or what a hosting system calls its services. cause: what the
    order came of, so that what is said twice is ordered once. put_back_at: since when it is tried
    anew, where a person put it back. acknowledged_at, acknowledged_by: when and by whom it ended,
    also where the customer gave it up.
    """

    Kind = OrderKind
    State = OrderState

    public_id = models.CharField(
        _("id of the order"), max_length=32, unique=True, default=new_public_id, editable=False
    )
    system = models.ForeignKey(
        System, on_delete=models.PROTECT, related_name="orders", verbose_name=_("system")
    )
    kind = models.CharField(_("order"), max_length=20, choices=OrderKind)
    subject = models.CharField(_("customer"), max_length=32)
    data = models.JSONField(_("says"), default=dict, blank=True)
    cause = models.CharField(_("cause"), max_length=80)
    state = models.CharField(_("state"), max_length=20, choices=OrderState)
    at = models.DateTimeField(_("ordered"))
    due_on = models.DateField(_("to be acknowledged by"))
    send_after = models.DateTimeField(_("next try"), null=True)
    put_back_at = models.DateTimeField(_("put back"), null=True)
    attempts = models.PositiveSmallIntegerField(_("tries"), default=0)
    error = models.CharField(_("last error"), max_length=64, blank=True, default="")
    delivered_at = models.DateTimeField(_("sent"), null=True)
    acknowledged_at = models.DateTimeField(_("acknowledged at"), null=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("carried out by"),
    )
    note = models.CharField(_("note"), max_length=LONGEST_NOTE, blank=True, default="")
    confirmed_at = models.DateTimeField(_("confirmed by the customer"), null=True)

    objects = OrderQuerySet.as_manager()

    class Meta:
        verbose_name = _("order to a system")
        verbose_name_plural = _("orders to systems")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                name="order_once",
                fields=["system", "subject", "cause"],
                condition=~Q(state=OrderState.WITHDRAWN),
            ),
            models.CheckConstraint(
                name="order_acknowledged_when",
                condition=Q(state__in=SETTLED, acknowledged_at__isnull=False)
                | ~Q(state__in=SETTLED) & Q(acknowledged_at=None),
            ),
            models.CheckConstraint(
                name="order_waits_for_a_moment",
                condition=Q(state=OrderState.WAITING, send_after__isnull=False)
                | ~Q(state=OrderState.WAITING) & Q(send_after=None),
            ),
            models.CheckConstraint(
                name="order_by_hand_is_acknowledged",
                condition=Q(acknowledged_by=None) | Q(acknowledged_at__isnull=False),
            ),
            models.CheckConstraint(
                name="order_confirmed_is_handed_over",
                condition=Q(confirmed_at=None) | Q(kind=OrderKind.HAND_OVER),
            ),
            models.CheckConstraint(
                name="order_given_up_by_the_customer",
                condition=~Q(state=OrderState.GIVEN_UP) | Q(confirmed_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                name="order_due",
                fields=["send_after"],
                condition=Q(state=OrderState.WAITING),
            ),
            models.Index(
                name="order_open", fields=["kind", "due_on"], condition=Q(acknowledged_at=None)
            ),
            models.Index(name="order_subject", fields=["subject"]),
            # For being_handed_over(): each batch of the purge asks it.
            models.Index(
                name="order_handed_over",
                fields=["acknowledged_at"],
                condition=Q(kind=OrderKind.HAND_OVER, confirmed_at=None),
            ),
            models.Index(
                KeyTextTransform("service", "data"),
                name="order_service",
                condition=Q(kind__in=OF_HOSTING),
            ),
            # For the orders' own retention.
            models.Index(
                name="order_acknowledged",
                fields=["acknowledged_at"],
                condition=Q(acknowledged_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.public_id[:SHORT_ID]

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def is_late(self) -> bool:
        return self.is_open and self.due_on < local_day(timezone.now())

    @property
    def is_by_name(self) -> bool:
        """Say whether its system knows by its own name what it is about."""
        return self.kind not in OF_HOSTING or bool(self.data.get("references"))
