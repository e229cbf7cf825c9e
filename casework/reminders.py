"""Reminding of last days: the handler before it, the team's lead and the officers after it.

What is due follows from the cases alone: who is late and has no event of that step for that last
day of that clock since the clocks last began to run. Of what waits long for its customer, and of
what keeps data whose own last day is over, the handler is reminded the same way. So a stopped
worker loses no reminder, a last day that moved and a case that was opened again are reminded of
anew, and a second run finds nothing. Each batch locks its cases, writes events and notices in one
transaction, and leaves for the next run what somebody holds.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import CharField, Exists, Expression, OuterRef, Q, Subquery, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce, TruncDate
from django.utils import timezone

from access.roles import COMPLAINT_LEAD
from accounts.staff import holders, officers, who_may
from casework.conflicts import kept_away
from casework.deadlines import late_for, soon_until
from casework.models import RAN_AGAIN, REMINDED, Case, CaseConflict, CaseEvent, CaseReminder, Clock
from casework.records import desk_list_of, every_record, records, whole, work_on
from casework.waits import last_day_waiting
from notices.services import queue_notice, queue_notices
from policies.counting import local_day
from policies.models import Company

BATCH = 200  # cases
WAITED_LONG = 10  # working days without an answer of the customer
SOON, LEAD, OFFICERS, WAITING = "soon", "lead", "officers", "waiting"
KEEPS, KEEPS_LONG = "keeps", "keeps_long"
NEAREST = Clock.objects.filter(case=OuterRef("pk")).running().order_by("late_from").values("pk")
KNOWN_BY: dict[str, dict[str, Expression]] = {
    "last_day": {
        "day": Cast(TruncDate("late_from"), CharField()),
        "clock": Coalesce(Cast(Subquery(NEAREST[:1]), CharField()), Value("")),
    },
    "waiting_since": {"day": Cast(TruncDate("waiting_since"), CharField())},
}
"""By the day that is told, what makes two reminders the same; both stand in the event."""


class Step(NamedTuple):
    """One step of the escalation: of which open cases it tells whom, and which day of them.

    recipients: takes a case and those who are to hear nothing of it.
    """

    code: str
    due: Q
    recipients: Callable[[Case, set[str]], set[str]]
    tells: str = "last_day"

    @property
    def known_by(self) -> dict[str, Expression]:
        if self.tells == "kept_until":
            last_day = last_day_waiting(before=local_day(timezone.now()))
            return {"day": Cast(last_day, CharField())}
        return KNOWN_BY[self.tells]

    def day(self, case: Any) -> str:
        if self.tells == "kept_until":
            return str(case.day)
        day: date = case.last_day if self.tells == "last_day" else local_day(case.waiting_since)
        return day.isoformat()


def remind_of_deadlines() -> int:
    """Take each step that is due for each open case; return how many. Run again it finds none."""
    return sum(_remind(record, step) for record in every_record() for step in _steps(record))


def _steps(record: type[Case]) -> list[Step]:
    company = Company.objects.first()
    if company is None:
        return []
    protectors, leads = officers(), holders(COMPLAINT_LEAD)
    workers = set(who_may(work_on(record)).values_list("public_id", flat=True))

    def handler(case: Case, away: set[str]) -> set[str]:
        return {case.handler.public_id} & workers - away if case.handler else set()

    def lead(away: set[str]) -> set[str]:
        return leads - away or protectors - away

    def handler_or_lead(case: Case, away: set[str]) -> set[str]:
        return handler(case, away) or lead(away)

    keeping = [
        Step(KEEPS, _kept_until_before(0), handler_or_lead, tells="kept_until"),
        Step(
            KEEPS_LONG,
            _kept_until_before(company.dpo_after_days),
            lambda case, away: handler_or_lead(case, away) | protectors - away,
            tells="kept_until",
        ),
    ]
    if record not in records():
        return keeping
    return [
        Step(SOON, Q(late_from__gt=timezone.now(), late_from__lte=soon_until()), handler_or_lead),
        Step(
            LEAD,
            Q(late_from__lte=late_for(company.lead_after_days)),
            lambda case, away: handler(case, away) | lead(away),
        ),
        Step(
            OFFICERS,
            Q(late_from__lte=late_for(company.dpo_after_days)),
            lambda case, away: protectors - away,
        ),
        Step(
            WAITING,
            Q(waiting_since__lte=late_for(WAITED_LONG)),
            handler_or_lead,
            tells="waiting_since",
        ),
        *keeping,
    ]


def _kept_until_before(working_days: int) -> Q:
    """Return what is asked of a case that has kept data for so long after its last day."""
    return Q(day__lt=local_day(late_for(working_days)).isoformat())


def _remind(record: type[Case], step: Step) -> int:
    """Take one step for the cases of one table, batch by batch."""
    reminded, last = 0, 0
    while True:
        taken, last = _remind_batch(record, step, after=last)
        reminded += taken
        if not last:
            return reminded


@transaction.atomic
def _remind_batch(record: type[Case], step: Step, *, after: int) -> tuple[int, int]:
    """Return for how many cases the step was taken, and the last one looked at, 0 at the end."""
    known_by = step.known_by
    events = CaseEvent.objects.filter(case=OuterRef("pk"))
    reopened = events.filter(code=RAN_AGAIN).order_by("-pk").values("pk")[:1]
    known = events.filter(code=REMINDED).annotate(
        **{name: KeyTextTransform(name, "details") for name in ["step", *known_by]}
    )
    same = {"step": Value(step.code), **{name: OuterRef(name) for name in known_by}}
    due = (
        record.objects.open()
        .annotate(**known_by, since=Coalesce(Subquery(reopened), 0))
        .filter(step.due, pk__gt=after)
        .exclude(Exists(known.filter(pk__gt=OuterRef("since"), **same)))
    )
    keys = list(due.order_by("pk").values_list("pk", flat=True)[:BATCH])
    # In both of its tables, or one that was closed just then would pass for open.
    rows = record.objects.select_for_update(skip_locked=True, of=("self", "case_ptr"))
    held = [case.pk for case in rows.filter(pk__in=keys).order_by("pk")]
    # Asked again of those: another run may have taken the step just before.
    cases = list(due.filter(pk__in=held).select_related("handler"))
    away = kept_away(cases)
    told = {case.pk: step.recipients(case, away[case.pk]) for case in cases}
    taken = CaseEvent.objects.bulk_create(
        CaseEvent(
            case_id=case.pk,
            code=REMINDED,
            details={
                "step": step.code,
                **{name: getattr(case, name) for name in known_by},
                step.tells: step.day(case),
                "to": sorted(told[case.pk]),
            },
        )
        for case in cases
    )
    _tell(record, step, [(case, told[case.pk]) for case in cases], _keys(taken))
    return len(cases), keys[-1] if keys else 0


def _keys(events: Iterable[CaseEvent]) -> dict[int, int]:
    return {event.case_id: event.pk for event in events}


def _tell(
    record: type[Case],
    step: Step,
    recipients: Iterable[tuple[Any, set[str]]],
    events: Mapping[int, int],
) -> None:
    """Write to each recipient one notice for all cases of the batch.

    It is known by the event of the first.
    """
    told: defaultdict[str, list[Any]] = defaultdict(list)
    for case, people in recipients:
        for recipient in people:
            told[recipient].append(case)
    page = desk_list_of(record)
    queue_notices(
        f"deadlines_{step.code}",
        [
            (
                recipient,
                f"{step.code}-{events[theirs[0].pk]}-{recipient[:16]}",
                {
                    "cases": [
                        {"reference": case.reference, "day": step.day(case)}
                        for case in sorted(theirs, key=step.day)
                    ],
                    "path": page,
                },
            )
            for recipient, theirs in told.items()
        ],
    )


def send_reminders() -> int:
    """Send what members of staff wanted to be reminded of; return how many. Repeatable."""
    return sum(map(_send_reminder, _due_reminders()))


def _due_reminders() -> Collection[int]:
    due = CaseReminder.objects.filter(sent_at=None, on__lte=local_day(timezone.now()))
    return list(due.order_by("pk").values_list("pk", flat=True))


@transaction.atomic
def _send_reminder(key: int) -> bool:
    """Send one, unless somebody else is doing so, or nobody needs it any more."""
    waiting = CaseReminder.objects.select_for_update(skip_locked=True, of=("self",))
    reminder = waiting.filter(pk=key, sent_at=None).select_related("case", "staff").first()
    if reminder is None:
        return False
    reminder.sent_at = timezone.now()
    reminder.save(update_fields=["sent_at"])
    case, staff = reminder.case, reminder.staff
    is_away = CaseConflict.objects.filter(case=case, staff=staff).exists()
    record = whole(case)
    if not case.is_open or not staff.has_perm(work_on(type(record))) or is_away:
        return False
    queue_notice(
        "case_reminder",
        recipient=staff.public_id,
        key=f"reminder-{reminder.pk}",
        reference=case.reference,
        path=record.get_desk_url(),
    )
    return True
