from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

REFERENCE = r"^[A-Z0-9-]{4,20}$"  # of a case, as people read it out


class MisuseCategory(models.TextChoices):
    WITHOUT_NEED = "without_need", _("looked without need")
    OTHER_PURPOSE = "other_purpose", _("used for another purpose")
    COPIED = "copied", _("copied or taken away")
    DISCLOSED = "disclosed", _("disclosed to somebody")
    SHARED_ACCOUNT = "shared_account", _("let somebody else use the account")


class Measure(models.TextChoices):
    INSTRUCTION = "instruction", _("instruction")
    WARNING = "warning", _("warning")
    DISCIPLINE = "discipline", _("discipline")
    CONTRACT_ENDED = "contract_ended", _("contract ended")
    REPORTED = "reported", _("reported to an authority")


class Misuse(models.Model):
    """A member of staff misused personal data, and what was done about it. No free text.

    Append-only, held by a trigger.
    """

    member = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("member of staff"),
    )
    found_on = models.DateField(_("found on"))
    category = models.CharField(_("what happened"), max_length=20, choices=MisuseCategory)
    case_reference = models.CharField(
        _("case"), max_length=20, blank=True, validators=[RegexValidator(REFERENCE)]
    )
    measure = models.CharField(_("measure"), max_length=20, choices=Measure)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("decided by"),
    )
    decided_at = models.DateTimeField(_("decided"), db_default=Now())

    class Meta:
        verbose_name = _("misuse")
        verbose_name_plural = _("cases of misuse")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                name="misuse_decided_by_another", condition=~Q(decided_by=F("member"))
            ),
            models.CheckConstraint(
                name="misuse_case_is_a_reference",
                condition=Q(case_reference="") | Q(case_reference__regex=REFERENCE),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.found_on:%Y-%m-%d} {self.pk}"
