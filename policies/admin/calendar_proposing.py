"""Proposing official days: the public holidays of a year, one day by hand, or those of a file."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from common.admin import ReadOnlyAdmin, themed
from policies import calendar_changes, calendar_years
from policies.admin import calendar_forms
from policies.admin.calendar_year import page_of_year, year_of
from policies.calendar_comparison import compare, faults_of_new, shown
from policies.calendar_import import LARGEST_FILE, CalendarRow, Fault, parse_calendar
from policies.models import OfficialDay

ADD = "policies.add_officialday"
NAMED = 20  # days that the answer to a proposal names; the year shows all


class ProposingAdmin(ReadOnlyAdmin):
    """The steps of a year, and of them those that propose days."""

    def get_urls(self) -> list[URLPattern]:
        return [
            self.year_step("propose", self.propose_view),
            self.year_step("day", self.day_view),
            self.year_step("import", self.import_view),
            self.year_step("import/confirm", self.import_confirm_view),
            *super().get_urls(),
        ]

    def year_step(self, name: str, view: Callable[[HttpRequest], HttpResponse]) -> URLPattern:
        step: URLPattern = path(
            f"{name}/",
            self.admin_site.admin_view(view),
            name=f"policies_officialday_{name.replace('/', '_')}_step",
        )
        return step

    def on_year(
        self,
        request: HttpRequest,
        *,
        permission: str,
        act: Callable[..., object],
        **step: Any,
    ) -> HttpResponse:
        """Show the form of a step; done, lead to the year of the days it added, or back."""
        if not request.user.has_perm(permission):
            raise PermissionDenied
        year = year_of(request, calendar_years.possible_years(calendar_years.loaded_range()))
        return self.form_view(
            request,
            act=partial(act, by=request.user),
            initial={"year": year},
            back=page_of_year(year),
            after=lambda answer: page_of_year(_year_in(answer, otherwise=year)),
            **step,
        )

    def propose_view(self, request: HttpRequest) -> HttpResponse:
        return self._propose(
            request,
            propose=calendar_changes.propose_year,
            form_class=calendar_forms.ProposeForm,
            title=gettext_lazy("Propose the public holidays"),
            note=gettext_lazy(
                "The proposal is reckoned, not announced: swaps are missing and days in lieu may"
                " differ. Compare it with the announcement before you confirm it."
            ),
        )

    def day_view(self, request: HttpRequest) -> HttpResponse:
        return self._propose(
            request,
            propose=lambda **typed: [calendar_changes.propose_day(**typed)],
            form_class=calendar_forms.OneDayForm,
            title=gettext_lazy("Propose one day off"),
            note=gettext_lazy(
                "For a day that an announcement adds. A day off that is made up at a weekend is"
                " a swap."
            ),
        )

    def _propose(
        self, request: HttpRequest, *, propose: Callable[..., list[OfficialDay]], **step: Any
    ) -> HttpResponse:
        proposal = Proposal(propose)
        return self.on_year(request, permission=ADD, act=proposal, done=proposal, **step)

    # A file

    def import_view(self, request: HttpRequest) -> HttpResponse:
        """Read a file and show what it would add; nothing is kept of it but signed rows."""
        if not request.user.has_perm(ADD):
            raise PermissionDenied
        sent = (request.POST, request.FILES) if request.method == "POST" else (None, None)
        form = themed(calendar_forms.UploadForm(*sent))
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "title": _("Import a calendar"),
            "opts": self.opts,
            "form": form,
            "back": page_of_year(timezone.localdate().year),
        }
        if form.is_valid():
            context |= _preview(form.cleaned_data["file"].read(LARGEST_FILE + 1))
        return TemplateResponse(request, "admin/policies/officialday/import.html", context)

    def import_confirm_view(self, request: HttpRequest) -> HttpResponse:
        if not request.user.has_perm(ADD):
            raise PermissionDenied
        again = reverse("admin:policies_officialday_import_step")
        if request.method != "POST":
            return redirect(again)
        by: Any = request.user
        proposal: Any = Proposal(partial(calendar_changes.import_days, by=by))
        this_year = timezone.localdate().year
        return self.form_view(
            request,
            form_class=calendar_forms.ImportForm,
            act=proposal,
            title=gettext_lazy("Import a calendar"),
            done=proposal,
            back=again,
            after=lambda days: page_of_year(_year_in(days, otherwise=this_year)),
        )


class Proposal:
    """Calls a service that proposes days; as a text it then says which were added."""

    def __init__(self, propose: Callable[..., list[OfficialDay]]) -> None:
        self._propose = propose
        self._added: list[OfficialDay] = []

    def __call__(self, **typed: Any) -> list[OfficialDay]:
        self._added = self._propose(**typed)
        return self._added

    def __str__(self) -> str:
        if not self._added:
            return _("The calendar has all these days already. Nothing was added.")
        text = ngettext(
            "%(n)d day is proposed: %(days)s. It counts once it is confirmed.",
            "%(n)d days are proposed: %(days)s. They count once they are confirmed.",
            len(self._added),
        )
        return text % {"n": len(self._added), "days": _named(self._added)}


def _named(days: list[OfficialDay]) -> str:
    names = [shown(day.day) for day in days[:NAMED]]
    return ", ".join(names) + ("…" if len(days) > NAMED else "")


def _year_in(answer: object, *, otherwise: int) -> int:
    """Return the year of the first day that a step added, if it answers with days."""
    match answer:
        case [OfficialDay() as first, *_rest]:
            return first.day.year
    return otherwise


def _preview(content: bytes) -> dict[str, Any]:
    parsed = parse_calendar(content, calendar_years.possible_years(calendar_years.loaded_range()))
    found = compare(parsed.rows)
    new: list[CalendarRow] = [each.row for each in found if each.known is None]
    halves = faults_of_new(new)
    faults = [*parsed.faults, *(Fault(row.line, text) for row, text in halves.items())]
    return {
        "faults": faults,
        "found": [] if faults else found,
        "new": len(new),
        "signed": calendar_forms.sign_rows(new) if new and not faults else "",
    }
