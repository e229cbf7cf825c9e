"""Last days are reminded of: the handler, then the lead, then the officers; each once."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.contrib.auth.models import Group
from django.core import mail
from django.utils import timezone

from access.roles import AUDITOR, COMPLAINT_LEAD
from casework import reminders
from casework.clocks import meet_clocks
from casework.judging import classify_case
from casework.models import REMINDED, CaseReminder, ConflictCause
from casework.services import assign_case, exclude_staff, remind, write_to_customer
from complaints.admin.case import timeline
from complaints.models import Complaint
from complaints.services import WORK, disagree_with_answer, withdraw_complaint
from notices.models import Notice
from notices.services import send_due_notices
from policies.models import Company
from privacyportal.roles import COMPLAINT_OFFICER, DPO
from tests.factories import answer, decide, make_complaint, make_staff
from tests.threads import at_once

pytestmark = pytest.mark.django_db

MONDAY = datetime(2027, 3, 1, 3, 0, tzinfo=UTC)  # no holiday for weeks
ANSWERED_BY = datetime(2027, 3, 10).date()  # the statute's seven working days


def at(day):
    return time_machine.travel(datetime(2027, 3, day, 2, 0, tzinfo=UTC), tick=False)


@pytest.fixture
def staff():
    return {
        "officer": make_staff(COMPLAINT_OFFICER),
        "lead": make_staff(COMPLAINT_LEAD),
        "dpo": make_staff(DPO),
    }


@pytest.fixture
def complaint(staff):
    with at(1):
        return make_complaint(received_at=MONDAY, handler=staff["officer"])


def near_and_late():
    for day in (10, 11):  # the last day, and the next
        with at(day):
            reminders.remind_of_deadlines()


def told():
    """Who has got which notice, by template."""
    return {
        (notice.template, notice.recipient)
        for notice in Notice.objects.filter(template__startswith="deadlines_")
    }


def test_the_steps_come_one_after_the_other_and_each_once(complaint, staff):
    officer, lead, dpo = (staff[name].public_id for name in ("officer", "lead", "dpo"))
    assert complaint.last_day == ANSWERED_BY
    soon = {("deadlines_soon", officer)}
    late = {("deadlines_lead", officer), ("deadlines_lead", lead)}
    grave = {("deadlines_officers", dpo)}

    for day, steps, known in (
        (4, 0, set()),
        (5, 1, soon),  # three working days are left
        (8, 0, soon),
        (10, 0, soon),  # the last day itself
        (11, 1, soon | late),
        (12, 0, soon | late),
        (15, 1, soon | late | grave),  # Thursday and Friday are over
        (16, 0, soon | late | grave),
    ):
        with at(day):
            assert (day, reminders.remind_of_deadlines()) == (day, steps)
            assert told() == known


def test_a_stopped_worker_loses_none(complaint):
    with at(26):
        assert reminders.remind_of_deadlines() == 2  # that the day is near is no news any more
        assert reminders.remind_of_deadlines() == 0

    steps = [event.details["step"] for event in complaint.events.filter(code=REMINDED)]
    assert sorted(steps) == ["lead", "officers"]


def test_a_second_clock_that_ends_on_the_same_day_is_reminded_of_too(complaint):
    first, second = complaint.clocks.order_by("late_from")
    complaint.clocks.filter(pk=second.pk).update(late_from=first.late_from)
    with at(5):
        assert reminders.remind_of_deadlines() == 1
        meet_clocks(complaint, first.kind)
        complaint.save()
        assert [reminders.remind_of_deadlines() for _run in range(2)] == [1, 0]


def test_a_case_that_waits_long_for_its_customer_is_not_forgotten(complaint, staff):
    with at(2):
        decide(complaint, by=staff["officer"])
        write_to_customer(complaint, text="?", is_question=True, by=staff["officer"])

    for day, steps in ((16, 0), (17, 1), (18, 0)):
        with at(day):
            assert (day, reminders.remind_of_deadlines()) == (day, steps)

    assert told() == {("deadlines_waiting", staff["officer"].public_id)}
    assert Notice.objects.get(template="deadlines_waiting").context["cases"] == [
        {"reference": complaint.reference, "day": "2027-03-02"}
    ]
    assert "02/03/2027" in timeline(complaint)[-1].label
    with at(18):
        send_due_notices()
    assert any(complaint.reference in mailed.body for mailed in mail.outbox)


def test_without_a_handler_or_a_lead_somebody_is_told_all_the_same(staff):
    staff["lead"].groups.clear()
    with at(1):
        make_complaint(received_at=MONDAY)

    near_and_late()

    dpo = staff["dpo"].public_id
    assert told() == {("deadlines_soon", dpo), ("deadlines_lead", dpo)}


def test_who_may_handle_no_case_any_more_is_told_of_none(complaint, staff):
    with at(2):
        remind(complaint, on=datetime(2027, 3, 4).date(), by=staff["officer"])
    staff["officer"].groups.set(Group.objects.filter(name=AUDITOR))

    near_and_late()
    with at(11):
        assert reminders.send_reminders() == 0

    lead = staff["lead"].public_id
    assert told() == {("deadlines_soon", lead), ("deadlines_lead", lead)}


def test_a_case_that_was_opened_again_is_reminded_of_anew(complaint, staff):
    second = make_staff(COMPLAINT_OFFICER)
    with at(2):
        decide(complaint, by=staff["officer"])
    with at(26):
        assert reminders.remind_of_deadlines() == 2
        answer(complaint, by=staff["officer"])
        disagree_with_answer(complaint, reason="Sai.", by=complaint.customer.user)
        assign_case(complaint, handler=second, by=staff["lead"], permission=WORK)

        assert [reminders.remind_of_deadlines() for _run in range(2)] == [2, 0]

    steps = {template for template, recipient in told() if recipient == second.public_id}
    assert steps == {"deadlines_lead"}
    grave = Notice.objects.filter(template="deadlines_officers")
    assert [notice.recipient for notice in grave] == [staff["dpo"].public_id] * 2


def test_nobody_is_told_of_a_case_in_which_they_have_an_interest(complaint, staff):
    exclude_staff(complaint, staff["lead"], cause=ConflictCause.NAMED)

    near_and_late()

    assert staff["lead"].public_id not in {recipient for _template, recipient in told()}


@pytest.mark.parametrize("handler", ["officer", None])
def test_where_the_lead_has_an_interest_the_officers_are_told_instead(handler, staff):
    with at(1):
        complaint = make_complaint(received_at=MONDAY, handler=staff.get(handler))
    exclude_staff(complaint, staff["lead"], cause=ConflictCause.NAMED)

    near_and_late()

    officer, dpo = staff["officer"].public_id, staff["dpo"].public_id
    assert told() == (
        {("deadlines_soon", officer), ("deadlines_lead", officer), ("deadlines_lead", dpo)}
        if handler
        else {("deadlines_soon", dpo), ("deadlines_lead", dpo)}
    )


def test_nothing_is_said_of_closed_cases(complaint):
    with at(2):
        withdraw_complaint(complaint, by=complaint.customer.user)

    with at(26):
        assert reminders.remind_of_deadlines() == 0


def test_a_last_day_that_moved_is_reminded_of_anew(complaint, staff):
    with at(5):
        reminders.remind_of_deadlines()
        complaint.refresh_from_db()
        complaint.clocks.filter(limit__family="statute").update(met_at=timezone.now())
        classify_case(complaint, severity="low", complexity="ordinary", by=staff["officer"])
    complaint.refresh_from_db()
    assert complaint.last_day == datetime(2027, 3, 15).date()

    with at(10):
        assert reminders.remind_of_deadlines() == 1


def test_the_profile_says_when_each_is_told(complaint):
    Company.objects.update(due_soon_days=1, lead_after_days=3, dpo_after_days=4)

    steps = {}
    for day in (8, 9, 11, 15, 16, 17):
        with at(day):
            steps[day] = reminders.remind_of_deadlines()

    assert steps == {8: 0, 9: 1, 11: 0, 15: 0, 16: 1, 17: 1}


def test_the_officer_sees_the_reminders_and_the_customer_does_not(client, complaint, staff):
    with at(11):
        reminders.remind_of_deadlines()

        reminder = complaint.events.filter(code=REMINDED).last()
        line = next(line for line in timeline(complaint) if line.at == reminder.at)
        said, _colon, names = line.label.rpartition(": ")
        assert said == f"đã nhắc về hạn cuối {complaint.last_day:%d/%m/%Y}"
        assert set(names.split(", ")) == {str(staff["officer"]), str(staff["lead"])}
        assert REMINDED not in [event.code for event in complaint.events.for_customer()]


def test_two_runs_at_once_remind_once(portal):
    make_complaint(received_at=timezone.now() - timedelta(days=60))

    at_once(*[reminders.remind_of_deadlines] * 3)
    reminders.remind_of_deadlines()  # what each left to another

    assert Complaint.objects.get().events.filter(code=REMINDED).count() == 2


class TestOwnReminders:
    def test_a_reminder_is_sent_on_its_day_once(self, complaint, staff):
        with at(2):
            remind(complaint, on=datetime(2027, 3, 4).date(), by=staff["officer"])
            assert reminders.send_reminders() == 0
        with at(4):
            assert [reminders.send_reminders() for _ in range(2)] == [1, 0]

        notice = Notice.objects.get(template="case_reminder")
        assert notice.recipient == staff["officer"].public_id
        assert notice.context["path"] == complaint.get_desk_url()

    def test_of_a_closed_case_nobody_is_reminded(self, complaint, staff):
        with at(2):
            remind(complaint, on=datetime(2027, 3, 4).date(), by=staff["officer"])
            withdraw_complaint(complaint, by=complaint.customer.user)
        with at(5):
            assert reminders.send_reminders() == 0

        assert CaseReminder.objects.get().sent_at is not None
        assert not Notice.objects.filter(template="case_reminder").exists()
