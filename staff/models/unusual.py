from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from accounts.models import Customer


class UnusualKind(models.TextChoices):
    OUT_OF_HOURS = "out_of_hours", _("outside of working hours")
    MANY = "many", _("many customers in an hour")
    FLAGGED = "flagged", _("record of a relative or a colleague")
    WITHOUT_CASE = "without_case", _("mostly without a case")
    BULK = "bulk", _("many people on lists and in files")
    COMMAND_LINE = "command_line", _("command line")


class Finding(models.TextChoices):
    EXPLAINED = "explained", _("explained by the work")
    TALKED_TO = "talked_to", _("talked to the member")
    MISUSE = "misuse", _("misuse, recorded as such")


class UnusualAccess(models.Model):
    """Somebody looked into what was unusual about one member's accesses on one day.

    What is unusual is computed anew each time (staff.unusual); a row says that it is settled.
    """

    kind = models.CharField(_("kind"), max_length=20, choices=UnusualKind)
    day = models.DateField(_("day"))
    member = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("member of staff"),
    )
    finding = models.CharField(_("finding"), max_length=20, choices=Finding)
    looked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("looked into by"),
    )
    looked_at = models.DateTimeField(_("looked into"), default=timezone.now)

    history = HistoricalRecords(user_db_constraint=False)

    class Meta:
        verbose_name = _("unusual access")
        verbose_name_plural = _("unusual accesses")
        ordering = ["-day", "pk"]
        constraints = [
            models.UniqueConstraint(
                name="unusualaccess_settled_once", fields=["day", "kind", "member"]
            ),
            models.CheckConstraint(
                name="unusualaccess_looked_into_by_another",
                condition=~models.Q(looked_by=models.F("member")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day:%Y-%m-%d} {self.kind}"


class Tie(models.TextChoices):
    RELATIVE = "relative", _("relative")
    COLLEAGUE = "colleague", _("colleague")
    SELF = "self", _("the same person")


class FlaggedRecord(models.Model):
    """A customer whose record a member of staff has no business to open."""

    member = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("member of staff"),
    )
    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="+", verbose_name=_("customer")
    )
    tie = models.CharField(_("is to the member"), max_length=20, choices=Tie)
    flagged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("flagged by"),
    )
    flagged_at = models.DateTimeField(_("flagged"), default=timezone.now)

    history = HistoricalRecords(user_db_constraint=False)

    class Meta:
        verbose_name = _("flagged record")
        verbose_name_plural = _("flagged records")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(name="flaggedrecord_once", fields=["customer", "member"]),
        ]

    def __str__(self) -> str:
        return f"{self.member} {self.customer}"
