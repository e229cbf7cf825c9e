"""The desk in figures: what is open, what falls due, how well the terms were kept.

Each figure has the rows behind it: the conditions here are those of the list's filters.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from dateutil.relativedelta import relativedelta
from django.db.models import (
    Aggregate,
    Count,
    DurationField,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
)
from django.db.models.functions import TruncDate, TruncMonth
from django.utils import timezone

from casework.models import IS_OPEN, Clock, late_at
from complaints.models import Complaint, ComplaintCategory, ComplaintState, Outcome
from policies.calendars import load_calendar
from policies.clocks import the_company
from policies.counting import local_day, midnight
from policies.exceptions import PolicyError
from policies.models import DayKind, RuleFamily, TimeLimitKind

MONTHS = 12
DAYS_AHEAD = 10  # working days
ALL_MONTHS = "12-months"
RESOLVED = Q(state=ComplaintState.RESOLVED)


def due_on(day: date) -> Q:
    """Ask for the open ones of which the nearest clock ends on a local day."""
    return IS_OPEN & _ends_within(day, day)


def _ends_within(first: date, last: date) -> Q:
    until = midnight(last + timedelta(days=1))
    return Q(late_from__gt=midnight(first), late_from__lte=until)


PAUSED = IS_OPEN & Q(late_from=None, waiting_since__isnull=False)
"""Those of which every clock stands still for an answer of the customer."""


def closed_since(first: date) -> Q:
    return Q(closed_at__gte=midnight(first))


def closed_in(month: date) -> Q:
    """Ask for what was closed in the month of which this is the first day."""
    return closed_since(month) & Q(closed_at__lt=midnight(month + relativedelta(months=1)))


def first_month(today: date) -> date:
    first: date = today.replace(day=1) - relativedelta(months=MONTHS - 1)
    return first


def ran_under(family: str) -> Exists:
    """Ask for those that a promise set a term to, or that the statute did."""
    return Exists(_clocks().filter(limit__family=family))


def missed(family: str, now: datetime) -> Exists:
    """Ask for those of which such a clock was not met in time, or is not yet though it is over."""
    return Exists(_missed_clocks(now).filter(limit__family=family))


def is_late(now: datetime) -> Exists:
    """Ask for those of which any clock was missed."""
    return Exists(_missed_clocks(now))


def completion() -> QuerySet[Clock]:
    """Return the clocks of a complaint by which it is to be completed, the nearest first."""
    return _clocks().filter(kind=TimeLimitKind.COMPLAINT_COMPLETION).order_by("late_from", "pk")


def _clocks() -> QuerySet[Clock]:
    return Clock.objects.filter(case=OuterRef("pk"))


def _missed_clocks(now: datetime) -> QuerySet[Clock]:
    return _clocks().filter(_is_missed(now))


def _is_missed(now: datetime, of: str = "") -> Q:
    """Ask it of a clock, or of those that ``of`` (a lookup's beginning) leads to."""
    met_late = Q(**{f"{of}met_at__gte": F(f"{of}late_from")})
    is_over = {f"{of}met_at": None, f"{of}paused_at": None, f"{of}late_from__lte": now}
    return met_late | Q(**is_over)


def open_by_state(user: Any) -> dict[ComplaintState, int]:
    """Return the states that have any, in their order."""
    rows = Complaint.objects.open().readable_by(user).order_by().values_list("state")
    counts = dict(rows.annotate(Count("pk")))
    return {state: counts[state] for state in ComplaintState if state in counts}


@dataclass(frozen=True)
class Day:
    day: date
    works: bool
    due: int


def due_ahead(user: Any, today: date) -> list[Day]:
    """Return each day from today on until ten working days are told."""
    days = _days_ahead(today)
    ahead = _ends_within(today, max(days))
    ends = TruncDate(
        F("late_from") - timedelta(microseconds=1), tzinfo=timezone.get_default_timezone()
    )
    rows = Complaint.objects.open().readable_by(user).filter(ahead).order_by()
    counts = dict(rows.values_list(ends).annotate(Count("pk")))
    return [Day(day, works, counts.get(day, 0)) for day, works in days.items()]


def beside_those_ahead(user: Any) -> tuple[int, int]:
    """Return how many are overdue already, and of how many every clock stands still."""
    counts = (
        Complaint.objects.open()
        .readable_by(user)
        .aggregate(
            overdue=Count("pk", filter=late_at(timezone.now())), paused=Count("pk", filter=PAUSED)
        )
    )
    return counts["overdue"], counts["paused"]


def _days_ahead(today: date) -> dict[date, bool]:
    """Return the days with whether the company works on them; where nobody knows, on all."""
    try:
        calendar = load_calendar(DayKind(the_company().day_kind))
    except PolicyError:
        calendar = None
    days: dict[date, bool] = {}
    while sum(days.values()) < DAYS_AHEAD:
        day = today + timedelta(days=len(days))
        days[day] = calendar is None or calendar.reason_off(day) is None
    return days


class Percentile(Aggregate):
    """The duration that a ``fraction`` of the rows did not go beyond, between rows where needed."""

    function = "PERCENTILE_CONT"
    template = "%(function)s(%(fraction)s) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = DurationField()


TOOK = ExpressionWrapper(F("closed_at") - F("received_at"), output_field=DurationField())
CLOSED_IN = TruncMonth("closed_at", tzinfo=timezone.get_default_timezone())
DURATIONS = {
    "count": Count("pk"),
    "median": Percentile(TOOK, fraction=0.5),
    "ninetieth": Percentile(TOOK, fraction=0.9),
}


@dataclass(frozen=True)
class Kept:
    """Of how many complaints under such a clock how many kept it."""

    kept: int
    of: int

    @property
    def missed(self) -> int:
        return self.of - self.kept

    @property
    def percent(self) -> int | None:
        """Return the rate rounded down: 100 is all of them."""
        return 100 * self.kept // self.of if self.of else None


@dataclass(frozen=True)
class Answered:
    """What was resolved in a month, or in all of them; the durations in calendar days."""

    month: date | None
    count: int = 0
    promise: Kept = Kept(0, 0)
    statute: Kept = Kept(0, 0)
    median: float | None = None
    ninetieth: float | None = None


def answered_by_month(user: Any, today: date) -> list[Answered]:
    """Return the last months, the oldest first."""
    rows: Iterable[Any] = _answered(user, today).values(month=CLOSED_IN).annotate(**DURATIONS)
    found = {local_day(row["month"]): row for row in rows}
    kept = _kept_by_month(user, today)
    months = [first_month(today) + relativedelta(months=n) for n in range(MONTHS)]
    return [
        _read(each, found[each], kept[each]) if each in found else Answered(each) for each in months
    ]


def answered_in_all(user: Any, today: date, months: Iterable[Answered]) -> Answered:
    """Sum up the months; the durations are those of all their complaints together."""
    kept: dict[str, Kept] = {
        RuleFamily.PROMISE: _sum(month.promise for month in months),
        RuleFamily.STATUTE: _sum(month.statute for month in months),
    }
    return _read(None, _answered(user, today).aggregate(**DURATIONS), kept)


def _answered(user: Any, today: date) -> QuerySet[Complaint]:
    since = closed_since(first_month(today))
    return Complaint.objects.readable_by(user).filter(RESOLVED & since).order_by()


def _kept_by_month(user: Any, today: date) -> defaultdict[date, dict[str, Kept]]:
    """Return for each month and family of rules how many ran under it, and how many kept it.

    One question for all: what asks for each complaint by itself reads all clocks there ever were.
    """
    rows = (
        _answered(user, today)
        .values_list(CLOSED_IN, "clocks__limit__family")
        .annotate(
            ran=Count("pk", distinct=True),
            missed=Count("pk", distinct=True, filter=_is_missed(timezone.now(), of="clocks__")),
        )
    )
    kept: defaultdict[date, dict[str, Kept]] = defaultdict(dict)
    for month, family, ran, late in rows:
        kept[local_day(month)][family] = Kept(ran - late, ran)
    return kept


def _sum(parts: Iterable[Kept]) -> Kept:
    counts = list(parts)
    return Kept(sum(each.kept for each in counts), sum(each.of for each in counts))


def _read(month: date | None, row: dict[str, Any], kept: Mapping[str, Kept]) -> Answered:
    promise, statute = (
        kept.get(family, Kept(0, 0)) for family in (RuleFamily.PROMISE, RuleFamily.STATUTE)
    )
    return Answered(
        month, row["count"], promise, statute, _days(row["median"]), _days(row["ninetieth"])
    )


def _days(duration: timedelta | None) -> float | None:
    return None if duration is None else duration / timedelta(days=1)


def causes(user: Any, today: date) -> dict[ComplaintCategory, dict[Outcome, int]]:
    """Return how often which category ended how, in the last months; the most frequent first."""
    rows: Iterable[Any] = (
        _answered(user, today).values_list("category", "outcome").annotate(Count("pk"))
    )
    found: dict[ComplaintCategory, dict[Outcome, int]] = {}
    for category, outcome, count in rows:
        found.setdefault(ComplaintCategory(category), {})[Outcome(outcome)] = count
    return dict(sorted(found.items(), key=lambda item: -sum(item[1].values())))
