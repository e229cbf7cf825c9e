"""The policy as everybody may read it: in effect, by number, its changes, two side by side.

Only published versions are here; a draft is found at no address.
"""

from collections import Counter
from datetime import date
from itertools import groupby, zip_longest

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language

from common.markdown import Section
from policies.comparison import Row, summary
from policies.counting import local_day
from policies.forms import CompareForm, DayForm
from policies.models import PolicyVersion
from policies.reading import draw, draw_comparison


@login_not_required
def policy(request: HttpRequest) -> HttpResponse:
    versions = _published()
    version = _in_effect(versions, local_day(timezone.now()))
    return _show(request, version, versions) if version else redirect("home")


@login_not_required
def policy_version(request: HttpRequest, number: str) -> HttpResponse:
    versions = _published()
    version = next((each for each in versions if each.number == number), None)
    if version is None:
        raise Http404
    return _show(request, version, versions)


@login_not_required
def policy_changes(request: HttpRequest) -> HttpResponse:
    versions = _published()
    form = DayForm(request.GET if "day" in request.GET else None)
    day = form.cleaned_data["day"] if form.is_valid() else None
    return render(
        request,
        "policies/changes.html",
        {
            "changes": list(zip_longest(versions, versions[1:])),
            "form": form,
            "day": day,
            "is_future": day is not None and day > local_day(timezone.now()),
            "answer": _in_effect(versions, day) if day else None,
            "first": versions[-1] if versions else None,
        },
    )


@login_not_required
def compare_policy(request: HttpRequest) -> HttpResponse:
    versions = _published()
    if len(versions) < 2:
        return render(request, "policies/compare.html", {"versions": versions})
    form = CompareForm(request.GET.dict(), versions)
    context = {"form": form, "versions": versions}
    if form.is_valid():
        old, new = form.cleaned_data["old"], form.cleaned_data["new"]
        rows = draw_comparison(old.text_in(_language()), new.text_in(_language()))
        context |= {"old": old, "new": new, "counts": summary(rows), "runs": _runs(rows)}
    return render(request, "policies/compare.html", context)


def _published() -> list[PolicyVersion]:
    """Return all versions of the company, the newest first."""
    return list(PolicyVersion.objects.of_company().with_ends())


def _in_effect(versions: list[PolicyVersion], day: date) -> PolicyVersion | None:
    began = (each for each in versions if each.effective_on and each.effective_on <= day)
    return next(began, None)


def _show(
    request: HttpRequest, version: PolicyVersion, versions: list[PolicyVersion]
) -> HttpResponse:
    drawn = draw(version.text_in(_language()))
    place = versions.index(version)
    return render(
        request,
        "policies/policy.html",
        {
            "version": version,
            "html": drawn.html,
            "sections": _table_of_contents(drawn.sections),
            "before": next(iter(versions[place + 1 :]), None),
            "in_effect": _in_effect(versions, local_day(timezone.now())),
            "to_come": [each for each in reversed(versions) if each.state == each.State.PUBLISHED],
        },
    )


def _table_of_contents(sections: list[Section]) -> list[Section]:
    """Return the headings of the highest level that has several: a title stands alone."""
    several = [level for level, n in Counter(each.level for each in sections).items() if n > 1]
    return [each for each in sections if several and each.level == min(several)]


def _runs(rows: list[Row]) -> list[tuple[bool, list[Row]]]:
    """Return what follows one another unchanged, or changed, together: whether it is the same."""
    return [(same, list(run)) for same, run in groupby(rows, lambda row: row.change == "same")]


def _language() -> str:
    return get_language()[:2]
