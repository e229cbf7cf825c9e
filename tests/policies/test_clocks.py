from datetime import UTC, date, datetime

import pytest
from django.utils import translation

from policies.clocks import Explanation, explain
from policies.models import RuleFamily, TimeLimit, TimeUnit

pytestmark = pytest.mark.django_db

RECEIVED = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)  # Friday 10:00 in Viet Nam


def lines(unit, maximum, language="en"):
    limit = TimeLimit(
        family=RuleFamily.STATUTE,
        unit=unit,
        maximum=maximum,
        valid_from=date(2026, 1, 1),
    )
    explanation = Explanation.from_json(explain(limit, RECEIVED).to_json())
    with translation.override(language):
        return explanation.lines()


def test_working_days_name_each_day_left_out():
    assert lines(TimeUnit.WORKING_DAY, 2) == [
        "Received on 20 Nov 2026, 10:00; that day is not counted.",
        "2 working days.",
        "Not counted: Saturday, 21 Nov 2026, weekend.",
        "Not counted: Sunday, 22 Nov 2026, weekend.",
        "Not counted: Tuesday, 24 Nov 2026, Viet Nam Culture Day.",
        "Last day: Wednesday, 25 Nov 2026, until midnight.",
    ]


def test_hours_end_by_the_clock_and_not_at_midnight():
    assert lines(TimeUnit.HOUR, 72) == [
        "Received on 20 Nov 2026, 10:00; the hours run from then, on days of rest too.",
        "72 hours.",
        "The time ends on 23 Nov 2026, 10:00.",
    ]


def test_months_are_called_months():
    assert lines(TimeUnit.MONTH, 6) == [
        "Received on 20 Nov 2026, 10:00; that day is not counted.",
        "6 months.",
        "Last day: Thursday, 20 May 2027, until midnight.",
    ]


@pytest.mark.parametrize("unit", TimeUnit)
def test_every_unit_is_explained_in_vietnamese(unit):
    vietnamese, english = lines(unit, 3, "vi"), lines(unit, 3)
    assert len(vietnamese) == len(english)
    assert not set(vietnamese) & set(english)
