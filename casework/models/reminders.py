from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class CaseReminder(models.Model):
    """A day on which a member of staff wants to be reminded of a case."""

    case = models.ForeignKey(
        "casework.Case", on_delete=models.PROTECT, related_name="reminders", verbose_name=_("case")
    )
    staff = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("member of staff"),
    )
    on = models.DateField(_("on"))
    sent_at = models.DateTimeField(_("reminded"), null=True)

    class Meta:
        verbose_name = _("reminder")
        verbose_name_plural = _("reminders")
        ordering = ["on", "pk"]
        constraints = [
            models.UniqueConstraint(name="casereminder_once", fields=["case", "staff", "on"]),
        ]
        indexes = [
            # For the job that sends them.
            models.Index(name="casereminder_waiting", fields=["on"], condition=Q(sent_at=None)),
        ]

    def __str__(self) -> str:
        return f"reminder {self.on:%Y-%m-%d}"
