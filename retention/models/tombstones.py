from django.conf import settings
from django.db import models
from django.db.models import DateField, F, Func, Q, Value
from django.db.models.functions import Cast
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from policies.models import RetentionRule
from retention.models.runs import PurgeRun

# The local day of the erasure, in the company's zone whatever the reader's.
ERASED_ON = Cast(Func(Value(settings.TIME_ZONE), F("erased_at"), function="timezone"), DateField())


class Tombstone(models.Model):
    """What is left of an erased customer: that there was one, and that it is gone.

    rows is {category of data: rows about the customer that went}. line is its number in the ledger,
    None until it is written there. The rule is not known of what a replay erased. earlier_runs are
    the keys of those that took a part before, while the rest had to stay.
    """

    public_id = models.CharField(_("public id"), max_length=32, unique=True)
    opened_on = models.DateField(_("account opened"))
    closed_on = models.DateField(_("account closed"))
    retained_until = models.DateField(_("kept until"))
    erased_at = models.DateTimeField(_("erased"), default=timezone.now)
    rows = models.JSONField(_("rows removed"), default=dict)
    earlier_runs = models.JSONField(_("earlier runs"), default=list)
    line = models.PositiveBigIntegerField(_("line of the ledger"), null=True, editable=False)
    rule = models.ForeignKey(
        RetentionRule, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("rule")
    )
    run = models.ForeignKey(
        PurgeRun, on_delete=models.PROTECT, related_name="tombstones", verbose_name=_("run")
    )

    class Meta:
        verbose_name = _("tombstone")
        verbose_name_plural = _("tombstones")
        ordering = ["-pk"]
        indexes = [
            # For the control kept_while_open: there should be none.
            models.Index(
                name="tombstone_too_early",
                fields=["retained_until"],
                condition=Q(retained_until__gte=ERASED_ON),
            ),
            # For the ledger: the highest, and those that have none.
            models.Index(name="tombstone_line", fields=["line"]),
        ]

    def __str__(self) -> str:
        return self.public_id[:8]

    def runs(self) -> list[PurgeRun]:
        """Return the runs that erased of this customer; the last one wrote this."""
        return [*PurgeRun.objects.filter(pk__in=self.earlier_runs).order_by("pk"), self.run]
