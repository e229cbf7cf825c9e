"""The public page of promises. It reads stored results, never live data."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from common.bilingual import Bilingual
from policies.models import PromiseStatus, RuleFamily
from policies.promise_board import last_measured, with_last_result
from policies.promise_figures import rounded
from policies.promises import Text, control_named

CACHED = "policies.published_promises-1"  # a release that changes Published raises the number
CACHED_FOR = 60  # seconds


@dataclass(frozen=True)
class Published:
    """What the public learns of a promise: its last stored result, with a rounded figure.

    is_current: the result tells of today; else the promise counts as not measured.
    """

    code: str
    text_vi: str
    text_en: str
    control: str
    status: PromiseStatus
    last_figure: Any
    unit: str
    measured_at: datetime | None
    is_current: bool

    text = Bilingual("text")

    @property
    def figure(self) -> str:
        return rounded(self.status, self.last_figure, self.unit, of=self.code)

    @property
    def last_measured(self) -> str:
        """Say when, where that is too long ago."""
        outdated = self.measured_at if not self.is_current else None
        return last_measured(outdated) if outdated else ""

    @property
    def counts(self) -> Text:
        return self._of_control("counts")

    @property
    def missing(self) -> Text:
        """Say why nobody can answer, where that is known beforehand."""
        return self._of_control("missing")

    def _of_control(self, name: str) -> Text:
        try:
            found: Text = getattr(control_named(self.control), name)
        except KeyError:
            return ""
        return found


@login_not_required
def promises(request: HttpRequest) -> HttpResponse:
    """Show each promise with its last result, in deployments that publish them."""
    if not settings.TRANSPARENCY_PAGE:
        raise Http404
    published = _published()
    numbers = Counter(each.status for each in published)
    return render(
        request,
        "policies/promises.html",
        {
            "promises": published,
            "numbers": [(status, numbers[status]) for status in PromiseStatus if numbers[status]],
            "measured_at": max(
                (each.measured_at for each in published if each.measured_at), default=None
            ),
        },
    )


def _published() -> list[Published]:
    known: list[Published] | None = cache.get(CACHED)
    if known is None:
        known = [
            Published(
                code=promise.code,
                text_vi=promise.text_vi,
                text_en=promise.text_en,
                control=promise.control,
                status=PromiseStatus(promise.last_status),
                last_figure=promise.last_figure,
                unit=promise.last_unit,
                measured_at=promise.last_measured_at,
                is_current=promise.is_current,
            )
            for promise in with_last_result().filter(family=RuleFamily.PROMISE)
        ]
        cache.set(CACHED, known, CACHED_FOR)
    return known
