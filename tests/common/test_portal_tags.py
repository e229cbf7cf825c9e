from datetime import date

import pytest

from common.templatetags.portal import last_day, markdown


@pytest.mark.parametrize(
    ("late_from", "day"),
    [
        ("2026-12-15T00:00:00+07:00", date(2026, 12, 14)),
        ("2026-12-14T17:00:00+00:00", date(2026, 12, 14)),  # the same moment, told in UTC
        ("2026-12-15T09:30:00+07:00", date(2026, 12, 15)),  # a limit in hours
    ],
)
def test_the_last_day_is_the_day_before_lateness_begins(late_from, day):
    assert last_day(late_from) == day


def test_a_policy_is_formatted_and_nothing_more():
    html = markdown("# Hello\n\n[a](javascript:alert(1)) <script>alert(1)</script> **b**")

    assert "<h1>Hello</h1>" in html
    assert "<strong>b</strong>" in html
    assert "<script" not in html
    assert "href" not in html


def test_headings_step_down_under_a_title():
    assert markdown("# A\n\n###### B", 2).split() == ["<h3>A</h3>", "<h6>B</h6>"]
