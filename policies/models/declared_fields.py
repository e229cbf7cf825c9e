from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from common.bilingual import Bilingual

FIXED = ("full_name", "email", "phone", "address")  # details that every customer has


class DeclaredKind(models.TextChoices):
    TEXT = "text", _("one line of text")
    DATE = "date", _("a date of the past")


class DeclaredFieldQuerySet(models.QuerySet["DeclaredField"]):
    def active(self) -> "DeclaredFieldQuerySet":
        return self.filter(retired_on=None)


class DeclaredField(models.Model):
    """A detail that the company asks its customers for, beside name, email, phone and address."""

    code = models.SlugField(_("code"), max_length=40, unique=True)
    name_vi = models.CharField(_("name (Vietnamese)"), max_length=200)
    name_en = models.CharField(_("name (English)"), max_length=200)
    description_vi = models.TextField(_("what it is needed for (Vietnamese)"), blank=True)
    description_en = models.TextField(_("what it is needed for (English)"), blank=True)
    kind = models.CharField(_("kind"), max_length=10, choices=DeclaredKind)
    is_required = models.BooleanField(_("required"), default=False)
    retired_on = models.DateField(_("no longer used since"), null=True, blank=True)

    name = Bilingual("name")
    description = Bilingual("description")

    objects = DeclaredFieldQuerySet.as_manager()
    history = HistoricalRecords(user_db_constraint=False)

    class Meta:
        verbose_name = _("declared detail")
        verbose_name_plural = _("declared details")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                name="declaredfield_is_none_of_the_fixed", condition=~Q(code__in=FIXED)
            ),
        ]

    def __str__(self) -> str:
        return self.code
