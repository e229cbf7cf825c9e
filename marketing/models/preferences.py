from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from accounts.models import Customer

ALLOWED = [(True, _("allowed")), (False, _("refused"))]


class Ads(models.TextChoices):
    """How advertising appears to a person."""

    PERSONALISED = "personalised", _("Chosen for me")
    GENERAL = "general", _("The same as for everybody")
    NONE = "none", _("No advertising")


STRICTNESS = (Ads.NONE, Ads.GENERAL, Ads.PERSONALISED)


def stricter(*choices: str) -> str:
    """Return the choice that lets the least happen."""
    return min(choices, key=lambda choice: STRICTNESS.index(Ads(choice)))


class Preference(models.Model):
    """What a customer lets the company's sites do; whoever has none has refused it all."""

    customer = models.OneToOneField(
        Customer, on_delete=models.CASCADE, related_name="preference", verbose_name=_("customer")
    )
    statistics = models.BooleanField(_("statistics"), choices=ALLOWED, default=False)
    personalisation = models.BooleanField(_("personalisation"), choices=ALLOWED, default=False)
    advertising = models.BooleanField(
        _("following behaviour for advertising"), choices=ALLOWED, default=False
    )
    ads = models.CharField(
        _("how advertising appears"), max_length=12, choices=Ads, default=Ads.GENERAL
    )

    history = HistoricalRecords(user_db_constraint=False)

    class Meta:
        verbose_name = _("preference")
        verbose_name_plural = _("preferences")
        constraints = [
            models.CheckConstraint(
                name="preference_personalised_needs_following",
                condition=~Q(ads=Ads.PERSONALISED) | Q(advertising=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pk}"
