from django.db import models
from django.db.models import CharField, Exists, F, OuterRef, Q, Value
from django.db.models.functions import Cast, Coalesce, Concat
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from accounts.models import Customer
from common.tokens import new_public_id
from downstream.models import Order, OrderKind
from policies.counting import local_day

ENDED, ASKED = "destroy-", "asked-"  # how the causes of destructions begin

LONGEST_LABEL = 100
LONGEST_HOST = 253
LONGEST_DESCRIPTION = 500


class ServiceKind(models.TextChoices):
    WEBSITE = "website", _("website")
    MAIL = "mail", _("mail")
    VPS = "vps", _("virtual server")
    DATABASE = "database", _("database")
    BACKUP = "backup", _("backup")
    OTHER = "other", _("other service")


class HostedServiceQuerySet(models.QuerySet["HostedService"]):
    def of(self, customer: Customer) -> "HostedServiceQuerySet":
        return self.filter(customer=customer)

    def running(self) -> "HostedServiceQuerySet":
        return self.filter(ended_on=None)

    def last_of_their_customers(self) -> "HostedServiceQuerySet":
        """Narrow to what the hosting system ended and after which its customer has nothing left.

        The account is still open: staff decide whether the customer has left.
        """
        others = HostedService.objects.filter(customer=OuterRef("customer"))
        later = others.filter(
            Q(ended_on__gt=OuterRef("ended_on"))
            | Q(ended_on=OuterRef("ended_on"), pk__gt=OuterRef("pk"))
        )
        return self.filter(
            ~Exists(others.running()),
            ~Exists(later),
            customer__closed_at=None,
            external_id__isnull=False,
            ended_on__isnull=False,
        )

    def imported(self) -> "HostedServiceQuerySet":
        return self.filter(external_id__isnull=False)

    def without_destruction(self) -> "HostedServiceQuerySet":
        """Narrow to what nobody has ordered to be destroyed.

        An order counts while it is open, and for the ending that it was ordered for; one that the
        customer asked for while the service ran, for an ending until its last day. So what runs
        again and ends again is ordered again.
        """
        ended_as = Cast("ended_on", CharField())
        cause = Concat(Value(ENDED), OuterRef("public_id"), Value("-"), OuterRef("ended_as"))
        asked = Q(cause__startswith=ASKED, due_on__gte=OuterRef("over_on"))
        ordered = Order.objects.of_service(OuterRef("public_id")).standing()
        counts = Q(acknowledged_at=None) | Q(cause=cause) | asked
        return self.alias(
            ended_as=ended_as, over_on=Coalesce("ended_on", local_day(timezone.now()))
        ).exclude(Exists(ordered.filter(counts, kind=OrderKind.DESTRUCTION)))

    def being_handed_over(self) -> "HostedServiceQuerySet":
        orders = Order.objects.of_service(OuterRef("public_id"))
        return self.filter(Exists(orders.being_handed_over(local_day(timezone.now()))))


class HostedService(models.Model):
    """That something of a customer is hosted, and what they call it; never what is in it.

    Each text is bounded by its column, and no column takes a file: there is no place for content.
    external_id: its id at the hosting system, which then keeps all but the description up to date;
    none for what the customer entered. submission names the filled-in form, so that sending it
    twice makes one entry.
    """

    Kind = ServiceKind

    public_id = models.CharField(
        _("public id"), max_length=32, unique=True, default=new_public_id, editable=False
    )
    customer = models.ForeignKey(
        Customer,
        on_delete=models.PROTECT,
        related_name="hosted_services",
        verbose_name=_("customer"),
    )
    kind = models.CharField(_("kind of service"), max_length=10, choices=ServiceKind)
    label = models.CharField(_("name of the service"), max_length=LONGEST_LABEL)
    host = models.CharField(_("domain or server"), max_length=LONGEST_HOST, blank=True)
    size_mb = models.PositiveBigIntegerField(_("size in MB"), null=True, blank=True)
    started_on = models.DateField(_("since"), null=True, blank=True)
    ended_on = models.DateField(_("ended on"), null=True, blank=True)
    description = models.CharField(_("description"), max_length=LONGEST_DESCRIPTION, blank=True)
    external_id = models.CharField(
        _("id at the hosting system"), max_length=64, unique=True, null=True, blank=True
    )

    submission = models.CharField(
        _("submission"), max_length=32, blank=True, default="", editable=False
    )

    objects = HostedServiceQuerySet.as_manager()
    history = HistoricalRecords(user_db_constraint=False, excluded_fields=["submission"])

    class Meta:
        verbose_name = _("hosted service")
        verbose_name_plural = _("hosted services")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                name="hostedservice_ends_after_its_start",
                condition=Q(ended_on=None) | Q(started_on=None) | Q(ended_on__gte=F("started_on")),
            ),
            models.UniqueConstraint(
                name="hostedservice_entered_once",
                fields=["customer", "submission"],
                condition=~Q(submission=""),
            ),
        ]
        indexes = [
            # For last_of_their_customers(): what has ended, the newest first.
            models.Index(
                name="hostedservice_ended", fields=["ended_on"], condition=~Q(ended_on=None)
            ),
        ]

    def __str__(self) -> str:
        return self.public_id[:8]

    def get_absolute_url(self) -> str:
        return reverse("hosted_service", args=[self.public_id])

    @property
    def is_imported(self) -> bool:
        return self.external_id is not None

    @property
    def ending(self) -> str:
        """Return what the destruction that this ending calls for is ordered for, once."""
        return f"{ENDED}{self.public_id}-{self.ended_on}"

    @property
    def is_running(self) -> bool:
        return self.ended_on is None
