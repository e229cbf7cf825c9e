from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from policies.models import RetentionRule


class PurgeApproval(models.Model):
    """The DPO's word that a retention rule may delete. Without it, a run only reports."""

    rule = models.OneToOneField(
        RetentionRule, on_delete=models.PROTECT, related_name="approval", verbose_name=_("rule")
    )
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("approved by"),
    )
    approved_at = models.DateTimeField(_("approved"), default=timezone.now)

    history = HistoricalRecords(user_db_constraint=False)

    class Meta:
        verbose_name = _("approval to delete")
        verbose_name_plural = _("approvals to delete")

    def __str__(self) -> str:
        return str(self.rule)
