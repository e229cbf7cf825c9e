"""The complaints in figures and as a file, both of what the person may read."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import SEARCH_VAR
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from access.admin import PersonalDataAdmin
from access.services import record_export, record_list
from accounts.http import confirmed_again
from common.attachments import shut
from common.charts import HEIGHT, WIDTH, scaled
from common.csv_files import csv_pieces
from common.personal_data import DataCategory
from common.workbooks import xlsx_pieces
from complaints.admin.filters import NEVER
from complaints.admin.queue import LIST
from complaints.export import rows_of
from complaints.figures import (
    ALL_MONTHS,
    Answered,
    Day,
    Kept,
    answered_by_month,
    answered_in_all,
    beside_those_ahead,
    causes,
    due_ahead,
    open_by_state,
)
from complaints.models import SHORT_CATEGORY, ComplaintState, Outcome
from policies.counting import local_day

Pieces = Callable[[Iterable[Iterable[Any]]], Iterator[bytes]]
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORMS: dict[str, tuple[Pieces, str]] = {
    "csv": (csv_pieces, "text/csv; charset=utf-8"),
    "xlsx": (xlsx_pieces, XLSX),
}


@dataclass(frozen=True)
class Column:
    """A column of a chart, and the row of the table below it."""

    place: int
    label: str
    height: int
    second: int = 0  # the height of what stands in front
    number: int = 0
    link: str = ""
    rests: bool = False

    @property
    def x(self) -> int:
        return self.place * WIDTH + 1

    @property
    def y(self) -> int:
        return HEIGHT - self.height

    @property
    def second_y(self) -> int:
        return HEIGHT - self.second


class DashboardAdmin(PersonalDataAdmin):
    def get_urls(self) -> list[URLPattern]:
        export = path(
            "export/<slug:form>/",
            self.admin_site.admin_view(confirmed_again(self.export_view)),
            name="complaints_complaint_export",
        )
        return [export, *super().get_urls()]

    @action(  # type: ignore[untyped-decorator]
        description=_("Figures"), icon="bar_chart", url_path="dashboard", permissions=["view"]
    )
    @transaction.atomic
    def dashboard(self, request: HttpRequest) -> HttpResponse:
        user, today = request.user, local_day(timezone.now())
        record_list(
            by=user, customers=(), purpose=self.purpose, field_groups=[DataCategory.COMPLAINT]
        )
        months = answered_by_month(user, today)
        days = due_ahead(user, today)
        return TemplateResponse(
            request,
            "admin/complaints/complaint/dashboard.html",
            {
                **self.admin_site.each_context(request),
                "title": _("Complaints in figures"),
                "opts": self.opts,
                "height": HEIGHT,
                "states": _states(open_by_state(user)),
                "beside": _beside(*beside_those_ahead(user)),
                "days": _days(days),
                "days_width": WIDTH * len(days),
                "months": [_month(place, month) for place, month in enumerate(months)],
                "months_width": WIDTH * len(months),
                "all_months": _month(0, answered_in_all(user, today, months)),
                "outcomes": Outcome.choices,
                "causes": _causes(causes(user, today)),
            },
        ).render()

    def export_view(self, request: HttpRequest, form: str) -> HttpResponseBase:
        """Hand out the rows of the list, of which a search is no part: no link repeats it.

        The look is on record before the first byte; the rows are read while they are sent.
        """
        if not self.has_view_permission(request):
            raise PermissionDenied
        if form not in FORMS or SEARCH_VAR in request.GET:
            return redirect(LIST)
        try:
            cl = self.get_changelist_instance(request)
        except IncorrectLookupParameters:
            return redirect(LIST)
        record_export(
            by=request.user,
            count=cl.queryset.aggregate(people=Count("customer", distinct=True))["people"],
            purpose=self.purpose,
            field_groups=[DataCategory.COMPLAINT],
            filters={name[:64] for name in cl.filter_params},
        )
        pieces, content_type = FORMS[form]
        name = f"complaints-{local_day(timezone.now())}.{form}"
        answer = StreamingHttpResponse(
            pieces(rows_of(cl.queryset)),
            content_type=content_type,
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )
        return shut(answer)


def rows_behind(**query: str) -> str:
    return f"{reverse(LIST)}?{urlencode(query)}"


def _states(counts: dict[ComplaintState, int]) -> list[Column]:
    highest = max(counts.values(), default=1)
    return [
        Column(
            place,
            str(state.label),
            scaled(count, highest),
            number=count,
            link=rows_behind(queue="open", state__exact=state),
        )
        for place, (state, count) in enumerate(counts.items())
    ]


def _beside(overdue: int, paused: int) -> list[tuple[Any, int, str]]:
    return [
        (_("Overdue already"), overdue, rows_behind(queue="overdue")),
        (
            _("Stand still until the customer answers"),
            paused,
            rows_behind(queue="open", due=NEVER),
        ),
    ]


def _days(days: list[Day]) -> list[Column]:
    highest = max((day.due for day in days), default=1)
    return [
        Column(
            place,
            date_format(day.day, "D, d/m"),
            scaled(day.due, highest),
            number=day.due,
            link=rows_behind(queue="open", due=day.day.isoformat()),
            rests=not day.works,
        )
        for place, day in enumerate(days)
    ]


def _month(place: int, answered: Answered) -> dict[str, Any]:
    closed = f"{answered.month:%Y-%m}" if answered.month else ALL_MONTHS
    rows = {"queue": "closed", "state__exact": ComplaintState.RESOLVED.value, "closed": closed}
    label = date_format(answered.month, "m/Y") if answered.month else ""
    return {
        "answered": answered,
        "label": label,
        "link": rows_behind(**rows),
        "promise": _term(answered.promise, rows, "promise"),
        "statute": _term(answered.statute, rows, "statute"),
        "column": Column(
            place, label, answered.promise.percent or 0, answered.statute.percent or 0
        ),
    }


def _term(kept: Kept, rows: dict[str, str], family: str) -> dict[str, Any]:
    return {
        "percent": kept.percent,
        "kept": rows_behind(**rows, term=f"{family}-kept"),
        "missed": kept.missed,
        "missed_link": rows_behind(**rows, term=f"{family}-missed"),
    }


def _causes(found: dict[Any, dict[Outcome, int]]) -> list[dict[str, Any]]:
    rows = {"queue": "closed", "state__exact": ComplaintState.RESOLVED.value, "closed": ALL_MONTHS}
    highest = max((sum(outcomes.values()) for outcomes in found.values()), default=1)
    return [
        {
            "label": SHORT_CATEGORY[category],
            "total": sum(outcomes.values()),
            "width": scaled(sum(outcomes.values()), highest),
            "link": rows_behind(**rows, category__exact=category),
            "outcomes": [
                (
                    outcomes.get(outcome, 0),
                    rows_behind(**rows, category__exact=category, outcome__exact=outcome),
                )
                for outcome in Outcome
            ],
        }
        for category, outcomes in found.items()
    ]
