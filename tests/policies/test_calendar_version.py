from datetime import date

import pytest

from common.history import delete_as, save_as
from policies.calendars import calendar_version, ends_too_soon, load_calendar, needed_until
from policies.clocks import Calendars
from policies.models import CalendarRange, DayKind, DayStatus, OfficialDay

pytestmark = pytest.mark.django_db

FRIDAY = date(2027, 3, 5)


def add_day(**kwargs):
    values = {
        "day": FRIDAY,
        "day_type": "OFF",
        "kind": "statutory",
        "label_vi": "Nghỉ",
        "label_en": "Off",
        **kwargs,
    }
    day = OfficialDay(**values)
    save_as(day, by=None, reason="test")
    return day


def grows(change):
    before = calendar_version()
    change()
    return calendar_version() > before


def test_the_version_grows_with_each_change_that_counts():
    day = OfficialDay.objects.get(day=date(2027, 9, 3))
    loaded = CalendarRange.objects.get()
    loaded.covers_to = date(2028, 1, 31)
    day.label_en = "National Day (2)"

    assert grows(lambda: add_day())
    assert grows(lambda: add_day(day=date(2027, 3, 8), status=DayStatus.PROVISIONAL))
    assert grows(lambda: save_as(day, by=None, reason="test", fields=["label_en"]))
    assert grows(lambda: delete_as(day, by=None, reason="test"))
    assert grows(lambda: save_as(loaded, by=None, reason="test", fields=["covers_to"]))


def test_a_proposal_changes_no_version_until_it_is_confirmed():
    before = calendar_version()
    kept = add_day(status=DayStatus.PROPOSED)
    rejected = add_day(day=date(2027, 3, 8), status=DayStatus.PROPOSED)
    delete_as(rejected, by=None, reason="test")
    kept.label_en = "Corrected"
    save_as(kept, by=None, reason="test", fields=["label_en"])

    assert calendar_version() == before
    kept.status = DayStatus.OFFICIAL
    assert grows(lambda: save_as(kept, by=None, reason="test", fields=["status"]))


def test_a_calendar_is_read_once_and_again_when_it_changed(django_assert_num_queries):
    load_calendar(DayKind.STATE)

    with django_assert_num_queries(1):
        before = load_calendar(DayKind.STATE)
    day = add_day()
    with django_assert_num_queries(2):
        after = load_calendar(DayKind.STATE)
    delete_as(day, by=None, reason="test")
    again = load_calendar(DayKind.STATE)

    assert [c.reason_off(FRIDAY) for c in (before, after, again)] == [None, ("Nghỉ", "Off"), None]


def test_many_counts_read_each_calendar_once(django_assert_num_queries):
    for kind in DayKind:
        load_calendar(kind)

    with django_assert_num_queries(2):  # the calendar, the company
        calendars = Calendars()
        for _count in range(3):
            calendars.of_state.add_working_days(FRIDAY, 7)
            calendars.of_company.add_working_days(FRIDAY, 7)


@pytest.mark.parametrize(
    ("today", "until"),
    [
        (date(2026, 10, 31), date(2026, 12, 31)),
        (date(2026, 11, 1), date(2027, 12, 31)),
        (date(2026, 12, 31), date(2027, 12, 31)),
        (date(2027, 1, 1), date(2027, 12, 31)),
    ],
)
def test_from_november_on_the_next_year_is_needed(today, until):
    CalendarRange.objects.update(covers_to=until)
    assert (needed_until(today), ends_too_soon(today)) == (until, None)

    CalendarRange.objects.update(covers_to=date(until.year, 12, 30))
    assert ends_too_soon(today) == date(until.year, 12, 30)
