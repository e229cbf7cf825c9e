"""What a late change of the official calendar does to the clocks that run.

Each change that counts gives the calendar a new version, and each clock keeps the one it was
counted by; so what is to be counted anew follows from the rows. A new last day that is earlier
becomes the clock's. A later one does not: the customer was promised the earlier.
Each batch locks its cases first, as every step of a case does, and is one transaction. Whoever
is killed loses one batch, which the next run finds again; a case that somebody holds is left
for the next run too.
"""

import logging
from time import monotonic

from django.db import transaction
from simple_history.utils import bulk_update_with_history

from casework.models import DEADLINE_MOVED, Case, CaseEvent, Clock
from policies.calendars import calendar_version
from policies.clocks import Calendars, Explanation, explain
from policies.exceptions import NotConfigured, OutsideCalendar

logger = logging.getLogger(__name__)

BATCH = 200  # cases; a fraction of a second
LONGEST_RUN = 300  # seconds; the next run goes on
REASON = "calendar changed"

_records: list[type[Case]] = []


def recounted(record: type[Case]) -> type[Case]:
    """Let a room above say in which table the history of its cases is kept."""
    _records.append(record)
    return record


def recount_clocks() -> int:
    """Count anew what an older calendar counted; return how many last days moved. Repeatable."""
    until = monotonic() + LONGEST_RUN
    version = calendar_version()
    moved = 0
    for record in _records:
        last: int | None = 0
        while last is not None and monotonic() < until:
            last, changed = _recount_batch(record, version, after=last)
            moved += changed
    if moved:
        logger.info("the calendar changed: %d last days moved", moved)
    return moved


@transaction.atomic
def _recount_batch(record: type[Case], version: int, *, after: int) -> tuple[int | None, int]:
    """Return the last case looked at, None when there was none, and how many days moved."""
    outdated = Clock.objects.filter(met_at=None, calendar_version__lt=version)
    cases = record.objects.open().filter(pk__gt=after, clocks__in=outdated)
    keys = list(cases.order_by("pk").values_list("pk", flat=True).distinct()[:BATCH])
    if not keys:
        return None, 0
    locked = record.objects.open().filter(pk__in=keys).select_for_update(skip_locked=True)
    by_key = {case.pk: case for case in locked.order_by("pk")}
    running = Clock.objects.filter(case__in=by_key, met_at=None).select_related("limit")
    clocks = list(running.order_by("pk"))
    calendars = Calendars()
    events = [event for clock in clocks if (event := _recount(clock, calendars))]
    Clock.objects.bulk_update(clocks, ["last_day", "late_from", "explanation", "calendar_version"])
    CaseEvent.objects.bulk_create(events)
    _reset_late_from(record, [by_key[key] for key in {event.case_id for event in events}], clocks)
    return keys[-1], len(events)


def _recount(clock: Clock, calendars: Calendars) -> CaseEvent | None:
    """Count one clock anew; not saved. Return the event when its last day moved."""
    clock.calendar_version = calendars.version
    promised = Explanation.from_json(clock.explanation)
    try:
        counted = explain(clock.limit, promised.started_at, calendars)
    except (OutsideCalendar, NotConfigured):
        return None  # what was promised stays
    if counted.late_from > clock.late_from:
        return None
    before = clock.last_day
    clock.last_day, clock.late_from = counted.last_day, counted.late_from
    clock.explanation = counted.to_json()
    return _event(clock, before.isoformat()) if clock.last_day < before else None


def _event(clock: Clock, before: str) -> CaseEvent:
    return CaseEvent(
        case_id=clock.case_id,
        code=DEADLINE_MOVED,
        details={
            "kind": clock.kind,
            "family": clock.limit.family,
            "before": before,
            "after": clock.last_day.isoformat(),
            "calendar_version": clock.calendar_version,
        },
    )


def _reset_late_from(record: type[Case], cases: list[Case], clocks: list[Clock]) -> None:
    for case in cases:
        case.late_from = min(clock.late_from for clock in clocks if clock.case_id == case.pk)
    if cases:
        bulk_update_with_history(cases, record, ["late_from"], default_change_reason=REASON)
