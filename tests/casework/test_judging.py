"""Judging how complex a case is moves its last day, openly, and only while it can be kept."""

from datetime import UTC, date, datetime

import pytest
import time_machine

from casework.exceptions import CaseError
from casework.judging import classify_case
from casework.models import CLASSIFIED, DEADLINE_MOVED, WENT_ON, Clock
from casework.services import go_on_without_answer, write_to_customer
from complaints.services import escalate_complaint, verify_complaint
from policies import calendar_changes as calendar
from policies.models import Company, DayKind, TimeLimitKind
from privacyportal.roles import COMPLAINT_OFFICER, DPO
from tests.clients import PortalClient
from tests.factories import make_complaint, make_staff

pytestmark = pytest.mark.django_db

MONDAY = datetime(2027, 3, 1, 3, 0, tzinfo=UTC)  # no holiday for weeks
SIMPLE, ORDINARY, COMPLEX = date(2027, 3, 10), date(2027, 3, 15), date(2027, 3, 22)


@pytest.fixture
def officer():
    return make_staff(COMPLAINT_OFFICER)


@pytest.fixture
def complaint(officer):
    """One of which nobody has judged the complexity: the longest term applies."""
    Company.objects.update(day_kind=DayKind.STATE)
    with at(1):
        complaint = make_complaint(received_at=MONDAY)
        verify_complaint(complaint, by=officer)
    return complaint


def at(day, month=3):
    return time_machine.travel(datetime(2027, month, day, 2, 0, tzinfo=UTC), tick=False)


def judge(complaint, complexity, *, by, severity="low"):
    classify_case(complaint, severity=severity, complexity=complexity, reason="x", by=by)


def promised(complaint):
    return complaint.clocks.get(limit__family="promise", kind=TimeLimitKind.COMPLAINT_COMPLETION)


def moves(complaint):
    return [
        (event.details["cause"], event.details["before"], event.details["after"])
        for event in complaint.events.filter(code=DEADLINE_MOVED)
    ]


def choices(officer, complaint):
    client = PortalClient()
    client.force_login(officer)
    client.cookies["django_language"] = "en"
    page = client.get(f"/admin/complaints/complaint/{complaint.pk}/classify/")
    return [str(label) for _value, label in page.context["form"].fields["complexity"].choices]


def enter_day_off(day, worked):
    calendar.enter_swap(
        day_off=day,
        working_day=worked,
        label_vi="Hoán đổi",
        label_en="Swap",
        document="1/TB",
        by=make_staff(DPO),
    )


def unchanged(complaint):
    complaint.refresh_from_db()
    return (
        complaint.severity,
        complaint.complexity,
        complaint.late_from,
        list(complaint.clocks.values()),
        complaint.events.count(),
    )


@pytest.mark.parametrize(
    ("day", "judged", "complexity", "sentence"),
    [
        (11, "simple", "complex", "10/03/2027"),  # the last day is over: no more time for that
        (11, "", "simple", "10/03/2027"),  # it would be over from the beginning
        (23, "", "simple", "22/03/2027"),  # nothing makes a missed term another one
    ],
)
def test_no_complexity_moves_a_day_that_is_over(
    complaint, officer, day, judged, complexity, sentence
):
    with at(2):
        judge(complaint, judged, by=officer, severity="low" if judged else "")
    before = unchanged(complaint)

    with at(day), pytest.raises(CaseError, match=sentence):
        judge(complaint, complexity, by=officer)
    assert unchanged(complaint) == before

    with at(day):
        judge(complaint, judged or "complex", by=officer, severity="high")
    assert promised(complaint).late_from == before[2]


def test_while_an_authority_decides_no_term_is_chosen(complaint, officer):
    with at(2):
        escalate_complaint(complaint, side="company", authority="A05", by=officer)
    before = unchanged(complaint)

    with at(3), pytest.raises(CaseError):
        judge(complaint, "simple", by=officer)

    assert unchanged(complaint) == before
    client = PortalClient()
    client.force_login(officer)
    form = {"severity": "high", "complexity": ""}
    client.post(f"/admin/complaints/complaint/{complaint.pk}/classify/", form)
    assert unchanged(complaint)[:4] == ("high", *before[1:4])


def test_each_move_is_told_with_before_and_after(complaint, officer):
    with at(2):
        judge(complaint, "simple", by=officer)
        judge(complaint, "simple", by=officer, severity="high")
        judge(complaint, "ordinary", by=officer)

    assert moves(complaint) == [
        (CLASSIFIED, COMPLEX.isoformat(), SIMPLE.isoformat()),
        (CLASSIFIED, SIMPLE.isoformat(), ORDINARY.isoformat()),
    ]
    assert promised(complaint).last_day == ORDINARY
    sentence = complaint.events.filter(code=DEADLINE_MOVED).last().deadline_sentence
    assert "15/03/2027" in sentence
    assert "10/03/2027" in sentence


def test_the_officer_reads_beforehand_what_each_choice_gives(complaint, officer):
    with at(2):
        assert choices(officer, complaint) == [
            "–",
            "simple: last day 10 Mar 2027, before the one that the customer was told, 22 Mar 2027",
            "ordinary: last day 15 Mar 2027,"
            " before the one that the customer was told, 22 Mar 2027",
            "complex",
        ]
        judge(complaint, "ordinary", by=officer)
    with at(11):
        assert choices(officer, complaint) == [
            "–",
            "simple: The last day would be 10 Mar 2027, which is over already.",
            "ordinary",
            "complex: last day 22 Mar 2027, until now 15 Mar 2027",
        ]
    with at(16):
        over = "The last day, 15 Mar 2027, is over: no complexity moves it any more."
        assert choices(officer, complaint) == [
            "–",
            f"simple: {over}",
            "ordinary",
            f"complex: {over}",
        ]


class TestALaterCalendarAlone:
    """A day off that is entered late gives nobody more time for what was promised."""

    @pytest.fixture(autouse=True)
    def another_day_off(self, complaint):
        with at(2):
            enter_day_off(date(2027, 3, 8), worked=date(2027, 6, 5))

    def test_the_severity_moves_nothing(self, complaint, officer):
        with at(2):
            judge(complaint, "", by=officer, severity="high")
        assert (promised(complaint).last_day, moves(complaint)) == (COMPLEX, [])

    def test_another_complexity_counts_that_day_as_it_was_promised(self, complaint, officer):
        with at(2):
            judge(complaint, "ordinary", by=officer)
        assert promised(complaint).last_day == ORDINARY

    @pytest.mark.parametrize(("until", "last_day"), [(3, COMPLEX), (4, date(2027, 3, 23))])
    def test_a_pause_moves_it_by_the_days_of_the_pause(self, complaint, officer, until, last_day):
        with at(3):
            write_to_customer(complaint, text="?", is_question=True, by=officer)
        with at(until):
            go_on_without_answer(complaint, by=officer)

        told = [(WENT_ON, COMPLEX.isoformat(), last_day.isoformat())]
        assert promised(complaint).last_day == last_day
        assert moves(complaint) == (told if last_day > COMPLEX else [])

    def test_where_nobody_can_read_the_promise_it_is_counted_plainly(self, complaint, officer):
        Clock.objects.update(explanation={})
        with at(2):
            judge(complaint, "ordinary", by=officer)
        assert promised(complaint).last_day == date(2027, 3, 16)
