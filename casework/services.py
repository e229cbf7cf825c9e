"""What every kind of case does: run clocks, keep a timeline, take evidence."""

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime

from django.utils import timezone

from accounts.files import file_key
from accounts.models import Customer, User
from casework.models import Case, CaseEvent, Clock, Evidence, evidence_path
from common.attachments import CheckedFile
from common.files import keep_files, provisional_files
from common.history import save_as
from policies.clocks import Calendars, Explanation, explain, limits_in_force
from policies.counting import local_day
from policies.exceptions import NotConfigured, OutsideCalendar
from policies.models import TimeLimit, TimeLimitKind


def preview_clocks(
    kinds: Iterable[TimeLimitKind], start: datetime
) -> list[tuple[TimeLimit, Explanation]]:
    """Return each limit that a case received at ``start`` would run under, nearest first.

    A kind is left out while its last day cannot be counted: the calendar for it
    comes late, and no customer is sent away for that.
    """
    calendars = Calendars()
    explained = [pair for kind in kinds for pair in _explain_kind(kind, start, calendars)]
    return sorted(explained, key=lambda pair: pair[1].late_from)


def _explain_kind(
    kind: TimeLimitKind, start: datetime, calendars: Calendars
) -> list[tuple[TimeLimit, Explanation]]:
    limits = limits_in_force(kind, local_day(start))
    try:
        return [(limit, explain(limit, start, calendars)) for limit in limits]
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
        Clock(
            case_id=case.pk,
            kind=limit.kind,
            limit=limit,
            last_day=explanation.last_day,
            late_from=explanation.late_from,
            explanation=explanation.to_json(),
            calendar_version=explanation.calendar_version,
        )
        for limit, explanation in preview_clocks(missing, case.received_at)
    ]
    Clock.objects.bulk_create(clocks)
    case.late_from = _nearest_end(case)
    return bool(clocks)


def meet_clocks(case: Case, *kinds: TimeLimitKind, at: datetime | None = None) -> None:
    """Stop the clocks of these kinds (all, when none is named) and reset ``case.late_from``.

    ``at`` is when they were met (default: now). The case is not saved.
    """
    running = Clock.objects.filter(case_id=case.pk, met_at=None)
    met = running.filter(kind__in=kinds) if kinds else running
    met.update(met_at=at or timezone.now())
    case.late_from = _nearest_end(case)


def _nearest_end(case: Case) -> datetime | None:
    running = Clock.objects.filter(case_id=case.pk, met_at=None).order_by("late_from")
    return running.values_list("late_from", flat=True).first()


def add_event(case: Case, code: str, *, by: User | None, at: datetime | None = None) -> None:
    """Append to the timeline what happened ``at`` (default: now)."""
    CaseEvent.objects.create(case_id=case.pk, code=code, by=by, at=at or timezone.now())


@contextmanager
def stored(customer: Customer, files: Collection[CheckedFile]) -> Iterator[list[Evidence]]:
    """Store the files of a case before the transaction that records it; yield their unsaved rows.

    What no transaction inside attached is removed at the end. Enter it outside
    of every transaction.
    """
    rows: list[Evidence] = []
    contents: dict[str, bytes] = {}
    for checked in files:
        row = Evidence(
            name=checked.name,
            content_type=checked.content_type,
            size=len(checked.content),
            sha256=checked.sha256,
        )
        row.file.name = evidence_path(row, checked.name)
        rows.append(row)
        contents[row.file.name] = checked.content
    if not contents:
        yield rows
        return
    with provisional_files(contents, key=file_key(customer)):
        yield rows


def attach(case: Case, evidence: Collection[Evidence], *, by: User | None) -> None:
    """Record stored() files with their case, in its transaction."""
    for row in evidence:
        row.case_id = case.pk
        save_as(row, by=by, reason="received with the case")
    keep_files([str(row.file) for row in evidence])
