from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models.people import Customer


class PhoneVerification(models.Model):
    """What is known of whether a customer has the phone number that they gave.

    Number and code are here as keyed hashes alone. verified_number is that of the number that
    was verified. All of them go once the customer gives another, or none.
    """

    customer = models.OneToOneField(
        Customer,
        on_delete=models.PROTECT,
        related_name="phone_verification",
        verbose_name=_("customer"),
    )
    number = models.CharField(_("number, hashed"), max_length=64)
    code = models.CharField(_("code, hashed"), max_length=64, blank=True)
    sent_at = models.DateTimeField(_("code sent"))
    sent_today = models.PositiveSmallIntegerField(_("codes sent that day"), default=1)
    tries = models.PositiveSmallIntegerField(_("wrong tries"), default=0)
    verified_number = models.CharField(_("verified number, hashed"), max_length=64, blank=True)
    verified_at = models.DateTimeField(_("verified"), null=True)

    class Meta:
        verbose_name = _("verification of a phone number")
        verbose_name_plural = _("verifications of phone numbers")
        constraints = [
            models.CheckConstraint(
                name="phone_verification_knows_what_it_verified",
                condition=Q(verified_at=None, verified_number="")
                | (Q(verified_at__isnull=False) & ~Q(verified_number="")),
            ),
            models.CheckConstraint(
                name="phone_verification_has_few_tries", condition=Q(tries__lte=5)
            ),
        ]

    def __str__(self) -> str:
        return f"phone {self.pk}"
