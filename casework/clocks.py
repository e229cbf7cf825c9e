"""The clocks of a case: which time limits run, until when, and what changes that.

A last day is always counted anew from the receipt, with what the case has changed of its limit:
the complexity, one extension, the days on which it stood still for an answer of the customer.
Those days follow from the events of the case. Whoever calls holds the case, and saves it.
Only what was changed is counted anew, and a day of work that was counted when the last day was
promised stays one: a later calendar alone gives no time.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Set
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User
from casework.models import ANSWERED, ASKED, RAN_AGAIN, WENT_ON, Case, CaseEvent, Clock
from policies.clocks import Calendars, Explanation, Terms, explain, limits_in_force
from policies.counting import Pauses, local_day, paused_days
from policies.exceptions import NotConfigured, OutsideCalendar, UnreadableExplanation
from policies.models import TimeLimit, TimeLimitKind, TimeUnit

NO_PAUSE: Pauses = frozenset()
Move = dict[str, Any]
"""The details of an event that tells of a last day from when to when it moved."""


def preview_clocks(
    kinds: Iterable[TimeLimitKind], start: datetime, complexity: str = ""
) -> list[tuple[TimeLimit, Explanation]]:
    """Return each limit that a case received at ``start`` would run under, nearest first.

    A kind is left out while its last day cannot be counted: the calendar for it
    comes late, and no customer is sent away for that.
    """
    calendars = Calendars()
    explained = [
        pair for kind in kinds for pair in _explain_kind(kind, start, complexity, calendars)
    ]
    return sorted(explained, key=lambda pair: pair[1].late_from)


def _explain_kind(
    kind: TimeLimitKind, start: datetime, complexity: str, calendars: Calendars
) -> list[tuple[TimeLimit, Explanation]]:
    limits = limits_in_force(kind, local_day(start))
    try:
        return [
            (limit, explain(limit, start, calendars, Terms(limit.length_for(complexity))))
            for limit in limits
        ]
    except (OutsideCalendar, NotConfigured):
        return []


def start_clocks(case: Case, kinds: Iterable[TimeLimitKind]) -> bool:
    """Run the limits in force at receipt, and put the nearest in ``case.late_from``; not saved.

    Leaves out what runs already and what cannot be counted yet; call it again
    for that. Return whether a clock was started.
    """
    known = set(Clock.objects.filter(case_id=case.pk).values_list("kind", flat=True))
    missing = [kind for kind in kinds if kind not in known]
    clocks = [
        put_count(Clock(case_id=case.pk, kind=limit.kind, limit=limit), explanation)
        for limit, explanation in preview_clocks(missing, case.received_at, case.complexity)
    ]
    Clock.objects.bulk_create(clocks)
    set_nearest(case)
    return bool(clocks)


def meet_clocks(case: Case, *kinds: TimeLimitKind, at: datetime | None = None) -> None:
    """Stop the clocks of these kinds (all, when none is named) and reset ``case.late_from``.

    ``at`` is when they were met (default: now). The case is not saved.
    """
    unmet = Clock.objects.filter(case_id=case.pk, met_at=None)
    met = unmet.filter(kind__in=kinds) if kinds else unmet
    met.update(met_at=at or timezone.now(), paused_at=None)
    set_nearest(case)


def reopen_clocks(case: Case, *kinds: TimeLimitKind, by: User | None) -> None:
    """Let the clocks of these kinds run again as they ran from the beginning; not saved."""
    Clock.objects.filter(case_id=case.pk, kind__in=kinds).update(met_at=None)
    CaseEvent.objects.create(case_id=case.pk, code=RAN_AGAIN, by=by)
    set_nearest(case)


def pause_clocks(case: Case, *, at: datetime) -> None:
    """Let those that may stand still do so; not saved. What has run out by then stays late."""
    running = Clock.objects.filter(case_id=case.pk, limit__may_pause=True).running()
    running.filter(late_from__gt=at).update(paused_at=at)
    set_nearest(case)


def resume_clocks(case: Case) -> list[Move]:
    """Let those that stand still run on, later by the days they stood still; not saved.

    Call it when the event that ends the pause is written. Return which last days moved.
    """
    still = list(unmet_clocks(case).exclude(paused_at=None))
    Clock.objects.filter(pk__in=[clock.pk for clock in still]).update(paused_at=None)
    return count_anew(case, still)


def unmet_clocks(case: Case) -> QuerySet[Clock]:
    return Clock.objects.filter(case_id=case.pk, met_at=None).select_related("limit")


def count_anew(case: Case, clocks: Iterable[Clock]) -> list[Move]:
    """Count the clocks from the receipt, as things stand; the case is not saved.

    What the calendar does not reach stays as it was. Return which last days moved.
    """
    moves = []
    for clock, explanation in foresee(case, clocks, basis_of(case), complexity=case.complexity):
        before = clock.last_day
        put_count(clock, explanation)
        clock.save(update_fields=COUNTED)
        if clock.last_day != before:
            moves.append(move_of(clock, before=before))
    set_nearest(case)
    return moves


class Basis(NamedTuple):
    """What the counts of a case rest on, read once for many."""

    paused: Pauses
    calendars: Calendars


def basis_of(case: Case) -> Basis:
    return Basis(pauses_of([case.pk])[case.pk], Calendars())


def foresee(
    case: Case, clocks: Iterable[Clock], basis: Basis, *, complexity: str
) -> Iterator[tuple[Clock, Explanation]]:
    """Yield how each of the clocks would end; leave out what the calendar does not reach."""
    for clock in clocks:
        terms = replace(_terms(clock, complexity, basis.paused), worked=_worked(clock))
        with suppress(OutsideCalendar, NotConfigured):
            yield clock, explain(clock.limit, case.received_at, basis.calendars, terms)


def _worked(clock: Clock) -> Set[date]:
    """Return the days of work on which the promised last day rests; none that nobody can read."""
    try:
        promised = Explanation.from_json(clock.explanation)
    except UnreadableExplanation:
        return frozenset()
    if promised.unit != TimeUnit.WORKING_DAY:
        return {promised.last_day}
    first = local_day(promised.started_at)
    days = range(1, (promised.last_day - first).days + 1)
    return {first + timedelta(days=n) for n in days} - {each.day for each in promised.skipped}


def count(clock: Clock, case: Case, paused: Pauses, calendars: Calendars) -> Explanation:
    """Return how a clock (with its limit) ends, as things stand.

    Raises OutsideCalendar, NotConfigured.
    """
    terms = _terms(clock, case.complexity, paused)
    return explain(clock.limit, case.received_at, calendars, terms)


def _terms(clock: Clock, complexity: str, paused: Pauses) -> Terms:
    return Terms(
        length=clock.limit.length_for(complexity),
        extended_by=clock.extended_by,
        paused=paused if clock.limit.may_pause else NO_PAUSE,
    )


def pauses_of(cases: Collection[int]) -> Mapping[int, Pauses]:
    """Return the days on which each of the cases stood still; none for all others."""
    codes = (ASKED, ANSWERED, WENT_ON)
    events = CaseEvent.objects.filter(case__in=cases, code__in=codes).order_by("pk")
    moments: defaultdict[int, list[tuple[str, datetime]]] = defaultdict(list)
    for case, code, at in events.values_list("case_id", "code", "at"):
        moments[case].append((code, at))
    paused: defaultdict[int, Pauses] = defaultdict(lambda: NO_PAUSE)
    paused.update({case: paused_days(_spans(steps)) for case, steps in moments.items()})
    return paused


def _spans(steps: Iterable[tuple[str, datetime]]) -> Iterator[tuple[datetime, datetime]]:
    """Pair each first question with what ended the waiting; one that still waits has no pair."""
    begun: datetime | None = None
    for code, at in steps:
        if code == ASKED:
            begun = begun or at
        elif begun:
            yield begun, at
            begun = None


COUNTED = ["last_day", "late_from", "explanation", "calendar_version"]
"""The columns of a clock that follow from its count."""


def put_count(clock: Clock, explanation: Explanation) -> Clock:
    """Write a count into its clock; not saved."""
    clock.last_day, clock.late_from = explanation.last_day, explanation.late_from
    clock.explanation = explanation.to_json()
    clock.calendar_version = explanation.calendar_version
    return clock


def move_of(clock: Clock, *, before: date) -> Move:
    return {
        "kind": clock.kind,
        "family": clock.limit.family,
        "before": before.isoformat(),
        "after": clock.last_day.isoformat(),
        "calendar_version": clock.calendar_version,
    }


def set_nearest(case: Case) -> None:
    """Put the end of the nearest running clock in ``case.late_from``; not saved."""
    running = Clock.objects.filter(case_id=case.pk).running().order_by("late_from")
    case.late_from = running.values_list("late_from", flat=True).first()
