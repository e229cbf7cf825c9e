"""From a time limit and a moment of receipt to the last day, explained."""

from collections.abc import Set
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from policies.calendars import OfficialCalendar
from policies.counting import (
    Pauses,
    Period,
    SkippedDay,
    WorkingCalendar,
    add_hours,
    add_months,
    local_day,
    midnight,
)
from policies.exceptions import NotConfigured, UnreadableExplanation
from policies.models import (
    Company,
    DayKind,
    RuleFamily,
    TimeLimit,
    TimeLimitKind,
    TimeUnit,
)


def the_company() -> Company:
    """Raises NotConfigured."""
    company = Company.objects.first()
    if company is None:
        raise NotConfigured(_("No profile is loaded; run load_profile first."))
    return company


def limits_in_force(kind: TimeLimitKind, on: date) -> list[TimeLimit]:
    """Return the limits of that kind on a day: at most one promised, one statutory."""
    rows = TimeLimit.objects.in_force(on).filter(kind=kind).order_by("valid_from", "pk")
    return list({row.family: row for row in rows}.values())


class Calendars(OfficialCalendar):
    """The calendars that limits run by, each read once for many counts.

    Reading one raises NotConfigured.
    """

    @cached_property
    def of_state(self) -> WorkingCalendar:
        return self.of(DayKind.STATE)

    @cached_property
    def of_company(self) -> WorkingCalendar:
        return self.of(DayKind(the_company().day_kind))


@dataclass(frozen=True)
class Terms:
    """What a case has changed of its limit: the length, days added once, days of a pause.

    worked: days that were counted when a day was promised, and no later calendar takes away.
    """

    length: int | None = None  # None: the limit's maximum
    extended_by: int = 0
    paused: Pauses = frozenset()
    worked: Set[date] = frozenset()

    def days(self, limit: TimeLimit) -> int:
        return (self.length or limit.maximum) + self.extended_by


UNCHANGED = Terms()


def run(
    limit: TimeLimit, start: datetime, calendars: Calendars, terms: Terms = UNCHANGED
) -> Period:
    """Return how ``limit`` ends when it starts at ``start`` (aware).

    A statutory limit in working days ends by the State's calendar, or by the
    company's own days where those end it earlier: the company may shorten
    what the law gives it, never lengthen it. A promise runs by the company's days.

    Raises OutsideCalendar, NotConfigured.
    """
    if limit.unit == TimeUnit.HOUR:
        return add_hours(start, terms.days(limit))
    if limit.unit == TimeUnit.MONTH:
        last_day = add_months(local_day(start), terms.days(limit))
        return Period(last_day=last_day, late_from=midnight(last_day + timedelta(days=1)))
    if limit.family == RuleFamily.PROMISE:
        return _count(calendars.of_company, limit, start, terms)
    return min(
        (
            _count(calendar, limit, start, terms)
            for calendar in dict.fromkeys((calendars.of_state, calendars.of_company))
        ),
        key=lambda period: period.late_from,
    )


def _count(calendar: WorkingCalendar, limit: TimeLimit, start: datetime, terms: Terms) -> Period:
    calendar = calendar.keeping(terms.worked)
    first, days = local_day(start), terms.days(limit)
    if limit.unit == TimeUnit.WORKING_DAY:
        return calendar.add_working_days(first, days, terms.paused)
    moves = limit.family == RuleFamily.STATUTE
    return calendar.add_calendar_days(first, days, move=moves, paused=terms.paused)


