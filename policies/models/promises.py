from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from common.bilingual import Bilingual
from policies.models.rules import RuleFamily


class PromiseStatus(models.TextChoices):
    """Worst first, as the board sorts them."""

    BROKEN = "broken", _("broken")
    AT_RISK = "at_risk", _("at risk")
    NOT_MEASURED = "not_measured", _("not measured")
    KEPT = "kept", _("kept")
    NOT_APPLICABLE = "not_applicable", _("not applicable")


class PromiseQuerySet(models.QuerySet["Promise"]):
    def active(self) -> "PromiseQuerySet":
        return self.filter(retired_on=None)


class Promise(models.Model):
    """A sentence that binds the company, and the control that answers for it.

    family: whether the policy says it or the law. parameters: what the profile sets under it, by
    the name of the setting.
    """

    code = models.CharField(_("code"), max_length=10, unique=True)
    family = models.CharField(
        _("set by"), max_length=10, choices=RuleFamily, default=RuleFamily.PROMISE
    )
    text_vi = models.TextField(_("text (Vietnamese)"))
    text_en = models.TextField(_("text (English)"))
    control = models.SlugField(_("control"), max_length=40)
    parameters = models.JSONField(_("parameters"), default=dict, blank=True)
    position = models.PositiveSmallIntegerField(_("position"), help_text=_("As in the policy."))
    retired_on = models.DateField(_("no longer promised since"), null=True, blank=True)

    text = Bilingual("text")

    objects = PromiseQuerySet.as_manager()
    history = HistoricalRecords(user_db_constraint=False)

    class Meta:
        verbose_name = _("promise")
        verbose_name_plural = _("promises")
        ordering = ["family", "position", "code"]

    def __str__(self) -> str:
        return self.code


class PromiseResult(models.Model):
    """What the control of a promise answered on one day.

    A promise may get another control; the results of the one before are not this one's.
    """

    promise = models.ForeignKey(
        Promise, on_delete=models.PROTECT, related_name="results", verbose_name=_("promise")
    )
    control = models.SlugField(_("control"), max_length=40, db_index=False)
    day = models.DateField(_("day"))
    status = models.CharField(_("status"), max_length=20, choices=PromiseStatus)
    figure = models.DecimalField(_("figure"), max_digits=14, decimal_places=1, null=True)
    unit = models.CharField(_("unit"), max_length=20, blank=True)
    measured_at = models.DateTimeField(_("measured"))

    class Meta:
        verbose_name = _("result of a promise")
        verbose_name_plural = _("results of promises")
        ordering = ["day"]
        constraints = [
            # Also what the board's trend reads by.
            models.UniqueConstraint(name="promiseresult_one_a_day", fields=["promise", "day"]),
            models.CheckConstraint(name="promiseresult_names_control", condition=~Q(control="")),
        ]

    def __str__(self) -> str:
        return f"{self.promise_id} {self.day:%Y-%m-%d}"
