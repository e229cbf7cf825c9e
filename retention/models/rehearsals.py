from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class RehearsalOutcome(models.TextChoices):
    PASSED = "passed", _("nobody came back")
    LEFT = "left", _("something was left")
    FAILED = "failed", _("not restored")


class RestoreRehearsal(models.Model):
    """What came out when a backup was restored beside the database, and the ledger replayed there.

    as_of is the last moment that the backup knows; is_given says that it was a file, and not a dump
    of that moment. named are the erasures of the ledger, brought_back the customers that the backup
    had back, left those whom the replay left, residue the places where it left something.
    """

    Outcome = RehearsalOutcome

    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("by")
    )
    started_at = models.DateTimeField(_("started"))
    finished_at = models.DateTimeField(_("finished"), default=timezone.now)
    is_given = models.BooleanField(_("a backup's file"))
    as_of = models.DateTimeField(_("state of the backup"), null=True)
    named = models.PositiveIntegerField(_("erasures in the ledger"), default=0)
    brought_back = models.PositiveIntegerField(_("customers that came back"), default=0)
    left = models.PositiveIntegerField(_("customers left"), default=0)
    residue = models.JSONField(_("residue"), default=list)
    outcome = models.CharField(_("outcome"), max_length=20, choices=RehearsalOutcome)

    class Meta:
        verbose_name = _("restore rehearsal")
        verbose_name_plural = _("restore rehearsals")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.pk}"
