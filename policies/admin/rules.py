"""Dated rules: read with their past, changed from a day on, ended, confirmed; never edited."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from common.admin import ReadOnlyAdmin, Text, badge
from policies import rule_changes
from policies.admin.register_forms import day
from policies.models import (
    DatedRule,
    RuleBasis,
    RuleFamily,
    TimeLimit,
    TimeLimitKind,
    TimeUnit,
)

STATE_TONES = {"in_force": "success", "to_come": "info", "over": ""}
PROMISED_IN = [choice for choice in RuleBasis.choices if choice[0] != RuleBasis.STATUTE]
MOST = 1200  # in any unit: a hundred years of months


def count(label: Any, *, least: int = 1, required: bool = True) -> forms.IntegerField:
    return forms.IntegerField(label=label, min_value=least, max_value=MOST, required=required)


def source(label: Any, help_text: Any = "") -> forms.CharField:
    return forms.CharField(label=label, max_length=300, help_text=help_text)


class RuleForm(forms.Form):
    """What every dated rule says beside its number; ``field_order`` puts the rest between."""

    valid_from = day(_("Valid from"), help_text=_("Today or later."))
    basis = forms.ChoiceField(label=_("Stated in"), choices=PROMISED_IN)
    source_vi = source(_("Source (Vietnamese)"), _("Document and section, as its reader finds it."))
    source_en = source(_("Source (English)"))
    source_checked = forms.BooleanField(
        label=_("I compared this with the text of its source"), required=False
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["valid_from"].initial = timezone.localdate


class TimeLimitForm(RuleForm):
    field_order = [
        "valid_from",
        "minimum",
        "ordinary",
        "maximum",
        "unit",
        "third_party",
        "extension",
        "may_pause",
    ]

    minimum = count(_("At least"), required=False)
    ordinary = count(_("At most, in an ordinary case"), required=False)
    maximum = count(_("At most"))
    unit = forms.ChoiceField(label=_("Unit"), choices=TimeUnit)
    third_party = count(_("At most, if a third party must act"), required=False)
    extension = count(_("One extension, at most"), required=False)
    may_pause = forms.BooleanField(
        label=_("Stands still while the customer is asked"),
        required=False,
        help_text=_("Only where the published policy or the law says so."),
    )


class StatutoryTimeLimitForm(TimeLimitForm):
    basis = None  # type: ignore[assignment]  # the law alone


class NewRuleForm(forms.Form):
    """A new kind may come from the law as well; what states a rule says whose rule it is."""

    basis = forms.ChoiceField(label=_("Stated in"), choices=RuleBasis)


class NewTimeLimitForm(NewRuleForm, TimeLimitForm):
    field_order = ["kind", *TimeLimitForm.field_order]

    kind = forms.ChoiceField(label=_("Kind"), choices=TimeLimitKind)


class EndRuleForm(forms.Form):
    last_day = day(_("Last day"), help_text=_("Today or later."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["last_day"].initial = timezone.localdate


class DatedRuleAdmin(ReadOnlyAdmin):
    """Steps and past of a dated rule; ``of_a_kind`` names the columns that make two alike."""

    sortable_by = ()
    readonly_fields = ["source"]
    actions_detail = ["change_from", "end", "confirm"]
    change_form_outer_after_template = "admin/policies/timelimit/after.html"
    of_a_kind: tuple[str, ...]
    new_form: type[NewRuleForm]
    change_note: Text
    end_note: Text = _("After that day nothing of this kind applies, until a rule is added.")
    number_template: str

    def form_to_change(self, rule: Any) -> type[forms.Form]:
        raise NotImplementedError

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm(self._permission("add")))

    def has_change_from_permission(
        self, request: HttpRequest, object_id: str | None = None
    ) -> bool:
        rule = self.get_object(request, object_id) if object_id else None
        return bool(request.user.has_perm(self._permission("change"))) and (
            rule is None or rule.valid_to is None
        )

    def has_confirm_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        rule = self.get_object(request, object_id) if object_id else None
        return bool(request.user.has_perm(self._permission("change"))) and (
            rule is None or not rule.source_checked
        )

    def add_row(self, request: HttpRequest) -> HttpResponse:
        by: Any = request.user
        return self.form_view(
            request,
            form_class=self.new_form,
            act=lambda basis, **values: rule_changes.add_rule(
                self.model(family=RuleBasis(basis).family, basis=basis, **values), by=by
            ),
            title=_("Add a rule"),
            done=_("The rule is added."),
            back=reverse(f"admin:policies_{self.opts.model_name}_changelist"),
            after=self.page_of,
            note=_("For a kind that the company, or the law, has no rule for yet."),
        )

    @action(  # type: ignore[untyped-decorator]
        description=_("Change from a date"), icon="edit_calendar", permissions=["change_from"]
    )
    def change_from(self, request: HttpRequest, object_id: str) -> HttpResponse:
        rule = self.get_row(request, object_id, self._permission("change"))
        by: Any = request.user
        form_class = self.form_to_change(rule)
        told = form_class.base_fields.keys() - {"valid_from", "source_checked"}
        return self.form_view(
            request,
            form_class=form_class,
            act=lambda valid_from, **values: rule_changes.change_rule(
                rule, values=values, valid_from=valid_from, by=by
            ),
            initial={name: getattr(rule, name) for name in told},
            title=_("Change from a date"),
            done=_("The new rule is recorded; the old one ends the day before it."),
            back=self.page_of(rule),
            after=self.page_of,
            note=self.change_note,
            object=rule,
        )

    @action(  # type: ignore[untyped-decorator]
        description=_("End"), icon="event_busy", permissions=["change_from"]
    )
    def end(self, request: HttpRequest, object_id: str) -> HttpResponse:
        rule = self.get_row(request, object_id, self._permission("change"))
        by: Any = request.user
        return self.form_view(
            request,
            form_class=EndRuleForm,
            act=lambda last_day: rule_changes.end_rule(rule, last_day=last_day, by=by),
            title=_("End the rule"),
            done=_("The last day of the rule is set."),
            back=self.page_of(rule),
            note=self.end_note,
            object=rule,
        )

    @action(  # type: ignore[untyped-decorator]
        description=_("Confirm the source"), icon="fact_check", permissions=["confirm"]
    )
    def confirm(self, request: HttpRequest, object_id: str) -> HttpResponse:
        rule = self.get_row(request, object_id, self._permission("change"))
        by: Any = request.user
        return self.form_view(
            request,
            form_class=forms.Form,
            act=lambda: rule_changes.confirm_source(rule, by=by),
            title=_("Confirm the source"),
            done=_("The source is confirmed."),
            back=self.page_of(rule),
            note=_("You compared this row with the text of its source: %s") % rule.source,
            object=rule,
        )

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        rule = context["original"]
        alike = {name: getattr(rule, name) for name in self.of_a_kind}
        rules = self.model._default_manager.filter(**alike)
        context |= {
            "rules": [(row, *self.state(row)) for row in rules],
            "number_template": self.number_template,
        }
        return super().render_change_form(  # type: ignore[no-any-return]
            request, context, *args, **kwargs
        )

    @admin.display(description=_("source"))
    def source(self, rule: Any) -> str:
        return str(rule.source)

    @badge(description=_("state"), tones=STATE_TONES)
    def state(self, rule: DatedRule) -> tuple[str, Any]:
        today = timezone.localdate()
        if rule.valid_to is not None and rule.valid_to < max(today, rule.valid_from):
            return "over", _("over")
        if rule.valid_from > today:
            return "to_come", _("to come")
        return "in_force", _("in force")

    def _permission(self, what: str) -> str:
        return f"policies.{what}_{self.opts.model_name}"


@admin.register(TimeLimit)
class TimeLimitAdmin(DatedRuleAdmin):
    list_display = [
        "kind",
        "family",
        "minimum",
        "maximum",
        "unit",
        "basis",
        "source_checked",
        "valid_from",
        "valid_to",
        "state",
    ]
    list_filter = ["kind", "family", "source_checked"]
    fields = [
        "kind",
        "family",
        "minimum",
        "ordinary",
        "maximum",
        "unit",
        "third_party",
        "extension",
        "may_pause",
        "basis",
        "source",
        "source_checked",
        "valid_from",
        "valid_to",
    ]
    of_a_kind = ("family", "kind")
    new_form = NewTimeLimitForm
    number_template = "admin/policies/timelimit/span.html"
    change_note = _(
        "This row ends the day before, and a new one begins. Open cases keep the row they ran"
        " under; cases received from that day on run under the new one."
    )

    def form_to_change(self, rule: TimeLimit) -> type[forms.Form]:
        return StatutoryTimeLimitForm if rule.family == RuleFamily.STATUTE else TimeLimitForm
