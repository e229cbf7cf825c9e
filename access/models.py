from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from access.purposes import BUILT_IN
from access.reasons import AccessReason

GAP = timedelta(minutes=30)  # without a seal, from which on somebody should ask why
GAP_TOLD_FOR = timedelta(days=30)
VERIFIED_WITHIN = timedelta(days=2)


class AccessAction(models.TextChoices):
    LIST = "list", _("masked list")
    SEARCH = "search", _("search")
    OPEN = "open", _("opened")
    MASKED = "masked", _("seen behind masks")
    REVEAL = "reveal", _("revealed in full")
    HISTORY = "history", _("change history")
    DOWNLOAD = "download", _("file downloaded")
    PLAY = "play", _("recording played")
    EXPORT = "export", _("exported")
    CHECK = "check", _("asked whether a use is allowed")
    PRINT = "print", _("printed")
    SHELL = "shell", _("opened a command line")


class AccessRecordQuerySet(models.QuerySet["AccessRecord"]):
    def about(self, *public_ids: str) -> "AccessRecordQuerySet":
        """Narrow to one person, who has several ids after a merge of records."""
        return self.filter(customer__in=public_ids)

    def shown_to_customer(self, on: date) -> "AccessRecordQuerySet":
        """Leave out what an authority's order keeps from the customer on that day."""
        return self.exclude(secret_until__gte=on)


