"""What a late change of the official calendar does to the clocks that run.

Each change that counts gives the calendar a new version, and each clock keeps the one it was
counted by; so what is to be counted anew follows from the rows. A new last day that is earlier
becomes the clock's. A later one does not: the customer was promised the earlier.
Each batch locks its cases first, as every step of a case does, and is one transaction. Whoever
is killed loses one batch, which the next run finds again; a case that somebody holds is left
for the next run too.
Whoever handles a case learns in the same transaction that its last day moved; of a case that
nobody handles any more, the data protection officers do. Who has an interest of their own does not.
A clock whose explanation cannot be read is left as it was and fails the job once all others are
counted: so the page of the jobs shows it until somebody has mended it.
"""

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from time import monotonic
from typing import NamedTuple

from django.db import transaction
from simple_history.utils import bulk_update_with_history

from accounts.staff import officers, who_may
from casework.clocks import COUNTED, count, move_of, pauses_of, put_count
from casework.conflicts import kept_away
from casework.models import DEADLINE_MOVED, Case, CaseEvent, Clock
from casework.records import desk_list_of, records, work_on
from notices.services import queue_notices
from policies.calendars import calendar_version
from policies.clocks import Calendars, Explanation
from policies.counting import Pauses
from policies.exceptions import NotConfigured, OutsideCalendar, UnreadableExplanation

logger = logging.getLogger(__name__)

BATCH = 200  # cases; a fraction of a second
LONGEST_RUN = 300  # seconds; the next run goes on
REASON = "calendar changed"


class Batch(NamedTuple):
    """last: the last case looked at, None when there was none. moved: how many last days did."""

    last: int | None
    moved: int
    unreadable: int


def recount_clocks() -> int:
    """Count anew what an older calendar counted; return how many last days moved. Repeatable.

    Raises UnreadableExplanation at the end, if a clock had to be left out.
    """
    until = monotonic() + LONGEST_RUN
    version = calendar_version()
    moved = unreadable = 0
    for record in records():
        last: int | None = 0
        while last is not None and monotonic() < until:
            batch = _recount_batch(record, version, after=last)
            last = batch.last
            moved += batch.moved
            unreadable += batch.unreadable
    if moved:
        logger.info("the calendar changed: %d last days moved", moved)
    if unreadable:
        raise UnreadableExplanation(f"{unreadable} clocks are not counted anew")
    return moved


@transaction.atomic
def _recount_batch(record: type[Case], version: int, *, after: int) -> Batch:
    outdated = Clock.objects.running().filter(calendar_version__lt=version)
    cases = record.objects.open().filter(pk__gt=after, clocks__in=outdated)
    keys = list(cases.order_by("pk").values_list("pk", flat=True).distinct()[:BATCH])
    if not keys:
        return Batch(None, 0, 0)
    locked = record.objects.open().filter(pk__in=keys).select_for_update(skip_locked=True)
    by_key = {case.pk: case for case in locked.order_by("pk")}
    running = Clock.objects.running().filter(case__in=by_key).select_related("limit")
    clocks = list(running.order_by("pk"))
    readable, events = _recount_all(clocks, by_key)
    Clock.objects.bulk_update(readable, COUNTED)
    CaseEvent.objects.bulk_create(events)
    moved = [by_key[key] for key in sorted({event.case_id for event in events})]
    _reset_late_from(record, moved, clocks)
    _tell(record, moved, version)
    return Batch(keys[-1], len(events), len(clocks) - len(readable))


def _recount_all(
    clocks: Iterable[Clock], cases: Mapping[int, Case]
) -> tuple[list[Clock], list[CaseEvent]]:
    """Count clocks anew; not saved. Return those that could be read, and what moved of them."""
    calendars, paused, readable, events = Calendars(), pauses_of(cases), [], []
    for clock in clocks:
        try:
            event = _recount(clock, cases[clock.case_id], paused[clock.case_id], calendars)
        except UnreadableExplanation:
            logger.error("clock %s of case %s cannot be read", clock.pk, clock.case_id)
            continue
        readable.append(clock)
        if event:
            events.append(event)
    return readable, events


def _recount(clock: Clock, case: Case, paused: Pauses, calendars: Calendars) -> CaseEvent | None:
    """Count one clock anew; not saved. Return the event when its last day moved.

    Raises UnreadableExplanation before anything is changed.
    """
    Explanation.from_json(clock.explanation)
    clock.calendar_version = calendars.version
    try:
        counted = count(clock, case, paused, calendars)
    except (OutsideCalendar, NotConfigured):
        return None  # what was promised stays
    if counted.late_from > clock.late_from:
        return None
    before = clock.last_day
    put_count(clock, counted)
    if clock.last_day == before:
        return None
    details = move_of(clock, before=before)
    return CaseEvent(case_id=clock.case_id, code=DEADLINE_MOVED, details=details)


def _reset_late_from(record: type[Case], cases: list[Case], clocks: list[Clock]) -> None:
    for case in cases:
        case.late_from = min(clock.late_from for clock in clocks if clock.case_id == case.pk)
    if cases:
        bulk_update_with_history(cases, record, ["late_from"], default_change_reason=REASON)


def _tell(record: type[Case], moved: Collection[Case], version: int) -> None:
    """Write to each handler one notice for all cases of the batch, whose last day has moved."""
    if not moved:
        return
    handlers = who_may(work_on(record)).filter(pk__in=[case.handler_id for case in moved])
    known, everybody_else = dict(handlers.values_list("pk", "public_id")), officers()
    away = kept_away(moved)
    told: defaultdict[tuple[str, bool], list[Case]] = defaultdict(list)
    for case in moved:
        handler = {known[case.handler_id]} if case.handler_id in known else set()
        handler -= away[case.pk]
        for recipient in handler or everybody_else - away[case.pk]:
            told[recipient, bool(handler)].append(case)
    page = desk_list_of(record)
    queue_notices(
        "deadlines_moved",
        [
            (
                recipient,
                f"moved-{version}-{cases[0].pk}-{recipient[:16]}",
                {"cases": _named(cases), "is_handler": is_handler, "path": page},
            )
            for (recipient, is_handler), cases in told.items()
        ],
    )


def _named(cases: Iterable[Case]) -> list[dict[str, str]]:
    return [
        {"reference": case.reference, "day": case.last_day.isoformat()}
        for case in cases
        if case.last_day
    ]
