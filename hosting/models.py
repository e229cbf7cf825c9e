from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import CharField, Exists, F, OuterRef, Q, Value
from django.db.models.functions import Cast, Coalesce, Concat
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from accounts.models import Customer
from common.bilingual import Bilingual
from common.tokens import new_public_id
from downstream.models import Order, OrderKind
from policies.counting import local_day

ENDED, ASKED = "destroy-", "asked-"  # how the causes of destructions begin

LONGEST_LABEL = 100
LONGEST_HOST = 253
LONGEST_DESCRIPTION = 500
BACKUP_ANSWER_WITHIN = timedelta(days=14)  # no answer in this time is a no


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

    def reported(self) -> "HostedServiceQuerySet":
        return self.imported().running()

    def backed_up_without_a_yes(self) -> "HostedServiceQuerySet":
        """Narrow to what the hosting system says it backs up, and whose customer never confirmed
        it, or took that back; while it is ordered to destroy its backups it may have them yet.
        """
        yes = BackupRequest.objects.standing().filter(service=OuterRef("pk"))
        orders = Order.objects.of_service(OuterRef("public_id")).unacknowledged()
        ordered = orders.filter(kind=OrderKind.BACKUP_DESTRUCTION)
        return self.reported().filter(~Exists(yes), ~Exists(ordered), is_backed_up=True)


class HostedService(models.Model):
    """That something of a customer is hosted, and what they call it; never what is in it.

    Each text is bounded by its column, and no column takes a file: there is no place for content.
    external_id: its id at the hosting system, which then keeps all but the description up to date;
    none for what the customer entered. is_backed_up is what that system says, None where it has not
    said. submission names the filled-in form, so that sending it twice makes one entry.
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
    is_backed_up = models.BooleanField(_("backed up"), null=True, blank=True)

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
            models.CheckConstraint(
                name="hostedservice_backup_is_reported",
                condition=Q(is_backed_up=None) | Q(external_id__isnull=False),
            ),
        ]
        indexes = [
            # For reported(): what the hosting system says of its backups.
            models.Index(
                name="hostedservice_reported",
                fields=["is_backed_up"],
                condition=Q(external_id__isnull=False, ended_on=None),
            ),
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


class BackupAnswer(models.TextChoices):
    YES = "yes", _("yes")
    NO = "no", _("no")


class BackupState(models.TextChoices):
    WAITING = "waiting", _("waiting for the customer")
    SILENT = "silent", _("not answered in time")
    REFUSED = "refused", _("refused")
    CONFIRMED = "confirmed", _("confirmed")
    WITHDRAWN = "withdrawn", _("taken back by the customer")


class BackupRequestQuerySet(models.QuerySet["BackupRequest"]):
    def of(self, customer: Customer) -> "BackupRequestQuerySet":
        return self.filter(service__customer=customer).select_related("service")

    def waiting(self, at: datetime) -> "BackupRequestQuerySet":
        return self.filter(answer="", answer_by__gt=at, service__ended_on=None)

    def standing(self) -> "BackupRequestQuerySet":
        return self.filter(answer=BackupAnswer.YES, withdrawn_at=None)

    def going_on(self) -> "BackupRequestQuerySet":
        """Narrow to those of services that run, of accounts that are open."""
        return self.filter(service__ended_on=None, service__customer__closed_at=None)


class BackupRequest(models.Model):
    """Staff asked a customer to confirm that something hosted for them is backed up, and why.

    Its state follows from the times in the row: no job ends anything.
    """

    Answer = BackupAnswer
    State = BackupState

    public_id = models.CharField(
        _("public id"), max_length=32, unique=True, default=new_public_id, editable=False
    )
    service = models.ForeignKey(
        HostedService,
        on_delete=models.CASCADE,
        related_name="backup_requests",
        verbose_name=_("hosted service"),
    )
    need_vi = models.CharField(_("why it is needed (Vietnamese)"), max_length=LONGEST_DESCRIPTION)
    need_en = models.CharField(_("why it is needed (English)"), max_length=LONGEST_DESCRIPTION)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("asked by"),
    )
    asked_at = models.DateTimeField(_("asked"), default=timezone.now)
    answer_by = models.DateTimeField(_("to be answered by"))
    answer = models.CharField(_("answer"), max_length=3, choices=BackupAnswer, blank=True)
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)
    withdrawn_at = models.DateTimeField(_("taken back"), null=True, blank=True)

    need = Bilingual("need")

    objects = BackupRequestQuerySet.as_manager()
    history = HistoricalRecords(user_db_constraint=False)

    class Meta:
        verbose_name = _("request to confirm a backup")
        verbose_name_plural = _("requests to confirm a backup")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                name="backuprequest_says_the_need_in_both_languages",
                condition=~Q(need_vi="") & ~Q(need_en=""),
            ),
            models.CheckConstraint(
                name="backuprequest_answered_in_time",
                condition=Q(answer_by=F("asked_at") + BACKUP_ANSWER_WITHIN)
                & (
                    Q(answer="", answered_at=None)
                    | (
                        ~Q(answer="")
                        & Q(answered_at__isnull=False, answered_at__lte=F("answer_by"))
                    )
                ),
            ),
            models.CheckConstraint(
                name="backuprequest_taken_back_after_a_yes",
                condition=Q(withdrawn_at=None) | Q(answer=BackupAnswer.YES),
            ),
            models.UniqueConstraint(
                name="backuprequest_one_yes",
                fields=["service"],
                condition=Q(answer=BackupAnswer.YES, withdrawn_at=None),
            ),
        ]
        indexes = [
            models.Index(
                name="backuprequest_taken_back",
                fields=["service"],
                condition=Q(withdrawn_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.public_id[:8]

    @property
    def state(self) -> BackupState:
        """Return how it stands now; of what has ended nobody needs an answer any more."""
        if not self.answer:
            is_asked = timezone.now() < self.answer_by and self.service.is_running
            return BackupState.WAITING if is_asked else BackupState.SILENT
        if self.answer == BackupAnswer.NO:
            return BackupState.REFUSED
        return BackupState.CONFIRMED if self.withdrawn_at is None else BackupState.WITHDRAWN

    @property
    def settled_at(self) -> datetime:
        """Return when it was answered or taken back, or the time for an answer is, or was, over."""
        return self.withdrawn_at or self.answered_at or self.answer_by