class AccessRecord(models.Model):
    """Somebody saw another person's data. Never what it said.

    Append-only, held by a trigger. customer is a public id; empty for a list,
    which shows masks only and is one record with its count, and for a search
    that found nobody. address is the network of who looked; a job has none.
    """

    Action = AccessAction

    at = models.DateTimeField(_("when"), db_default=Now())
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("member of staff"),
    )
    role = models.CharField(_("role"), max_length=40)
    action = models.CharField(_("action"), max_length=10, choices=AccessAction)
    customer = models.CharField(_("customer"), max_length=32, blank=True)
    purpose = models.SlugField(_("purpose"), max_length=40)
    case_reference = models.CharField(_("case"), max_length=20, blank=True)
    reason = models.CharField(
        _("occasion"), max_length=20, choices=AccessReason, blank=True, db_default=""
    )
    field_groups = ArrayField(models.CharField(max_length=20), verbose_name=_("data"))
    filters = ArrayField(
        models.CharField(max_length=64), verbose_name=_("filters"), default=list, blank=True
    )
    count = models.PositiveIntegerField(_("number of people"), default=1)
    request_id = models.CharField(_("request"), max_length=32, blank=True)
    address = models.CharField(_("network"), max_length=20, blank=True, db_default="")
    secret_until = models.DateField(_("not shown to the customer until"), null=True, blank=True)

    objects = AccessRecordQuerySet.as_manager()

    class Meta:
        verbose_name = _("access record")
        verbose_name_plural = _("access records")
        ordering = ["-pk"]
        indexes = [
            # For about(): the customer's own page, newest first.
            models.Index(name="accessrecord_customer", fields=["customer", "-id"]),
            # For the controls that judge the uses of the last month.
            models.Index(name="accessrecord_recent", fields=["at"]),
            # For the desk's search: by case, and by the beginning of an id.
            models.Index(
                name="accessrecord_case",
                fields=["case_reference", "-id"],
                condition=~models.Q(case_reference=""),
            ),
            models.Index(
                name="accessrecord_beginning",
                fields=["customer"],
                opclasses=["varchar_pattern_ops"],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.pk}"

    @property
    def purpose_label(self) -> str | Promise:
        """Return a readable purpose, or its code when a purpose of the policy was named."""
        return BUILT_IN.get(self.purpose, self.purpose)


class UnsealedRecord(models.Model):
    """A record that waits for its seal. A trigger writes it, in the record's own transaction.

    So what waits is found whatever order transactions commit in, whatever ids and clocks do.
    record: its primary key, and no foreign key: who removes the record leaves this behind.
    """

    record = models.BigIntegerField(_("record"), primary_key=True)

    class Meta:
        verbose_name = _("record to be sealed")
        verbose_name_plural = _("records to be sealed")

    def __str__(self) -> str:
        return f"{self.record}"


class AccessSealQuerySet(models.QuerySet["AccessSeal"]):
    def newest(self) -> "AccessSeal | None":
        return self.defer("records", "leaves").order_by("-number").first()

    def newest_removal(self) -> dict[str, Any]:
        """Return what the newest statement of a removal says: up to which seal, how many stayed.

        made_at: when it was made.
        """
        said = self.filter(statement__has_key="removed").order_by("-number")
        seal = said.exclude(statement={}).values("statement", "made_at").first()
        if seal is None:
            return {"up_to": 0, "kept": 0, "made_at": None}
        return {**seal["statement"]["removed"], "made_at": seal["made_at"]}

    def overdue(self, at: datetime) -> "AccessSealQuerySet":
        """Return the newest seal, if it is too old to be the newest."""
        newest = self.order_by("-number").values("pk")[:1]
        return self.filter(pk__in=newest, made_at__lt=at - GAP)

    def unverified(self, at: datetime) -> "AccessSealQuerySet":
        """Return the first seal, if it is old enough and nothing was verified lately."""
        lately = AccessVerification.objects.filter(at__gte=at - VERIFIED_WITHIN)
        return self.filter(~models.Exists(lately), pk=1, made_at__lt=at - VERIFIED_WITHIN)


class AccessSeal(models.Model):
    """One block of the chain of seals; see sealing.py. Append-only, held by a trigger.

    text: what is signed; all else in the row must agree with it.
    records: primary keys in order; leaves: as many digests, LEAF_BYTES each.
    statement: what else the seal says: which records were removed by rule, what a backup lost.
    """

    number = models.PositiveBigIntegerField(_("number of the seal"), primary_key=True)
    made_at = models.DateTimeField(_("sealed"))
    count = models.PositiveIntegerField(_("records"))
    records = ArrayField(models.BigIntegerField())
    leaves = models.BinaryField()
    statement = models.JSONField(_("statement"), default=dict)
    text = models.TextField(_("signed text"))

    objects = AccessSealQuerySet.as_manager()

    class Meta:
        verbose_name = _("seal of access records")
        verbose_name_plural = _("seals of access records")
        ordering = ["-number"]
        indexes = [
            # For newest_removal() and restarts_behind(): few of them say anything.
            models.Index(
                name="accessseal_statements", fields=["number"], condition=~models.Q(statement={})
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number}"


class SealCopy(models.Model):
    """What is remembered of a copy outside, so that nobody can shorten it or begin it anew.

    name: what stands in the file beside the copy; number: the last seal that was written.
    A trigger lets the number grow alone.
    """

    name = models.CharField(_("name"), max_length=32, primary_key=True)
    number = models.PositiveBigIntegerField(_("last seal"), default=0)

    class Meta:
        verbose_name = _("copy of the seals")
        verbose_name_plural = _("copies of the seals")

    def __str__(self) -> str:
        return self.name


class Fault(models.TextChoices):
    """What a verification can find; stored, so never rename one."""

    CHANGED = "changed", _("record changed")
    REMOVED = "removed", _("record removed")
    INSERTED = "inserted", _("record inserted, and never sealed")
    REORDERED = "reordered", _("record in another's place")
    SEAL = "seal", _("seal changed or out of order")
    COPY = "copy", _("seal differs from the copy outside")
    LOST = "lost", _("seal of the copy outside is missing here")
    CUT = "cut", _("copy outside is missing or was shortened")
    MISDATED = "misdated", _("record of another time than its seal")


class AccessVerificationQuerySet(models.QuerySet["AccessVerification"]):
    def faulty(self) -> "AccessVerificationQuerySet":
        """Return the newest result, if it found a fault."""
        newest = self.order_by("-pk").values("pk")[:1]
        return self.filter(pk__in=newest).exclude(fault="")

    def with_gaps(self, at: datetime) -> "AccessVerificationQuerySet":
        """Narrow to those that lately found a time without seals."""
        return self.filter(gaps__gt=0, at__gte=at - GAP_TOLD_FOR)


class AccessVerification(models.Model):
    """What a nightly verification found, for the desk and the promises.

    seals, records: how many were looked at; up_to: the last seal that held.
    compared: lines of the copy outside; gaps: times without a seal since the last one.
    """

    at = models.DateTimeField(_("when"), db_default=Now())
    seals = models.PositiveBigIntegerField(_("seals"))
    records = models.PositiveBigIntegerField(_("records"))
    up_to = models.PositiveBigIntegerField(_("up to seal"), default=0)
    compared = models.PositiveBigIntegerField(_("compared with the copy outside"), default=0)
    gaps = models.PositiveIntegerField(_("times without seals"), default=0)
    fault = models.CharField(_("first fault"), max_length=10, choices=Fault, blank=True)
    seal = models.PositiveBigIntegerField(_("seal"), null=True)
    record = models.BigIntegerField(_("record"), null=True)

    objects = AccessVerificationQuerySet.as_manager()

    class Meta:
        verbose_name = _("verification of access records")
        verbose_name_plural = _("verifications of access records")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.pk}"
