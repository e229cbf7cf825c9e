from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords


class ApiClient(models.Model):
    """Another system of the company, which may ask whether somebody may be contacted.

    Its key is known by a hash alone: 256 random bits need no slow one. In the
    record of accesses it stands as ``user``, who can never sign in.
    """

    name = models.CharField(_("name of the system"), max_length=100, unique=True)
    key_sha256 = models.CharField("SHA-256", max_length=64, unique=True, editable=False)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        editable=False,
        related_name="+",
        verbose_name=_("stands in the records as"),
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    last_asked_at = models.DateTimeField(_("last asked"), null=True, editable=False)
    revoked_at = models.DateTimeField(_("revoked"), null=True, editable=False)

    history = HistoricalRecords(user_db_constraint=False, excluded_fields=["last_asked_at"])

    class Meta:
        verbose_name = _("system")
        verbose_name_plural = _("systems")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
