"""What must hold of every calendar and every case, not only of those counted by hand."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.counting import SpecialDay, WorkingCalendar, local_day, paused_days
from policies.models import DayKind, DayType, OfficialDayKind

FIRST, LAST = date(2026, 1, 1), date(2027, 12, 31)
SATURDAY = 5
ONE_DAY = timedelta(days=1)

DAYS = st.dates(date(2026, 3, 1), date(2026, 8, 31))
KINDS = st.sampled_from(DayKind)
LENGTHS = st.integers(1, 30)
PAUSES = st.frozensets(DAYS, max_size=40)
MOMENTS = st.datetimes(datetime(2026, 3, 1), datetime(2026, 8, 31), timezones=st.just(UTC))
ENDS = ("working days", "days", "days, moved")


def off(day, kind=OfficialDayKind.STATUTORY):
    return SpecialDay(day, DayType.OFF, kind, "nghỉ", "off")


def worked(day):
    return SpecialDay(day, DayType.WORKING, OfficialDayKind.SWAP_WORK, "làm", "worked")


@st.composite
def special_days(draw):
    """Days that the State sets apart, by day: off for any reason, Saturdays worked."""
    reasons = st.sampled_from([kind for kind in OfficialDayKind if kind != "swap_work"])
    days = draw(st.dictionaries(DAYS, reasons, max_size=40))
    saturdays = draw(st.frozensets(DAYS.map(saturday_of), max_size=10))
    return {day: off(day, kind) for day, kind in days.items()} | {
        day: worked(day) for day in saturdays
    }


def saturday_of(day):
    return day + (SATURDAY - day.weekday()) * ONE_DAY


def calendar(special, kind):
    return WorkingCalendar(special.values(), FIRST, LAST, kind)


def end(special, kind, counting, start, length, paused=frozenset()):
    days = calendar(special, kind)
    if counting == "working days":
        return days.add_working_days(start, length, paused).last_day
    moves = counting == "days, moved"
    return days.add_calendar_days(start, length, move=moves, paused=paused).last_day


def for_any(**more):
    """Hypothesis looks for a counterexample among all calendars, cases and pauses."""

    def decorate(test):
        cases = {"special": special_days(), "kind": KINDS, "start": DAYS, "length": LENGTHS}
        found = given(**cases, paused=PAUSES, **more)(test)
        # A busy machine is no fault of the count. Each is tried with every way of counting.
        patient = settings(deadline=None, max_examples=40)(found)
        return pytest.mark.parametrize("counting", ENDS)(patient)

    return decorate


@for_any(extra=DAYS)
def test_another_day_off_ends_nothing_earlier(
    counting, special, kind, start, length, paused, extra
):
    before = end(special, kind, counting, start, length, paused)

    after = end({**special, extra: off(extra)}, kind, counting, start, length, paused)

    assert after >= before


@for_any(extra=DAYS.map(saturday_of))
def test_another_saturday_worked_ends_nothing_later(
    counting, special, kind, start, length, paused, extra
):
    before = end(special, kind, counting, start, length, paused)

    after = end({**special, extra: worked(extra)}, kind, counting, start, length, paused)

    assert after <= before


@for_any(extra=DAYS)
def test_another_day_of_waiting_ends_nothing_earlier(
    counting, special, kind, start, length, paused, extra
):
    before = end(special, kind, counting, start, length, paused)

    assert end(special, kind, counting, start, length, paused | {extra}) >= before


@for_any(asked=MOMENTS, waited=st.integers(0, 60), longer=st.integers(0, 20))
def test_a_longer_pause_ends_nothing_earlier(
    counting, special, kind, start, length, paused, asked, waited, longer
):
    short, long = (
        paused | paused_days([(asked, asked + timedelta(hours=hours))])
        for hours in (24 * waited, 24 * (waited + longer))
    )

    earlier = end(special, kind, counting, start, length, short)

    assert earlier <= end(special, kind, counting, start, length, long)


@for_any(asked=MOMENTS, seconds=st.integers(0, 86_399))
def test_asking_and_answering_on_one_day_changes_nothing(
    counting, special, kind, start, length, paused, asked, seconds
):
    answered = asked + timedelta(seconds=seconds)
    if local_day(answered) != local_day(asked):
        answered = asked
    both = paused | paused_days([(asked, answered)])

    before, after = (end(special, kind, counting, start, length, days) for days in (paused, both))

    assert after == before


@for_any(units=st.integers(1, 10))
def test_an_extension_ends_nothing_earlier(counting, special, kind, start, length, paused, units):
    before = end(special, kind, counting, start, length, paused)

    after = end(special, kind, counting, start, length + units, paused)

    assert after > before or (counting == "days, moved" and after == before)


@for_any()
def test_the_count_is_that_of_a_finger_on_the_calendar(
    counting, special, kind, start, length, paused
):
    days = calendar(special, kind)
    day, left = start, length
    while left:
        day += ONE_DAY
        rests = counting == "working days" and days.reason_off(day) is not None
        left -= not rests and day not in paused
    while counting == "days, moved" and days.reason_off(day) is not None:
        day += ONE_DAY

    assert end(special, kind, counting, start, length, paused) == day
