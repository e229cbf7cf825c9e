"""The official calendar: a year at a glance, and the steps that change it."""

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from common.admin import Text
from policies import calendar_changes, calendar_years
from policies.admin import calendar_forms
from policies.admin.calendar_proposing import ADD, ProposingAdmin
from policies.admin.calendar_removed import removed_days
from policies.admin.calendar_year import MARKS, months_of, page_of_year, year_of
from policies.calendar_comparison import SWAP
from policies.models import CalendarRange, DayStatus, OfficialDay

CHANGE = "policies.change_officialday"

# The steps that the page of a day offers, by its status.
OFFERED = {
    "confirm": {DayStatus.PROPOSED, DayStatus.PROVISIONAL},
    "correct": {DayStatus.PROPOSED},
    "reject": {DayStatus.PROPOSED},
    "withdraw": {DayStatus.PROVISIONAL, DayStatus.OFFICIAL},
}


@admin.register(OfficialDay)
class OfficialDayAdmin(ProposingAdmin):
    list_display = ["day", "day_type", "kind", "local_label", "status"]
    list_filter = ["day_type", "kind", "status"]
    date_hierarchy = "day"
    sortable_by = ["day"]
    actions_detail = ["confirm", "correct", "reject", "withdraw"]

    def get_urls(self) -> list[URLPattern]:
        return [
            self.year_step("confirm", self.confirm_view),
            self.year_step("swap", self.swap_view),
            self.year_step("complete", self.complete_view),
            *super().get_urls(),
        ]

    # The year

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Show a year; with a filter the plain list, which keeps its filters and addresses."""
        loaded = CalendarRange.objects.first()
        if request.GET.keys() - {"year"} or loaded is None:
            return super().changelist_view(request, extra_context)
        if not self.has_view_permission(request):
            raise PermissionDenied
        years = calendar_years.possible_years(loaded)
        year = year_of(request, years)
        days = list(
            OfficialDay.objects.filter(day__year=year).select_related(
                "confirmed_by", "swapped_with"
            )
        )
        context = {
            **self.admin_site.each_context(request),
            "title": _("Official calendar %(year)d") % {"year": year},
            "opts": self.opts,
            "year": year,
            "previous": year - 1 if year - 1 in years else None,
            "next": year + 1 if year + 1 in years else None,
            "months": months_of(year, days, loaded),
            "days": days,
            "removed": removed_days(year),
            "open": [day for day in days if day.status != DayStatus.OFFICIAL],
            "loaded": loaded,
            "coverage": _coverage(loaded, year),
            "completes": year == calendar_years.next_year(loaded),
            "legend": [(mark, kind.value, kind.label) for kind, mark in MARKS.items()],
            "may_add": request.user.has_perm(ADD),
            "may_change": request.user.has_perm(CHANGE),
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/policies/officialday/year.html", context)

    def confirm_view(self, request: HttpRequest) -> HttpResponse:
        year = year_of(request, calendar_years.possible_years(calendar_years.loaded_range()))

        class ConfirmForm(calendar_forms.ConfirmForm):
            def __init__(self, *args: Any, **kwargs: Any) -> None:
                super().__init__(*args, **kwargs)
                days: Any = self.fields["days"]
                days.queryset = days.queryset.filter(day__year=year)

        return self.on_year(
            request,
            permission=CHANGE,
            form_class=ConfirmForm,
            act=calendar_changes.confirm_days,
            title=_("Confirm days"),
            done=_("The days are official. Open cases are counted anew."),
            note=_("You compared each chosen day with the document that you name."),
        )

    def swap_view(self, request: HttpRequest) -> HttpResponse:
        return self.on_year(
            request,
            permission=ADD,
            form_class=calendar_forms.SwapForm,
            act=calendar_changes.enter_swap,
            title=_("Enter a swap"),
            done=_("Both days of the swap are entered. Open cases are counted anew."),
            note=_("A day off on a working day, made up on a Saturday or Sunday."),
        )

    def complete_view(self, request: HttpRequest) -> HttpResponse:
        return self.on_year(
            request,
            permission=CHANGE,
            form_class=calendar_forms.CompleteForm,
            act=calendar_years.complete_year,
            title=_("Complete the year"),
            done=_("The calendar now covers the whole year."),
            note=_("Time limits are then counted on days up to 31 December of this year."),
        )

    # A day

    def has_step_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return bool(request.user.has_perm(CHANGE))

    def can_take(self, step: str, row: Any, user: Any) -> bool:
        return row.status in OFFERED[step]

    @action(description=_("Confirm"), icon="fact_check", permissions=["step"])  # type: ignore[untyped-decorator]
    def confirm(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.step_view(
            request,
            object_id,
            permission=CHANGE,
            step=lambda day, **values: calendar_changes.confirm_days([day], **values),
            title=_("Confirm the day"),
            done=_("The days are official. Open cases are counted anew."),
            form_class=calendar_forms.DocumentForm,
        )

    @action(description=_("Correct"), icon="edit", permissions=["step"])  # type: ignore[untyped-decorator]
    def correct(self, request: HttpRequest, object_id: str) -> HttpResponse:
        day = self.get_row(request, object_id, CHANGE)
        by: Any = request.user
        is_swap = day.kind in SWAP
        return self.form_view(
            request,
            form_class=calendar_forms.CorrectSwapForm if is_swap else calendar_forms.CorrectForm,
            act=partial(calendar_changes.correct_proposal, day, by=by),
            initial={"kind": day.kind, "label_vi": day.label_vi, "label_en": day.label_en},
            title=_("Correct the proposal"),
            done=_("The change is saved."),
            back=self.page_of(day),
            object=day,
        )

    @action(description=_("Reject"), icon="delete", permissions=["step"])  # type: ignore[untyped-decorator]
    def reject(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._remove(
            request,
            object_id,
            forms.Form,
            calendar_changes.reject_proposal,
            title=_("Reject the proposal"),
            done=_("The proposal is removed."),
            note=_("Of a swap both days are removed. The history stays."),
        )

    @action(description=_("Withdraw"), icon="event_busy", permissions=["step"])  # type: ignore[untyped-decorator]
    def withdraw(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._remove(
            request,
            object_id,
            calendar_forms.WithdrawForm,
            calendar_changes.withdraw_day,
            title=_("Withdraw the day"),
            done=_("The day no longer counts. Open cases are counted anew."),
            note=_("Of a swap both days are withdrawn. The history stays."),
        )

    def _remove(
        self,
        request: HttpRequest,
        object_id: str,
        form_class: type[forms.Form],
        step: Callable[..., object],
        *,
        title: Text,
        done: Text,
        note: Text,
    ) -> HttpResponse:
        day = self.get_row(request, object_id, CHANGE)
        year = day.day.year
        return self.form_view(
            request,
            form_class=form_class,
            act=partial(step, day, by=request.user),
            title=title,
            done=done,
            back=self.page_of(day),
            after=lambda _nothing: page_of_year(year),
            note=note,
            object=day,
        )

    @admin.display(description=_("label"))
    def local_label(self, day: OfficialDay) -> str:
        return str(day.label)


def _coverage(loaded: CalendarRange, year: int) -> str:
    """Return how much of a year is loaded: "whole", "part" or "none"."""
    if loaded.covers_from.year <= year < calendar_years.next_year(loaded):
        return "whole" if loaded.covers_from <= date(year, 1, 1) else "part"
    return "part" if loaded.covers_to.year == year else "none"
