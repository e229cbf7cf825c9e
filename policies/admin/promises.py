"""The board of promises: what each control answers now, the worst first."""

from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import Resolver404, resolve
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.admin import ReadOnlyAdmin
from policies.models import Promise, PromiseStatus
from policies.promise_board import DAYS, NO_TREND, Pair, Registers, Trend, trends
from policies.promise_figures import exact
from policies.promises import Control, Measure, control_named, measure, measure_all

TONES = {
    PromiseStatus.BROKEN: "late",
    PromiseStatus.AT_RISK: "soon",
    PromiseStatus.KEPT: "good",
}


@dataclass(frozen=True)
class Line:
    """One promise on the board, or on its own page."""

    promise: Promise
    measure: Measure
    trend: Trend
    set: list[Pair]
    link: str

    @property
    def tone(self) -> str:
        return TONES.get(self.measure.status, "")

    @property
    def figure(self) -> str:
        return exact(self.measure.figure, self.measure.unit)

    @property
    def counts(self) -> Any:
        control = _control_of(self.promise)
        return control.counts if control else ""


@admin.register(Promise)
class PromiseAdmin(ReadOnlyAdmin):
    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        lines = _board(request)
        chosen = request.GET.get("status", "")
        query = request.GET.get("q", "").strip()
        found = [line for line in lines if _speaks_of(line, query)]
        return self._page(
            request,
            "change_list",
            title=_("Promises"),
            tabs=_tabs(found, chosen),
            groups=_groups(line for line in found if chosen in ("", line.measure.status)),
            chosen=chosen,
            query=query,
            measured_at=timezone.now(),
        )

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        promise = self.get_row(request, object_id, "policies.view_promise")
        if request.method == "POST":
            raise PermissionDenied
        registers = Registers.read()
        answer = measure(promise)
        results = promise.results.filter(control=promise.control).order_by("-day")
        trend = trends([promise]).get(promise.pk, NO_TREND)
        return self._page(
            request,
            "change_form",
            title=promise.code,
            line=_line(request, promise, answer, trend, registers),
            control=_control_of(promise),
            results=[(result, exact(result.figure, result.unit)) for result in results[:DAYS]],
            original=promise,
        )

    def _page(self, request: HttpRequest, name: str, **context: Any) -> HttpResponse:
        return TemplateResponse(
            request,
            f"admin/policies/promise/{name}.html",
            {**self.admin_site.each_context(request), "opts": self.opts, "days": DAYS, **context},
        )


def _board(request: HttpRequest) -> list[Line]:
    registers, strips = Registers.read(), trends(Promise.objects.active())
    return [
        _line(
            request,
            answer.promise,
            answer.measure,
            strips.get(answer.promise.pk, NO_TREND),
            registers,
        )
        for answer in measure_all()
    ]


def _line(
    request: HttpRequest, promise: Promise, answer: Measure, trend: Trend, registers: Registers
) -> Line:
    link = answer.link if _may_follow(request, answer.link) else ""
    return Line(promise, answer, trend, registers.in_words(promise), link)


def _may_follow(request: HttpRequest, link: str) -> bool:
    """Tell whether the reader may open the list of the desk that a figure leads to."""
    try:
        name = resolve(link.partition("?")[0]).url_name or ""
    except Resolver404:
        return False
    app, model, _page = name.split("_", 2)
    return bool(request.user.has_perm(f"{app}.view_{model}"))


def _control_of(promise: Promise) -> Control | None:
    try:
        return control_named(promise.control)
    except KeyError:
        return None


def _speaks_of(line: Line, query: str) -> bool:
    promise = line.promise
    words = (promise.code, promise.text_vi, promise.text_en)
    return any(query.casefold() in text.casefold() for text in words)


def _groups(lines: Any) -> list[tuple[PromiseStatus, list[Line]]]:
    by_status: dict[str, list[Line]] = {status: [] for status in PromiseStatus}
    for line in lines:
        by_status[line.measure.status].append(line)
    return [(PromiseStatus(status), found) for status, found in by_status.items() if found]


def _tabs(lines: list[Line], chosen: str) -> list[tuple[str, Any, int, bool]]:
    """Return for each tab its status, label, how many promises it shows, and whether it is open."""
    tabs = [("", _("All"), len(lines), chosen == "")]
    for status in PromiseStatus:
        number = sum(line.measure.status == status for line in lines)
        tabs.append((status.value, status.label, number, chosen == status))
    return tabs
