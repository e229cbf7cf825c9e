"""What every kind of case does: run clocks, keep a timeline, take evidence."""

from collections.abc import Iterable
from datetime import datetime

from django.core.files.base import ContentFile
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from casework.files import CheckedFile
from casework.models import Case, CaseEvent, Clock, Evidence
from common.history import save_as
from policies.clocks import Explanation, explain, limits_in_force
from policies.counting import local_day
from policies.models import TimeLimit, TimeLimitKind


def preview_clocks(
    kinds: Iterable[TimeLimitKind], start: datetime
) -> list[tuple[TimeLimit, Explanation]]:
    """Return each limit that a case received at ``start`` would run under, nearest first.

    Raises OutsideCalendar, NotConfigured.
    """
    on = local_day(start)
    limits = [limit for kind in kinds for limit in limits_in_force(kind, on)]
    explained = [(limit, explain(limit, start)) for limit in limits]
    return sorted(explained, key=lambda pair: pair[1].late_from)


def start_clocks(case: Case, kinds: Iterable[TimeLimitKind]) -> None:
    """Run the limits in force at receipt, and put the nearest in ``case.late_from``; not saved."""
    clocks = [
        Clock(
            case_id=case.pk,
            kind=limit.kind,
            limit=limit,
            last_day=explanation.last_day,
            late_from=explanation.late_from,
            explanation=explanation.to_json(),
        )
        for limit, explanation in preview_clocks(kinds, case.received_at)
    ]
    Clock.objects.bulk_create(clocks)
    case.late_from = min((clock.late_from for clock in clocks), default=None)


def meet_clocks(case: Case, *kinds: TimeLimitKind) -> None:
    """Stop the clocks of these kinds (all, when none is named) and reset ``case.late_from``.

    The case is not saved.
    """
    running = Clock.objects.filter(case_id=case.pk, met_at=None)
    met = running.filter(kind__in=kinds) if kinds else running
    met.update(met_at=timezone.now())
    nearest = running.order_by("late_from").values_list("late_from", flat=True)
    case.late_from = nearest.first()


def add_event(case: Case, code: str, *, by: User | None, at: datetime | None = None) -> None:
    """Append to the timeline what happened ``at`` (default: now)."""
    CaseEvent.objects.create(case_id=case.pk, code=code, by=by, at=at or timezone.now())


def attach(case: Case, files: Iterable[CheckedFile], *, by: User | None) -> None:
    """Store the files of a case; call it in the transaction that records the case.

    When that fails, or the disk is full, no file stays behind.
    """
    stored: list[Evidence] = []
    try:
        with transaction.atomic():
            for checked in files:
                evidence = Evidence(
                    case_id=case.pk,
                    name=checked.name,
                    content_type=checked.content_type,
                    size=len(checked.content),
                    sha256=checked.sha256,
                )
                stored.append(evidence)
                evidence.file.save(checked.name, ContentFile(checked.content), save=False)
                save_as(evidence, by=by, reason="received with the case")
    except BaseException:
        remove_stored(stored)
        raise


def remove_stored(files: Iterable[Evidence]) -> None:
    for evidence in files:
        if evidence.file.name:
            evidence.file.storage.delete(evidence.file.name)
