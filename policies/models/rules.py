from datetime import date, timedelta
from typing import Any, Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import BigIntegerRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from common.bilingual import Bilingual
from common.personal_data import DataCategory
from common.personal_data import RetentionTrigger as RetentionTrigger


class RuleFamily(models.TextChoices):
    PROMISE = "promise", _("company's promise")
    STATUTE = "statute", _("statute")


class RuleBasis(models.TextChoices):
    POLICY = "policy", _("the published policy")
    COMPANY_CHOICE = "company_choice", _("the company's own choice, not in the policy")
    STATUTE = "statute", _("the law")

    @property
    def family(self) -> RuleFamily:
        return RuleFamily.STATUTE if self is RuleBasis.STATUTE else RuleFamily.PROMISE


def never_two_at_once(name: str, *key: str) -> ExclusionConstraint:
    """Forbid that two rules with the same ``key`` (text columns) are valid on one day.

    Stock PostgreSQL excludes overlapping ranges and no equality beside them. So each key
    gets a stretch of the whole numbers to itself, far longer than all days there are, and
    a validity is a range inside its stretch. A rule that is in force on no day is empty.
    """
    columns = " || '/' || ".join(key)
    first = f"hashtext({columns})::bigint * 10000000 + (valid_from - date '1900-01-01')"
    after = (
        f"hashtext({columns})::bigint * 10000000 + coalesce(valid_to - date '1899-12-31', 9999999)"
    )
    days = Func(template=f"int8range({first}, {after})", output_field=BigIntegerRangeField())
    return ExclusionConstraint(name=name, expressions=[(days, RangeOperators.OVERLAPS)])


class DatedRuleQuerySet(models.QuerySet[Any]):
    def in_force(self, on: date) -> Self:
        return self.filter(Q(valid_to=None) | Q(valid_to__gte=on), valid_from__lte=on)


class DatedRule(models.Model):
    """A number that a law or a policy sets, from a day on.

    A change is a new row; the database refuses to edit one, but for its end and
    for the check of its source, and to delete one. A case keeps the row it ran
    under. A row that was superseded before it could apply ends the day before it
    begins: it is in force on no day.
    """

    family = models.CharField(_("set by"), max_length=10, choices=RuleFamily)
    basis = models.CharField(_("stated in"), max_length=20, choices=RuleBasis)
    source_vi = models.CharField(_("source (Vietnamese)"), max_length=300)
    source_en = models.CharField(_("source (English)"), max_length=300)
    source_checked = models.BooleanField(
        _("source checked"),
        default=False,
        help_text=_("Somebody compared this row with the text of its source."),
    )
    valid_from = models.DateField(_("valid from"))
    valid_to = models.DateField(_("valid until"), null=True, blank=True)

    source = Bilingual("source")

    objects = DatedRuleQuerySet.as_manager()

    class Meta:
        abstract = True
        ordering = ["-valid_from", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="%(class)s_validity",
                condition=Q(valid_to=None) | Q(valid_to__gte=F("valid_from") - timedelta(days=1)),
            ),
            models.CheckConstraint(
                name="%(class)s_source", condition=~Q(source_vi="") & ~Q(source_en="")
            ),
            models.CheckConstraint(
                name="%(class)s_basis_of_family",
                condition=Q(family=RuleFamily.STATUTE, basis=RuleBasis.STATUTE)
                | Q(family=RuleFamily.PROMISE) & ~Q(basis=RuleBasis.STATUTE),
            ),
        ]


class TimeLimitKind(models.TextChoices):
    COMPLAINT_FIRST_RESPONSE = "complaint_first_response", _("first response to a complaint")
    COMPLAINT_COMPLETION = "complaint_completion", _("answer to a complaint")
    ENQUIRY_ANSWER = "enquiry_answer", _("answer to an enquiry")
    RIGHTS_FIRST_RESPONSE = "rights_first_response", _("first response to a request")
    RIGHTS_WITHDRAW = "rights_withdraw", _("withdrawal, restriction, objection")
    RIGHTS_ACCESS = "rights_access", _("viewing, correction, copy")
    RIGHTS_DELETE = "rights_delete", _("deletion")
    RIGHTS_PROTECT = "rights_protect", _("protective measure")
    BREACH_AUTHORITY = "breach_authority", _("breach, to the authority")
    ATTACK_AUTHORITY = "attack_authority", _("attack, to the authority")
    BREACH_PEOPLE = "breach_people", _("breach, to the people concerned")
    IMPACT_DOSSIER = "impact_dossier", _("impact dossier")
    CROSS_BORDER_DOSSIER = "cross_border_dossier", _("cross-border transfer dossier")
    DOSSIER_UPDATE = "dossier_update", _("update of a dossier")


