"""A million last days: the portal's table of working days beside numpy.busday_offset.

Both know the State's calendar, with the Saturdays worked in exchange: numpy by a week of seven
days and the list of all days of rest. Dates go in and come out, as the portal has them. What
numpy does without turning them into arrays is set beside the same table as arrays.
"""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from random import Random
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

from bench.registry import Row
from policies.calendars import load_calendar
from policies.models import CalendarRange, DayKind

DEADLINES, QUICK_DEADLINES = 1_000_000, 20_000
ROUNDS = 3
LONGEST = 30  # working days
ROOM = timedelta(days=90)  # at the end of the calendar, for the longest
MILLISECONDS, MICROSECONDS = 1_000, 1_000_000


def measure(quick: bool) -> Iterator[Row]:
    calendar, covered = load_calendar(DayKind.STATE), CalendarRange.objects.get()
    every_day = [
        covered.covers_from + timedelta(days=n)
        for n in range((covered.covers_to - covered.covers_from).days + 1)
    ]
    working = [day for day in every_day if calendar.reason_off(day) is None]
    starts, lengths = _cases(every_day, QUICK_DEADLINES if quick else DEADLINES)
    ways = _ways_of_numpy(every_day, working, starts, lengths)
    ways["portal"] = lambda: [
        calendar.last_working_day(start, length)
        for start, length in zip(starts, lengths, strict=True)
    ]
    _expect_same({name: way() for name, way in ways.items()})
    seconds = _in_turns(ways)
    number = f"{len(starts):,}"
    yield Row("one last day, microseconds", seconds["portal"] / len(starts) * MICROSECONDS)
    yield Row(f"{number} last days, ms", seconds["portal"] * MILLISECONDS)
    yield Row("the same by numpy.busday_offset, ms", seconds["numpy"] * MILLISECONDS)
    yield Row("how many times as fast", seconds["numpy"] / seconds["portal"], "at least 10")
    yield Row("the portal's table as arrays, ms", seconds["table"] * MILLISECONDS)
    yield Row("numpy.busday_offset on arrays, ms", seconds["arrays"] * MILLISECONDS)
    yield Row("how many times as fast, on arrays", seconds["arrays"] / seconds["table"])


def _cases(every_day: list[date], number: int) -> tuple[list[date], list[int]]:
    """Return days of receipt, each an object of its own as from a database, and working days."""
    random = Random(1)  # noqa: S311 -- no secret
    first, days = every_day[0], len(every_day) - ROOM.days
    starts = [first + timedelta(days=random.randrange(days)) for _case in range(number)]
    return starts, [random.randint(1, LONGEST) for _case in range(number)]


def _ways_of_numpy(
    every_day: list[date], working: list[date], starts: list[date], lengths: list[int]
) -> dict[str, Callable[[], Any]]:
    rest = sorted(set(every_day) - set(working))
    official = np.busdaycalendar(weekmask="1111111", holidays=np.array(rest, "datetime64[D]"))
    first, days = np.datetime64(every_day[0], "D"), np.array(working, "datetime64[D]")
    passed = np.isin(np.array(every_day, "datetime64[D]"), days).cumsum()
    received, numbers = np.array(starts, "datetime64[D]"), np.array(lengths)

    def offset(start: Any, length: Any) -> Any:
        return np.busday_offset(start, length, roll="preceding", busdaycal=official)

    return {
        "numpy": lambda: offset(np.array(starts, "datetime64[D]"), np.array(lengths)).tolist(),
        "arrays": lambda: offset(received, numbers),
        "table": lambda: days[passed[(received - first).astype(int)] + numbers - 1],
    }


def _expect_same(answers: dict[str, Any]) -> None:
    expected = np.array(answers["portal"], "datetime64[D]")
    for name, answer in answers.items():
        if not np.array_equal(np.array(answer, "datetime64[D]"), expected):
            raise RuntimeError(f"{name} counts otherwise: the figures would mean nothing.")


def _in_turns(ways: dict[str, Callable[[], Any]]) -> dict[str, float]:
    """Return for each way the median of a few rounds, in seconds."""
    rounds = [{name: _seconds(way) for name, way in ways.items()} for _round in range(ROUNDS)]
    return {name: median(each[name] for each in rounds) for name in ways}


def _seconds(work: Callable[[], object]) -> float:
    start = perf_counter()
    work()
    return perf_counter() - start
