from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from access.purposes import BUILT_IN


class AccessAction(models.TextChoices):
    LIST = "list", _("masked list")
    SEARCH = "search", _("search")
    OPEN = "open", _("opened")
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
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.pk}"

    @property
    def purpose_label(self) -> str | Promise:
        """Return a readable purpose, or its code when a purpose of the policy was named."""
        return BUILT_IN.get(self.purpose, self.purpose)
