"""The reference answers once more, on the clocks of complaints that were filed."""

import csv
from datetime import date, datetime, timedelta
from itertools import groupby
from pathlib import Path

import pytest
from django.db.models import F

from common.tokens import new_public_id
from complaints.intake import file_complaint
from policies.models import Company, DayKind, RuleBasis, RuleFamily, TimeLimit, TimeLimitKind
from tests.factories import make_customer

pytestmark = pytest.mark.django_db

REFERENCE = Path(__file__).parent.parent / "reference"
BASES = {RuleFamily.PROMISE: RuleBasis.POLICY, RuleFamily.STATUTE: RuleBasis.STATUTE}


def grouped(name, *columns):
    """The cases that one rule answers together: those alike in ``columns``."""

    def key(row):
        return tuple(row[column] for column in columns)

    with (REFERENCE / name).open(newline="", encoding="utf-8") as file:
        rows = sorted(csv.DictReader(file), key=key)
    return [pytest.param(list(alike), id="-".join(rule)) for rule, alike in groupby(rows, key=key)]


@pytest.fixture
def limit_to():
    """Let this be the only limit of a complaint, in both families, since before all cases."""
    TimeLimit.objects.update(valid_to=F("valid_from") - timedelta(days=1))

    def limit_to(length, unit):
        for family, basis in BASES.items():
            TimeLimit.objects.create(
                kind=TimeLimitKind.COMPLAINT_COMPLETION,
                family=family,
                basis=basis,
                maximum=length,
                unit=unit,
                valid_from=date(2023, 1, 1),
                source_vi="Thử",
                source_en="Test",
            )

    return limit_to


def ends(rows):
    """File a complaint for each case; return what its clock of each family says, by case."""
    customer = make_customer()
    clocks = {}
    for row in rows:
        complaint = file_complaint(
            customer,
            category="other",
            text=row["note"] or "x",
            submission=new_public_id(),
            received_at=datetime.fromisoformat(row["received_local"]),
            by=customer.user,
        )
        complaint.refresh_from_db()
        by_family = {clock.limit.family: clock for clock in complaint.clocks.all()}
        assert complaint.late_from == min(clock.late_from for clock in by_family.values())
        clocks[row["case_id"]] = by_family
    return clocks


@pytest.mark.parametrize("rows", grouped("deadline_cases.csv", "profile", "n_working_days"))
def test_a_complaint_ends_on_the_working_day_counted_by_hand(rows, limit_to):
    Company.objects.update(day_kind=DayKind(rows[0]["profile"]))
    limit_to(int(rows[0]["n_working_days"]), "working_day")

    clocks = {case: clock[RuleFamily.PROMISE] for case, clock in ends(rows).items()}

    assert {
        case: (clock.last_day, clock.late_from, clock.explanation["provisional"])
        for case, clock in clocks.items()
    } == {
        row["case_id"]: (
            date.fromisoformat(row["due_date"]),
            datetime.fromisoformat(row["overdue_from_utc"]),
            row["provisional"] == "yes",
        )
        for row in rows
    }


@pytest.mark.parametrize("rows", grouped("calendar_day_cases.csv", "unit", "amount"))
def test_a_complaint_ends_on_the_day_or_hour_counted_by_hand(rows, limit_to):
    Company.objects.update(day_kind=DayKind.STATE)
    limit_to(int(rows[0]["amount"]), rows[0]["unit"])

    clocks = ends(rows)

    assert {
        case: (
            clock[RuleFamily.PROMISE].last_day,
            clock[RuleFamily.STATUTE].last_day,
            clock[RuleFamily.STATUTE].late_from,
            clock[RuleFamily.STATUTE].explanation["moved_from"] is not None,
        )
        for case, clock in clocks.items()
    } == {
        row["case_id"]: (
            date.fromisoformat(row["unrolled_date"]),
            date.fromisoformat(row["due_date"]),
            first_late_moment(row),
            row["rolled"] == "yes",
        )
        for row in rows
    }


def first_late_moment(row):
    """The files name the last second of a day, and of hours the moment at which they end."""
    end = datetime.fromisoformat(row["due_end_local"])
    return end if row["unit"] == "hour" else end + timedelta(seconds=1)
