"""How grave a case is and how complex: the complexity chooses its last day within what is promised.

It is chosen while there is something to choose. A term that was missed stays missed, and none
ends before the day on which somebody chose it: nobody could have kept that.
"""

from datetime import datetime
from typing import NamedTuple

from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import User
from casework.clocks import Basis, basis_of, count_anew, foresee, unmet_clocks
from casework.exceptions import CaseError
from casework.models import CLASSIFIED, Case, CaseNote, Clock
from casework.services import add_event, add_moves, hold_open
from common.history import save_as
from policies.counting import last_day_before
from policies.models import Complexity


@transaction.atomic
def classify_case(
    case: Case, *, severity: str, complexity: str, reason: str = "", by: User
) -> None:
    """Judge a case; the clocks that its complexity changes are counted anew from the receipt.

    Judging it anew needs a reason, which is kept as a note.

    Raises CaseError, ConflictOfInterest.
    """
    hold_open(case, by=by)
    before = {"severity": case.severity, "complexity": case.complexity}
    after = {"severity": severity, "complexity": complexity}
    if before == after:
        return
    if any(before.values()) and not reason.strip():
        raise CaseError(_("Say why the case is judged anew."))
    change = _change(case, complexity, list(unmet_clocks(case)), basis_of(case))
    if change.obstacle:
        raise CaseError(change.obstacle)
    case.severity, case.complexity = severity, complexity
    moves = count_anew(case, change.clocks)
    save_as(case, by=by, reason=CLASSIFIED, fields=["severity", "complexity", "late_from"])
    add_event(case, CLASSIFIED, by=by, details={"before": before, "after": after})
    add_moves(case, moves, cause=CLASSIFIED, by=by)
    if reason.strip():
        CaseNote.objects.create(case_id=case.pk, about=CLASSIFIED, text=reason, by=by)


def foretell(case: Case) -> list[tuple[str, str]]:
    """Return the complexities, each with the last day that choosing it would give in its name."""
    unmet, basis = list(unmet_clocks(case)), basis_of(case)
    return [
        (complexity, _foretold(complexity, _change(case, complexity, unmet, basis)))
        for complexity in Complexity
    ]


def _foretold(complexity: Complexity, change: "_Change") -> str:
    if change.obstacle:
        return f"{complexity.label}: {change.obstacle}"
    if not change.ends:
        return str(complexity.label)
    told = min(clock.late_from for clock, _late_from in change.ends)
    day = min(late_from for _clock, late_from in change.ends)
    sentence = (
        _("%(complexity)s: last day %(day)s, before the one that the customer was told, %(told)s")
        if day < told
        else _("%(complexity)s: last day %(day)s, until now %(told)s")
    )
    return sentence % {"complexity": complexity.label, "day": _day(day), "told": _day(told)}


class _Change(NamedTuple):
    """What a complexity would change: which clocks, when each would be late, or why it may not."""

    clocks: list[Clock]
    ends: list[tuple[Clock, datetime]]
    obstacle: str


def _change(case: Case, complexity: str, unmet: list[Clock], basis: Basis) -> _Change:
    clocks = [
        clock
        for clock in unmet
        if clock.limit.length_for(complexity) != clock.limit.length_for(case.complexity)
    ]
    foreseen = foresee(case, clocks, basis, complexity=complexity)
    ends = [(clock, explanation.late_from) for clock, explanation in foreseen]
    obstacle = _missed(clocks) or _over_already(ends)
    if complexity != case.complexity and not unmet and _has_clocks(case):
        obstacle = _("No time limit runs now: the complexity is chosen when one runs again.")
    return _Change(clocks, ends, obstacle)


def _missed(clocks: list[Clock]) -> str:
    sentence = _("The last day, %(day)s, is over: no complexity moves it any more.")
    over = (sentence % {"day": _day(clock.late_from)} for clock in clocks if clock.was_missed)
    return next(over, "")


def _over_already(ends: list[tuple[Clock, datetime]]) -> str:
    sentence = _("The last day would be %(day)s, which is over already.")
    over = (
        sentence % {"day": _day(late_from)}
        for clock, late_from in ends
        if late_from <= (clock.paused_at or timezone.now())
    )
    return next(over, "")


def _has_clocks(case: Case) -> bool:
    return Clock.objects.filter(case_id=case.pk).exists()


def _day(late_from: datetime) -> str:
    return date_format(last_day_before(late_from), "SHORT_DATE_FORMAT")
