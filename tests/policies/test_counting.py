"""The reference answers, computed independently; see tests/reference/."""

import csv
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from policies.calendars import load_calendar
from policies.counting import (
    SpecialDay,
    WorkingCalendar,
    add_hours,
    add_months,
    last_day_before,
    local_day,
    midnight,
)
from policies.exceptions import OutsideCalendar
from policies.models import DayKind, DayType, OfficialDayKind

REFERENCE = Path(__file__).parent.parent / "reference"


def cases(name):
    with (REFERENCE / name).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [pytest.param(row, id=row["case_id"]) for row in rows]


@pytest.mark.django_db
@pytest.mark.parametrize("case", cases("deadline_cases.csv"))
def test_working_days_end_as_counted_by_hand(case):
    received = datetime.fromisoformat(case["received_local"])

    period = load_calendar(DayKind(case["profile"])).add_working_days(
        local_day(received), int(case["n_working_days"])
    )

    assert period.last_day == date.fromisoformat(case["due_date"])
    assert period.late_from == datetime.fromisoformat(case["overdue_from_utc"])
    assert period.provisional == (case["provisional"] == "yes")


@pytest.mark.django_db
@pytest.mark.parametrize("case", cases("calendar_day_cases.csv"))
def test_calendar_days_and_hours_end_as_counted_by_hand(case):
    received = datetime.fromisoformat(case["received_local"])
    amount = int(case["amount"])

    if case["unit"] == "hour":
        assert add_hours(received, amount).late_from == datetime.fromisoformat(
            case["due_end_local"]
        )
    else:
        calendar = load_calendar(DayKind.STATE)
        promised = calendar.add_calendar_days(local_day(received), amount, move=False)
        statutory = calendar.add_calendar_days(local_day(received), amount, move=True)
        assert promised.last_day == date.fromisoformat(case["unrolled_date"])
        assert statutory.last_day == date.fromisoformat(case["due_date"])
        assert (statutory.moved_from is not None) == (case["rolled"] == "yes")


@pytest.mark.parametrize("case", cases("retention_cases.csv"))
def test_months_end_as_counted_by_hand(case):
    closed = local_day(datetime.fromisoformat(case["closed_local"]))

    last = add_months(closed, int(case["months"]))

    assert last == date.fromisoformat(case["retain_until_date"])
    assert midnight(closed) <= datetime.fromisoformat(case["closed_utc"])


@pytest.mark.parametrize("case", cases("retention_cases.csv"))
def test_a_period_is_over_on_the_day_after_its_last(case):
    closed = date.fromisoformat(case["closed_local_date"])

    last = add_months(closed, int(case["months"]))

    purged_from = datetime.fromisoformat(case["purge_from_utc"])
    assert midnight(last + timedelta(days=1)) == purged_from
    assert last_day_before(purged_from) == last


@pytest.mark.django_db
def test_beyond_the_loaded_calendar_there_is_no_answer():
    calendar = load_calendar(DayKind.STATE)

    with pytest.raises(OutsideCalendar, match="01/01/2023"):
        calendar.add_working_days(date(2028, 1, 10), 15)
    with pytest.raises(OutsideCalendar):
        calendar.add_working_days(date(2022, 12, 30), 1)
    with pytest.raises(OutsideCalendar):
        calendar.add_calendar_days(date(2028, 1, 1), 30, move=True)


@pytest.mark.django_db
def test_each_day_not_counted_is_named_with_its_reason():
    period = load_calendar(DayKind.STATE).add_working_days(date(2026, 11, 20), 2)

    assert [(skipped.day, skipped.reason_en) for skipped in period.skipped] == [
        (date(2026, 11, 21), "weekend"),
        (date(2026, 11, 22), "weekend"),
        (date(2026, 11, 24), "Viet Nam Culture Day"),
    ]
    assert period.last_day == date(2026, 11, 25)


@pytest.mark.parametrize(
    ("late_from", "day"),
    [
        ("2026-12-15T00:00:00+07:00", date(2026, 12, 14)),
        ("2026-12-14T17:00:00+00:00", date(2026, 12, 14)),  # the same moment, told in UTC
        ("2026-12-15T09:30:00+07:00", date(2026, 12, 15)),  # a limit in hours
    ],
)
def test_the_last_day_is_the_day_before_lateness_begins(late_from, day):
    assert last_day_before(datetime.fromisoformat(late_from)) == day


HOLIDAY = SpecialDay(
    date(2027, 9, 2), DayType.OFF, OfficialDayKind.STATUTORY, "Quốc khánh", "National Day", True
)
SWAPPED = SpecialDay(date(2027, 9, 3), DayType.OFF, OfficialDayKind.SWAP_OFF, "Nghỉ", "Off", True)


@pytest.mark.parametrize(
    ("special", "kind", "move", "provisional"),
    [
        (HOLIDAY, DayKind.STATE, True, True),  # moved off the day that may yet change
        (HOLIDAY, DayKind.STATE, False, False),  # a maximum goes by no calendar
        (SWAPPED, DayKind.STATE, True, False),  # Thursday 2 September is worked and stays
    ],
)
def test_a_last_day_is_as_final_as_the_day_it_is_moved_off(special, kind, move, provisional):
    calendar = WorkingCalendar([special], date(2027, 1, 1), date(2027, 12, 31), kind)

    period = calendar.add_calendar_days(date(2027, 8, 30), 3, move=move)

    assert period.provisional is provisional


@pytest.mark.parametrize(
    ("kind", "provisional"), [(DayKind.STATE, True), (DayKind.PRIVATE_NO_SWAP, False)]
)
def test_a_day_that_the_company_does_not_observe_leaves_a_count_final(kind, provisional):
    calendar = WorkingCalendar([SWAPPED], date(2027, 1, 1), date(2027, 12, 31), kind)

    assert calendar.add_working_days(date(2027, 9, 1), 2).provisional is provisional
