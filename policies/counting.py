"""Counting hours, days, working days and months as the Civil Code does. Reads no database.

The day of the event is not counted. A limit in days ends at 24:00 of its last
day, local time; the first late moment is the next local midnight. Take the
local date first, then count dates. Source: Civil Code 2015, art. 144-148.
"""

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Set
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import partial

from dateutil.relativedelta import relativedelta
from django.utils import timezone
from django.utils.translation import gettext as _

from policies.exceptions import OutsideCalendar
from policies.models import DayKind, DayType, OfficialDayKind

SATURDAY, SUNDAY = 5, 6
ONE_DAY = timedelta(days=1)
WAITED = "chờ khách hàng trả lời", "waiting for the customer's answer"

Pauses = Set[date]  # the days on which a clock stood still


@dataclass(frozen=True)
class SpecialDay:
    """A day that the official calendar sets apart, with its label in both languages."""

    day: date
    day_type: DayType
    kind: OfficialDayKind
    label_vi: str
    label_en: str
    provisional: bool = False


@dataclass(frozen=True)
class SkippedDay:
    day: date
    reason_vi: str
    reason_en: str


@dataclass(frozen=True)
class Period:
    """How a time limit ends.

    last_day: the local day on which it ends; late_from: the first moment after it.
    skipped: the days in between that did not count.
    moved_from: the last day before it was moved off a day of rest, else None.
    provisional: the official calendar is not final for some day of it.
    """

    last_day: date
    late_from: datetime
    skipped: tuple[SkippedDay, ...] = ()
    moved_from: date | None = None
    provisional: bool = False


def local_day(moment: datetime) -> date:
    """Return the calendar day of ``moment`` at the company (settings.TIME_ZONE).

    Raises ValueError for a naive ``moment``.
    """
    return timezone.localdate(moment, timezone.get_default_timezone())


def midnight(day: date) -> datetime:
    """Return the moment at which ``day`` begins at the company."""
    return datetime.combine(day, time.min, tzinfo=timezone.get_default_timezone())


def last_day_before(late_from: datetime) -> date:
    """Return the local day on which a period ends whose first late moment is ``late_from``."""
    return local_day(late_from - timedelta(microseconds=1))


def add_months(start: date, months: int) -> date:
    """Return the last day of a period of ``months``: the same day, or the end of a shorter month.

    Never moved off a day of rest: a promised maximum stays a maximum.
    """
    last: date = start + relativedelta(months=months)
    return last


def first_kept(on: date, months: int) -> date:
    """Return the first day whose period of ``months`` is not over before ``on``.

    What began on a day before it is over: the inverse of add_months(), whose short months end
    the periods of several days at once.
    """
    day = add_months(on, -months) - ONE_DAY
    while add_months(day, months) < on:
        day += ONE_DAY
    return day


def add_hours(start: datetime, hours: int) -> Period:
    """Count hours; they never wait for a working day."""
    end = start + timedelta(hours=hours)
    return Period(last_day=local_day(end), late_from=end)


def paused_days(pauses: Iterable[tuple[datetime, datetime]]) -> Pauses:
    """Return the days on which a clock stood still: after the first day of a pause, to its last.

    As of every period, the day of the event itself counts as it would have; so a pause that
    ends on the day on which it began changes nothing.
    """
    spans = ((local_day(begun), local_day(ended)) for begun, ended in pauses)
    return frozenset(
        first + timedelta(days=n)
        for first, last in spans
        for n in range(1, (last - first).days + 1)
    )


def _stretched(start: date, days: int, lost: Collection[date], nth: Callable[[int], date]) -> date:
    """Return the ``days``-th day after ``start`` when the ``lost`` ones do not count."""
    last, counted = nth(days), days
    while (needed := days + sum(start < day <= last for day in lost)) != counted:
        last, counted = nth(needed), needed
    return last


