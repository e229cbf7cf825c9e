from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Customer


class Remainder(models.Model):
    """What is left of a customer whose other data was erased (retention/parts.py): stored only.

    parts names what was not to be erased; until is the last day of it, where that is known. rows is
    {category: rows about the customer that went so far}, runs the keys of the runs that took them.
    """

    customer = models.OneToOneField(
        Customer, on_delete=models.CASCADE, related_name="remainder", verbose_name=_("customer")
    )
    parts = models.JSONField(_("what stays"), default=list)
    since = models.DateTimeField(_("since"), default=timezone.now)
    until = models.DateField(_("until"), null=True)
    rows = models.JSONField(_("rows removed"), default=dict)
    runs = models.JSONField(_("runs"), default=list)
    looked_at = models.DateTimeField(_("looked at"), default=timezone.now)

    class Meta:
        verbose_name = _("remainder of a customer")
        verbose_name_plural = _("remainders of customers")

    def __str__(self) -> str:
        return str(self.customer)
