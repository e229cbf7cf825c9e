"""Whose data goes soon, or should be gone, and what keeps it: filters of the list of customers."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from access.admin import PersonalDataAdmin
from accounts.models import Customer
from common.admin import badge
from common.personal_data import HELD, deferrals, said_of, with_what_keeps
from policies.counting import local_day

SOON = timedelta(days=30)


class LastDayFilter(admin.SimpleListFilter):
    title = _("last day")
    parameter_name = "erasure"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("soon", _("within 30 days")), ("over", _("over"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        today = local_day(timezone.now())
        if self.value() == "soon":
            return with_what_keeps(queryset.leaving(today, today + SOON))
        if self.value() == "over":
            whole = queryset.filter(remainder=None)  # of the others all has gone that may
            return with_what_keeps(whole.kept_too_long(today))
        return queryset


class KeptByFilter(admin.SimpleListFilter):
    title = _("kept for longer")
    parameter_name = "kept_by"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(reason, said_of(reason)) for reason in (HELD, *deferrals())]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() is None:
            return queryset
        closed = queryset.exclude(kept_until=None)
        return with_what_keeps(closed).filter(kept_by=self.value())


class ScheduledFilter(admin.SimpleListFilter):
    """Where the numbers of the schedule of deletions lead; nobody chooses it here."""

    title = _("last day before")
    parameter_name = "scheduled"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        value = self.value()
        return [(value, date_format(_asked(value)[1], "SHORT_DATE_FORMAT"))] if value else []

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        value = self.value()
        if not value:
            return queryset
        rule, before = _asked(value)
        return with_what_keeps(queryset.filter(closing_rule=rule).kept_too_long(before))


def _asked(value: str) -> tuple[int, date]:
    """Raises ValueError."""
    rule, _point, before = value.partition(".")
    return int(rule), date.fromisoformat(before)


class LeavingAdmin(PersonalDataAdmin):
    """Shows what keeps each customer where the list is narrowed by the last day, the next first."""

    def get_list_display(self, request: HttpRequest) -> Sequence[Any]:
        return [*super().get_list_display(request), *(["kept_by"] if _is_narrowed(request) else [])]

    def get_ordering(self, request: HttpRequest) -> Sequence[str]:
        return ["kept_until", "pk"] if _is_narrowed(request) else super().get_ordering(request)

    @badge(description=_("kept for longer"), tones={HELD: "danger"})
    def kept_by(self, customer: Customer) -> tuple[str, Any]:
        reason = getattr(customer, "kept_by", "")
        return reason, said_of(reason) if reason else "–"


def _is_narrowed(request: HttpRequest) -> bool:
    names = (
        LastDayFilter.parameter_name,
        KeptByFilter.parameter_name,
        ScheduledFilter.parameter_name,
    )
    return any(request.GET.get(name or "") for name in names)


def scheduled(rule: int, before: date) -> str:
    """Return the address of the list of whose data goes under a rule before a day."""
    page = reverse("admin:accounts_customer_changelist")
    return f"{page}?{ScheduledFilter.parameter_name}={rule}.{before}"