class WorkingCalendar:
    """The official calendar as one kind of company works it.

    Knows the days from ``covers_from`` to ``covers_to``, both included; a
    count that leaves them raises OutsideCalendar.
    """

    def __init__(
        self,
        days: Iterable[SpecialDay],
        covers_from: date,
        covers_to: date,
        kind: DayKind,
        worked: Set[date] = frozenset(),
    ) -> None:
        """``worked`` are working days whatever else ``days`` say."""
        self._worked = worked
        self._special = {special.day: special for special in days}
        self._kind = kind
        self._from, self._to = covers_from, covers_to
        self._in_lieu = self._days_in_lieu()
        self._working: list[date] = []
        self._passed: dict[date, int] = {}  # how many working days there are until a day's end
        for n in range((covers_to - covers_from).days + 1):
            day = covers_from + timedelta(days=n)
            if self.reason_off(day) is None:
                self._working.append(day)
            self._passed[day] = len(self._working)

    def reason_off(self, day: date) -> tuple[str, str] | None:
        """Return why the company rests on ``day`` (Vietnamese, English), or None if it works."""
        if day in self._worked:
            return None
        special = self._special.get(day)
        if special is not None and special.day_type == DayType.OFF and self._observes(special):
            return special.label_vi, special.label_en
        if special is not None and special.day_type == DayType.WORKING and self._observes(special):
            return None
        if day.weekday() == SUNDAY:
            return "ngày nghỉ cuối tuần", "weekend"
        if day.weekday() == SATURDAY and self._kind != DayKind.MON_SAT:
            return "ngày nghỉ cuối tuần", "weekend"
        return None

    def keeping(self, worked: Set[date]) -> "WorkingCalendar":
        """Return the calendar on which these days are working days."""
        off = frozenset(day for day in worked if self.reason_off(day) is not None)
        if not off:
            return self
        return WorkingCalendar(self._special.values(), self._from, self._to, self._kind, off)

    def last_working_day(self, start: date, days: int) -> date:
        """Return the ``days``-th (1 or more) working day after ``start``; for millions of them.

        Raises OutsideCalendar.
        """
        try:
            return self._working[self._passed[start] + days - 1]
        except (KeyError, IndexError) as error:
            raise OutsideCalendar(self._sentence()) from error

    def add_working_days(self, start: date, days: int, paused: Pauses = frozenset()) -> Period:
        """Return the period of ``days`` (1 or more) working days after ``start``.

        Days of a pause do not count.

        Raises OutsideCalendar.
        """
        lost = [day for day in paused if self.reason_off(day) is None]
        last_day = _stretched(start, days, lost, partial(self.last_working_day, start))
        return self._period(start, last_day, paused)

    def working_day_before(self, day: date, days: int) -> date:
        """Return the ``days``-th (1 or more) working day before ``day``.

        Raises OutsideCalendar.
        """
        self._require(day)
        index = bisect_left(self._working, day) - days
        if index < 0:
            raise OutsideCalendar(self._sentence())
        return self._working[index]

    def add_calendar_days(
        self, start: date, days: int, *, move: bool, paused: Pauses = frozenset()
    ) -> Period:
        """Return the period of ``days`` after ``start``; days of a pause do not count.

        With ``move``, a last day of rest gives way to the next working day:
        so for a limit that the law sets, not for a maximum that was promised.

        Raises OutsideCalendar.
        """
        end = _stretched(start, days, paused, lambda n: start + timedelta(days=n))
        self._require(start)
        self._require(end)
        waited = tuple(SkippedDay(day, *WAITED) for day in sorted(paused) if start < day < end)
        if not move or self.reason_off(end) is None:
            provisional = move and self._is_provisional(end, end)
            return Period(end, midnight(end + ONE_DAY), waited, provisional=provisional)
        period = self.add_working_days(end, 1)
        return Period(
            last_day=period.last_day,
            late_from=period.late_from,
            skipped=waited + self._skipped(end - ONE_DAY, period.last_day),
            moved_from=end,
            provisional=self._is_provisional(end, period.last_day),
        )

    def _period(self, start: date, last_day: date, paused: Pauses) -> Period:
        return Period(
            last_day=last_day,
            late_from=midnight(last_day + ONE_DAY),
            skipped=self._skipped(start, last_day, paused),
            provisional=self._is_provisional(start + ONE_DAY, last_day),
        )

    def _is_provisional(self, first: date, last: date) -> bool:
        """Say whether a day that the company goes by, of these, is not announced officially yet."""
        return any(
            special.provisional and first <= special.day <= last and self._observes(special)
            for special in self._special.values()
        )

    def _skipped(
        self, start: date, last_day: date, paused: Pauses = frozenset()
    ) -> tuple[SkippedDay, ...]:
        between = (start + timedelta(days=n) for n in range(1, (last_day - start).days))
        reasons = (
            (day, self.reason_off(day) or (WAITED if day in paused else None)) for day in between
        )
        return tuple(SkippedDay(day, *reason) for day, reason in reasons if reason)

    def _observes(self, special: SpecialDay) -> bool:
        """Say whether this kind of company follows that row of the State's calendar."""
        if special.kind in (OfficialDayKind.SWAP_OFF, OfficialDayKind.SWAP_WORK):
            return self._kind == DayKind.STATE
        if special.kind == OfficialDayKind.COMPENSATORY and self._kind == DayKind.MON_SAT:
            return special.day in self._in_lieu
        return True

    def _days_in_lieu(self) -> set[date]:
        """Return the days off in lieu for companies whose only day of rest is Sunday.

        The State also makes up for holidays on a Saturday, which such a company works anyway.
        Source: Labour Code 2019, art. 111(3).
        """
        holidays = {
            day for day, row in self._special.items() if row.kind == OfficialDayKind.STATUTORY
        }
        in_lieu: set[date] = set()
        for holiday in sorted(holidays):
            if holiday.weekday() == SUNDAY:
                day = holiday + timedelta(days=1)
                while day in holidays or day in in_lieu or day.weekday() == SUNDAY:
                    day += timedelta(days=1)
                in_lieu.add(day)
        return in_lieu

    def _require(self, day: date) -> None:
        if not self._from <= day <= self._to:
            raise OutsideCalendar(self._sentence())

    def _sentence(self) -> str:
        return _(
            "The official calendar is loaded from %(first)s to %(last)s; load the next year first."
        ) % {"first": f"{self._from:%d/%m/%Y}", "last": f"{self._to:%d/%m/%Y}"}
