"""By what the list of complaints is narrowed; each figure of the dashboard leads to such a list."""

from datetime import date, datetime
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import SEARCH_VAR
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from casework.deadlines import soon_until
from complaints.figures import (
    ALL_MONTHS,
    PAUSED,
    closed_in,
    closed_since,
    due_on,
    first_month,
    missed,
    ran_under,
)
from complaints.intake import possible_handlers
from complaints.queue import QUEUES, conditions
from policies.counting import local_day
from policies.models import RuleFamily

NEVER = "never"  # while it waits for the customer


def soon_for(request: Any) -> datetime:
    """Return soon_until(), counted once a request."""
    if not hasattr(request, "soon"):
        request.soon = soon_until()
    return request.soon  # type: ignore[no-any-return]


class QueueFilter(admin.SimpleListFilter):
    """The tabs above the list; without one the open complaints, or all for a search."""

    title = _("queue")
    parameter_name = "queue"
    template = "admin/no_filter.html"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(QUEUES.items())

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        name = self.value() or ("" if request.GET.get(SEARCH_VAR) else "open")
        chosen = conditions(request.user, soon_for(request)).get(name)
        return queryset.filter(chosen) if chosen is not None else queryset


class HandlerFilter(admin.SimpleListFilter):
    title = _("handler")
    parameter_name = "handler"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(str(user.pk), str(user)) for user in possible_handlers().order_by("staff_name")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        chosen = self.value()
        return queryset.filter(handler=chosen) if chosen and chosen.isdecimal() else queryset


class OneChoiceFilter(admin.SimpleListFilter):
    """A filter that a link sets and the panel takes away again: its only choice is what is set."""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        value = request.GET.get(self.parameter_name or "", "")
        return [(value, self.name_of(value))] if self.asks(value) is not None else []

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        chosen = self.asks(self.value() or "")
        return queryset if chosen is None else queryset.filter(chosen)

    def asks(self, value: str) -> Any:
        """Return the condition of a value, None when it is none."""
        raise NotImplementedError

    def name_of(self, value: str) -> Any:
        raise NotImplementedError


class DueFilter(OneChoiceFilter):
    """A day, or that every clock stands still."""

    title = _("last day")
    parameter_name = "due"

    def asks(self, value: str) -> Q | None:
        if value == NEVER:
            return PAUSED
        day = read_day(value)
        return due_on(day) if day else None

    def name_of(self, value: str) -> Any:
        if value == NEVER:
            return _("stands still")
        return date_format(date.fromisoformat(value), "SHORT_DATE_FORMAT")


class ClosedInFilter(OneChoiceFilter):
    """A month, as 2026-11, or the last twelve."""

    title = _("closed in")
    parameter_name = "closed"

    def asks(self, value: str) -> Q | None:
        if value == ALL_MONTHS:
            return closed_since(first_month(local_day(timezone.now())))
        month = read_day(f"{value}-01")
        return closed_in(month) if month else None

    def name_of(self, value: str) -> Any:
        if value == ALL_MONTHS:
            return _("the last 12 months")
        return date_format(date.fromisoformat(f"{value}-01"), "YEAR_MONTH_FORMAT")


class OnTimeFilter(admin.SimpleListFilter):
    title = _("terms")
    parameter_name = "term"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("promise-kept", _("promise kept")),
            ("promise-missed", _("promise missed")),
            ("statute-kept", _("statute kept")),
            ("statute-missed", _("statute missed")),
        ]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        family, _dash, how = (self.value() or "").partition("-")
        if family not in RuleFamily.values or how not in ("kept", "missed"):
            return queryset
        late = missed(family, timezone.now())
        return queryset.filter(late if how == "missed" else ran_under(family) & ~Q(late))


def read_day(value: str) -> date | None:
    """Return a day as YYYY-MM-DD of a time that the calendar of this world has, or None."""
    try:
        day = parse_date(value)
    except ValueError:
        return None
    return day if day and 2000 <= day.year < 2200 else None
