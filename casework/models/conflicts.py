from typing import Any, Self, TypeVar

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class ConflictCause(models.TextChoices):
    NAMED = "named", _("the case is about them")
    ACCESS = "access", _("their access to the data is in question")
    DECLARED = "declared", _("they declared an interest of their own")
    DECIDED = "decided", _("they decided before, and the customer disagreed")


class CaseConflictQuerySet(models.QuerySet["CaseConflict"]):
    def hiding_from(self, staff: Any) -> Self:
        """Narrow to those for which this member of staff may read nothing of the case."""
        return self.filter(staff=staff).exclude(cause=ConflictCause.DECIDED)


class CaseConflict(models.Model):
    """A member of staff who may neither read a case nor work on it.

    Of ConflictCause.DECIDED alone: may read it, and not work on it.
    """

    case = models.ForeignKey(
        "casework.Case", on_delete=models.PROTECT, related_name="conflicts", verbose_name=_("case")
    )
    staff = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("member of staff"),
    )
    cause = models.CharField(_("because"), max_length=10, choices=ConflictCause)
    at = models.DateTimeField(_("when"), default=timezone.now)

    objects = CaseConflictQuerySet.as_manager()

    class Meta:
        verbose_name = _("conflict of interest")
        verbose_name_plural = _("conflicts of interest")
        constraints = [
            models.UniqueConstraint(name="caseconflict_once", fields=["case", "staff"]),
        ]

    def __str__(self) -> str:
        return f"conflict {self.pk}"


Rows = TypeVar("Rows", bound="models.QuerySet[Any]")


def without_conflict(rows: Rows, staff: Any, *, case: str) -> Rows:
    """Leave out the rows of whose case (a lookup) this member of staff may read nothing."""
    hiding = CaseConflict.objects.hiding_from(staff)
    return rows.exclude(Exists(hiding.filter(case=OuterRef(case))))
