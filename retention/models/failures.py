from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Customer


class PurgeFailure(models.Model):
    """A customer whom the purge could not erase, since when, and by what kind of error: no more."""

    customer = models.OneToOneField(
        Customer, on_delete=models.CASCADE, related_name="+", verbose_name=_("customer")
    )
    since = models.DateTimeField(_("since"), default=timezone.now)
    last_at = models.DateTimeField(_("last tried"), default=timezone.now)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    error = models.CharField(_("kind of error"), max_length=64)

    class Meta:
        verbose_name = _("failed erasure")
        verbose_name_plural = _("failed erasures")
        ordering = ["since", "pk"]

    def __str__(self) -> str:
        return str(self.customer)