class TimeUnit(models.TextChoices):
    WORKING_DAY = "working_day", _("working days")
    CALENDAR_DAY = "calendar_day", _("days")
    HOUR = "hour", _("hours")
    MONTH = "month", _("months")


class Complexity(models.TextChoices):
    SIMPLE = "simple", _("simple")
    ORDINARY = "ordinary", _("ordinary")
    COMPLEX = "complex", _("complex")


class TimeLimit(DatedRule):
    """How long a step may take.

    Within the range a simple case gets minimum, an ordinary one ordinary, a complex one maximum.
    """

    kind = models.CharField(_("kind"), max_length=40, choices=TimeLimitKind)
    minimum = models.PositiveSmallIntegerField(_("at least"), null=True, blank=True)
    ordinary = models.PositiveSmallIntegerField(
        _("at most, in an ordinary case"), null=True, blank=True
    )
    maximum = models.PositiveSmallIntegerField(_("at most"))
    unit = models.CharField(_("unit"), max_length=20, choices=TimeUnit)
    third_party = models.PositiveSmallIntegerField(
        _("at most, if a third party must act"), null=True, blank=True
    )
    extension = models.PositiveSmallIntegerField(_("one extension, at most"), null=True, blank=True)
    may_pause = models.BooleanField(
        _("stands still while the customer is asked"),
        default=False,
        help_text=_("Only where the published policy or the law says so."),
    )

    history = HistoricalRecords(user_db_constraint=False)

    class Meta(DatedRule.Meta):
        verbose_name = _("time limit")
        verbose_name_plural = _("time limits")
        constraints = [
            *DatedRule.Meta.constraints,
            never_two_at_once("timelimit_one_at_a_time", "family", "kind"),
            models.CheckConstraint(name="timelimit_takes_time", condition=Q(maximum__gte=1)),
            models.CheckConstraint(
                name="timelimit_range",
                condition=Q(minimum=None) | Q(minimum__lte=F("maximum")),
            ),
            models.CheckConstraint(
                name="timelimit_ordinary",
                condition=Q(ordinary=None)
                | Q(
                    minimum__isnull=False,
                    ordinary__gte=F("minimum"),
                    ordinary__lte=F("maximum"),
                ),
            ),
            models.CheckConstraint(
                name="timelimit_third_party",
                condition=Q(third_party=None) | Q(third_party__gte=F("maximum")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.get_family_display()}"

    def length_for(self, complexity: str) -> int:
        """Return the units that such a case may take; the maximum until somebody judged it."""
        shorter = {Complexity.SIMPLE: self.minimum, Complexity.ORDINARY: self.ordinary}
        return shorter.get(Complexity(complexity)) or self.maximum if complexity else self.maximum


class RetentionAction(models.TextChoices):
    DELETE = "delete", _("delete")
    PSEUDONYMISE = "pseudonymise", _("pseudonymise for statistics")
    RESTRICT = "restrict", _("store only")


class RetentionRule(DatedRule):
    """How long a category of personal data is kept after the event that starts its period."""

    category = models.CharField(_("data"), max_length=20, choices=DataCategory)
    trigger = models.CharField(_("counted from when"), max_length=20, choices=RetentionTrigger)
    months = models.PositiveSmallIntegerField(
        _("months"), help_text=_("0: deleted once the day of the event is over.")
    )
    action = models.CharField(_("then"), max_length=20, choices=RetentionAction)

    history = HistoricalRecords(user_db_constraint=False)

    class Meta(DatedRule.Meta):
        verbose_name = _("retention rule")
        verbose_name_plural = _("retention rules")
        constraints = [
            *DatedRule.Meta.constraints,
            never_two_at_once(
                "retentionrule_one_at_a_time", "family", "category", "trigger", "action"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_category_display()}: {self.get_trigger_display()}"

    @property
    def term(self) -> str:
        """Say for how long the rule keeps, and from when that counts."""
        if self.months:
            words = ngettext(
                "%(months)d month after %(event)s", "%(months)d months after %(event)s", self.months
            )
        else:
            words = gettext("%(action)s at once when %(event)s")
        return words % {
            "months": self.months,
            "action": self.get_action_display(),
            "event": self.get_trigger_display(),
        }

    @property
    def text(self) -> str:
        return f"{self.get_category_display()}: {self.term}"
