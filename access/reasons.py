"""On which occasion staff look at personal data, where no case says it. Never in their own words:
those would hold personal data themselves."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class AccessReason(models.TextChoices):
    """Stored, so never rename one."""

    CONTACT = "contact", _("the customer is on the phone or at the counter")
    CORRECTION = "correction", _("the customer asked for a correction")
    TRANSACTION = "transaction", _("a transaction of the customer")
    SECURITY = "security", _("security of the account")
    RIGHTS = "rights", _("the customer asked about their data")
    LEGAL_DUTY = "legal_duty", _("a duty by law")