@dataclass(frozen=True)
class Explanation:
    """Why a clock ends when it ends; kept with the clock and read in either language."""

    started_at: datetime
    unit: str
    length: int
    last_day: date
    late_from: datetime
    skipped: tuple[SkippedDay, ...]
    moved_from: date | None
    provisional: bool
    calendar_version: int
    extended_by: int = 0  # of ``length``, the days that were added once

    def to_json(self) -> dict[str, Any]:
        plain = asdict(self)
        plain["skipped"] = [
            {**asdict(skipped), "day": skipped.day.isoformat()} for skipped in self.skipped
        ]
        for name in ("started_at", "last_day", "late_from", "moved_from"):
            plain[name] = plain[name].isoformat() if plain[name] else None
        return plain

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> "Explanation":
        """Raises UnreadableExplanation."""
        try:
            return cls._from_json(plain)
        except (KeyError, TypeError, ValueError) as error:
            raise UnreadableExplanation(_("How this day was found cannot be shown.")) from error

    @classmethod
    def _from_json(cls, plain: dict[str, Any]) -> "Explanation":
        return cls(
            **{
                **plain,
                "started_at": datetime.fromisoformat(plain["started_at"]),
                "last_day": date.fromisoformat(plain["last_day"]),
                "late_from": datetime.fromisoformat(plain["late_from"]),
                "moved_from": plain["moved_from"] and date.fromisoformat(plain["moved_from"]),
                "skipped": tuple(
                    SkippedDay(date.fromisoformat(d["day"]), d["reason_vi"], d["reason_en"])
                    for d in plain["skipped"]
                ),
            }
        )

    def lines(self) -> list[str]:
        """Return the explanation as sentences in the active language."""
        if self.unit == TimeUnit.HOUR:
            return self._lines_of_hours()
        lines = [
            _("Received on %(moment)s; that day is not counted.")
            % {"moment": _moment(self.started_at)},
            self._length(),
            *self._extension(),
        ]
        lines += [
            _("Not counted: %(day)s, %(reason)s.")
            % {"day": _weekday_and_date(skipped.day), "reason": self._reason(skipped)}
            for skipped in self.skipped
        ]
        if self.moved_from:
            lines.append(
                _("The last day, %(day)s, is a day of rest, so the next working day counts.")
                % {"day": _weekday_and_date(self.moved_from)}
            )
        lines.append(
            _("Last day: %(day)s, until midnight.") % {"day": _weekday_and_date(self.last_day)}
        )
        if self.provisional:
            lines.append(_("The official calendar for these days is not final yet."))
        return lines

    def _lines_of_hours(self) -> list[str]:
        return [
            _("Received on %(moment)s; the hours run from then, on days of rest too.")
            % {"moment": _moment(self.started_at)},
            self._length(),
            _("The time ends on %(moment)s.") % {"moment": _moment(self.late_from)},
        ]

    def _length(self) -> str:
        if self.unit == TimeUnit.WORKING_DAY:
            text = ngettext("%(n)d working day.", "%(n)d working days.", self.length)
        elif self.unit == TimeUnit.CALENDAR_DAY:
            text = ngettext("%(n)d day.", "%(n)d days.", self.length)
        elif self.unit == TimeUnit.MONTH:
            text = ngettext("%(n)d month.", "%(n)d months.", self.length)
        else:
            text = ngettext("%(n)d hour.", "%(n)d hours.", self.length)
        return text % {"n": self.length}

    def _extension(self) -> list[str]:
        if not self.extended_by:
            return []
        text = ngettext(
            "%(n)d of them was added when the time was extended.",
            "%(n)d of them were added when the time was extended.",
            self.extended_by,
        )
        return [text % {"n": self.extended_by}]

    def _reason(self, skipped: SkippedDay) -> str:
        return skipped.reason_en if translation.get_language() == "en" else skipped.reason_vi


def explain(
    limit: TimeLimit,
    start: datetime,
    calendars: Calendars | None = None,
    terms: Terms = UNCHANGED,
) -> Explanation:
    """Run ``limit`` from ``start`` and keep how it was counted.

    ``calendars`` saves reading them again for each of many limits.

    Raises OutsideCalendar, NotConfigured.
    """
    calendars = calendars or Calendars()
    period = run(limit, start, calendars, terms)
    return Explanation(
        started_at=start,
        unit=limit.unit,
        length=terms.days(limit),
        last_day=period.last_day,
        late_from=period.late_from,
        skipped=period.skipped,
        moved_from=period.moved_from,
        provisional=period.provisional,
        calendar_version=calendars.version,
        extended_by=terms.extended_by,
    )


def _moment(moment: datetime) -> str:
    local = timezone.localtime(moment, timezone.get_default_timezone())
    return date_format(local, "SHORT_DATETIME_FORMAT")


def _weekday_and_date(day: date) -> str:
    return f"{date_format(day, 'l')}, {date_format(day, 'SHORT_DATE_FORMAT')}"
