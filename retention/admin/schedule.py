"""The schedule of deletions: what falls due, what waits for approval, and what if."""

from datetime import date, timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.admin.leaving import scheduled
from accounts.models import Customer
from common.admin import ReadOnlyAdmin, themed
from common.charts import HEIGHT, WIDTH
from common.forms import ProseField
from policies.counting import local_day
from policies.models import RetentionRule
from retention import services
from retention.conflicts import conflicts, decide_conflict
from retention.models import DecisionOutcome, Schedule
from retention.schedule import AHEAD, Line, WhatIf, columns, schedule, what_if

APPROVE = "retention.add_purgeapproval"
DECIDE = "retention.add_retentiondecision"
MOST_MONTHS = 600
HEADINGS = (_("Due now"), _("30 days"), _("60 days"), _("90 days"))


class WhatIfForm(forms.Form):
    """Which rule, and how many months it would say instead."""

    rule = forms.ChoiceField(label=_("Rule"))
    months = forms.IntegerField(
        label=_("Months instead of its own"), min_value=0, max_value=MOST_MONTHS
    )

    def __init__(self, *args: Any, lines: list[Line], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rules: Any = self.fields["rule"]
        rules.choices = [(line.rule.pk, line.rule_text) for line in lines if line.rule]


class ApprovalForm(forms.Form):
    """Which rules were looked at, so that none is approved that nobody saw."""

    rules = forms.TypedMultipleChoiceField(coerce=int, widget=forms.MultipleHiddenInput)

    def __init__(self, *args: Any, lines: list[Line], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rules: Any = self.fields["rules"]
        rules.choices = [(line.rule.pk, "") for line in lines if line.rule]

    def clean(self) -> dict[str, Any]:
        if self.errors:
            self.add_error(None, _("The schedule has changed. Look at it again."))
        return self.cleaned_data


class DecisionForm(forms.Form):
    outcome = forms.ChoiceField(
        label=_("Decision"), choices=DecisionOutcome, widget=forms.RadioSelect
    )
    reason = ProseField(label=_("Reason"), max_length=500, widget=forms.Textarea(attrs={"rows": 3}))


@admin.register(Schedule)
class ScheduleAdmin(ReadOnlyAdmin):
    """One page, with the steps that begin on it."""

    def get_urls(self) -> list[URLPattern]:
        step = self.admin_site.admin_view
        return [
            path("approve/", step(self.approve_view), name="retention_schedule_approve"),
            path("decide/", step(self.decide_view), name="retention_schedule_decide"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        today = local_day(timezone.now())
        lines = schedule(today)
        form = themed(WhatIfForm(request.GET if "months" in request.GET else None, lines=lines))
        supposed: WhatIf | None = None
        if form.is_valid():
            chosen = form.cleaned_data["rule"]
            (line,) = (each for each in lines if each.rule and str(each.rule.pk) == chosen)
            supposed = what_if(line, form.cleaned_data["months"], today)
        shown = columns(lines, today)
        links = self.admin_site.get_model_admin(Customer).has_view_permission(request)
        return TemplateResponse(
            request,
            "admin/retention/schedule/change_list.html",
            {
                **self.admin_site.each_context(request),
                "title": _("Schedule of deletions"),
                "opts": self.opts,
                "lines": lines,
                "rows": [(line, _numbers(line, today, links=links)) for line in lines],
                "today": today,
                "columns": shown,
                "highest": max(column.number for column in shown),
                "width": WIDTH * len(shown),
                "height": HEIGHT,
                "conflicts": conflicts(),
                "may_approve": request.user.has_perm(APPROVE),
                "may_decide": request.user.has_perm(DECIDE),
                "waiting": [line for line in lines if line.may_be_approved],
                "form": form,
                "supposed": supposed,
            },
        )

    def approve_view(self, request: HttpRequest) -> HttpResponse:
        """Approve every rule that may be, after a look at what it would delete now."""
        if not request.user.has_perm(APPROVE):
            raise PermissionDenied
        user: Any = request.user
        lines = [each for each in schedule(local_day(timezone.now())) if each.may_be_approved]
        return self.form_view(
            request,
            form_class=lambda *args, **kwargs: ApprovalForm(*args, lines=lines, **kwargs),
            act=lambda rules: services.approve_schedule(rules, by=user),
            initial={"rules": [line.rule.pk for line in lines if line.rule]},
            is_grave=True,
            title=_("Approve the schedule"),
            done=_("The schedule is approved. The next run deletes what is due."),
            back=reverse("admin:retention_schedule_changelist"),
            template="admin/retention/schedule/approve.html",
            lines=lines,
        )

    def decide_view(self, request: HttpRequest) -> HttpResponse:
        """Decide between the promise and the statute that the address names."""
        if not request.user.has_perm(DECIDE):
            raise PermissionDenied
        user: Any = request.user
        promise, statute = (_rule(request.GET.get(name, "")) for name in ("promise", "statute"))
        return self.form_view(
            request,
            form_class=DecisionForm,
            act=lambda outcome, reason: decide_conflict(
                promise, statute, outcome=outcome, reason=reason, by=user
            ),
            title=_("Decide between a promise and a law"),
            done=_("The decision is recorded."),
            back=reverse("admin:retention_schedule_changelist"),
            template="admin/retention/schedule/decide.html",
            promise=promise,
            statute=statute,
        )

    def changeform_view(self, *args: Any, **kwargs: Any) -> HttpResponse:
        raise Http404  # the page shows all there is


def _numbers(line: Line, today: date, *, links: bool) -> list[tuple[Any, int, str]]:
    """Return what falls due, each with its heading and the list of whose accounts these are."""
    rule = line.rule if links and line.stock.rows.model is Customer else None
    days = (today + timedelta(days=ahead) for ahead in AHEAD)
    return [
        (heading, number, scheduled(rule.pk, day) if rule and number else "")
        for heading, day, number in zip(HEADINGS, days, line.due, strict=True)
    ]


def _rule(key: str) -> RetentionRule:
    return get_object_or_404(RetentionRule, pk=int(key) if key.isdecimal() and len(key) < 10 else 0)
