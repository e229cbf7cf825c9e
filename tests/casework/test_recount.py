from datetime import UTC, date, datetime

import pytest
import time_machine
from django.core import mail
from django.db import transaction
from django.db.models import JSONField, Value
from django.utils import translation

from casework import tasks
from casework.models import CaseConflict, CaseEvent, Clock, ConflictCause
from casework.recount import recount_clocks
from casework.services import exclude_staff
from complaints.models import Complaint
from complaints.services import withdraw_complaint
from notices.models import Notice
from notices.services import send_due_notices
from policies import calendar_changes as calendar
from policies.calendars import calendar_version
from policies.exceptions import UnreadableExplanation
from policies.models import CalendarRange, Company, DayKind, OfficialDay, RuleFamily, TimeLimitKind
from privacyportal.roles import AUDITOR, COMPLAINT_OFFICER, DPO
from tests.factories import make_complaint, make_staff
from tests.threads import at_once

pytestmark = pytest.mark.django_db

RECEIVED = datetime(2027, 8, 24, 3, 0, tzinfo=UTC)  # Tuesday
COUNTED = date(2027, 9, 6)  # seven working days later: 2 and 3 September are off
OFF, WORKED = date(2027, 8, 30), date(2027, 8, 28)  # a Monday and the Saturday before


@pytest.fixture(autouse=True)
def works_by_the_state(db):
    Company.objects.update(day_kind=DayKind.STATE)


@pytest.fixture
def dpo(db):
    return make_staff(DPO)


def swap(by, day_off=date(2027, 10, 4), working_day=WORKED):
    """Enter a swap: by itself, its working day ends seven working days a day sooner."""
    return calendar.enter_swap(
        day_off=day_off,
        working_day=working_day,
        label_vi="Hoán đổi",
        label_en="Swap",
        document="1/TB",
        by=by,
    )


def statute(complaint):
    return complaint.clocks.get(
        kind=TimeLimitKind.COMPLAINT_FIRST_RESPONSE, limit__family=RuleFamily.STATUTE
    )


def moves(complaint):
    return list(complaint.events.filter(code="deadline_moved"))


def test_an_earlier_last_day_becomes_the_clocks_and_is_logged(dpo):
    complaint = make_complaint(received_at=RECEIVED)
    assert statute(complaint).last_day == COUNTED
    swap(dpo)

    recount_clocks()

    clock = statute(complaint)
    earlier = date(2027, 9, 1)
    assert (clock.last_day, clock.calendar_version) == (earlier, calendar_version())
    assert date(2027, 8, 28).isoformat() not in [d["day"] for d in clock.explanation["skipped"]]
    complaint.refresh_from_db()
    assert complaint.late_from == min(c.late_from for c in complaint.clocks.all())
    event = next(e for e in moves(complaint) if e.details["family"] == RuleFamily.STATUTE)
    assert (event.by, event.details) == (
        None,
        {
            "kind": TimeLimitKind.COMPLAINT_FIRST_RESPONSE,
            "family": RuleFamily.STATUTE,
            "before": "2027-09-06",
            "after": "2027-09-01",
            "calendar_version": calendar_version(),
        },
    )
    last = Complaint.history.filter(id=complaint.pk).latest("history_id")
    assert (last.history_change_reason, last.late_from) == (
        "calendar changed",
        complaint.late_from,
    )
    with translation.override("en"):
        assert "1 Sep 2027" in event.deadline_sentence
        assert "6 Sep 2027" in event.deadline_sentence


def test_a_later_last_day_leaves_what_was_promised(dpo):
    complaint = make_complaint(received_at=RECEIVED)
    before = {clock.pk: (clock.last_day, clock.explanation) for clock in complaint.clocks.all()}
    swap(dpo, day_off=OFF, working_day=date(2027, 10, 9))

    recount_clocks()

    clocks = list(complaint.clocks.all())
    assert {clock.pk: (clock.last_day, clock.explanation) for clock in clocks} == before
    assert {clock.calendar_version for clock in clocks} == {calendar_version()}
    assert moves(complaint) == []


def test_a_day_that_became_earlier_does_not_move_back(dpo):
    complaint = make_complaint(received_at=RECEIVED)
    off, _worked = swap(dpo)
    recount_clocks()
    calendar.withdraw_day(off, reason="entered wrongly", document="2/TB", by=dpo)

    moved = moves(complaint)

    recount_clocks()

    assert statute(complaint).last_day == date(2027, 9, 1)
    assert statute(complaint).calendar_version == calendar_version()
    assert moves(complaint) == moved


def test_closed_cases_and_met_clocks_stay(dpo):
    closed, answered = (make_complaint(received_at=RECEIVED) for _n in range(2))
    with time_machine.travel(RECEIVED, tick=False):
        withdraw_complaint(closed, by=closed.customer.user)
    first = answered.clocks.filter(kind=TimeLimitKind.COMPLAINT_FIRST_RESPONSE)
    first.update(met_at=RECEIVED)
    before = list(Clock.objects.exclude(met_at=None).order_by("pk").values())
    assert {row["last_day"] for row in before} >= {COUNTED}
    swap(dpo)

    recount_clocks()

    assert list(Clock.objects.exclude(met_at=None).order_by("pk").values()) == before


def test_an_explanation_follows_when_the_last_day_stays(dpo):
    complaint = make_complaint(received_at=RECEIVED)
    day = OfficialDay.objects.get(day=date(2027, 9, 2))
    day.status = "proposed"
    day.save()
    OfficialDay.objects.filter(pk=day.pk).update(status="provisional")
    calendar.confirm_days([OfficialDay.objects.get(pk=day.pk)], document="3/TB", by=dpo)
    Clock.objects.update(explanation={**statute(complaint).explanation, "provisional": True})

    recount_clocks()

    assert statute(complaint).explanation["provisional"] is False
    assert statute(complaint).last_day == COUNTED
    assert moves(complaint) == []


def test_beyond_the_calendar_the_promise_stays(dpo):
    complaint = make_complaint(received_at=RECEIVED)
    swap(dpo)
    CalendarRange.objects.update(covers_to=date(2027, 8, 25))

    recount_clocks()

    assert statute(complaint).last_day == COUNTED
    assert statute(complaint).calendar_version == calendar_version()


def test_a_mere_proposal_recounts_nothing(dpo, django_assert_num_queries):
    make_complaint(received_at=RECEIVED)
    calendar.propose_year(2028, by=dpo)

    with django_assert_num_queries(4):  # the version; a savepoint around the search
        assert recount_clocks() == 0


@pytest.mark.parametrize("rows", [1, 3])
def test_a_batch_needs_as_many_queries_as_a_case(rows, dpo, django_assert_num_queries):
    for _n in range(rows):
        make_complaint(received_at=RECEIVED)
    swap(dpo)

    with django_assert_num_queries(21):
        moved = recount_clocks()

    assert moved >= rows


UNREADABLE = ({}, [], None, "words", {"started_at": "yesterday"})


@pytest.mark.parametrize("explanation", UNREADABLE)
def test_a_clock_that_cannot_be_read_is_left_out_and_the_others_go_on(explanation, dpo, caplog):
    broken, whole = (make_complaint(received_at=RECEIVED) for _n in range(2))
    clock = statute(broken)
    Clock.objects.filter(pk=clock.pk).update(explanation=Value(explanation, JSONField()))
    swap(dpo)

    for _run in range(2):
        with pytest.raises(UnreadableExplanation):
            recount_clocks()

    assert statute(whole).last_day == date(2027, 9, 1)
    left = Clock.objects.get(pk=clock.pk)
    assert (left.last_day, left.calendar_version) == (COUNTED, clock.calendar_version)
    assert Clock.objects.filter(calendar_version__lt=calendar_version()).get() == left
    assert f"clock {clock.pk} of case {broken.pk}" in caplog.text


def test_the_page_of_the_jobs_shows_that_a_clock_cannot_be_read(dpo, client):
    complaint = make_complaint(received_at=RECEIVED)
    Clock.objects.filter(pk=statute(complaint).pk).update(explanation={})
    swap(dpo)

    with pytest.raises(UnreadableExplanation):
        tasks.recount_clocks()

    client.force_login(dpo)
    assert "UnreadableExplanation" in client.get("/admin/common/jobstatus/").text
    with translation.override("en"):
        assert statute(complaint).explanation_lines == ["How this day was found cannot be shown."]
    sentence = statute(complaint).explanation_lines[0]
    page = f"/admin/complaints/complaint/{complaint.pk}/change/"
    assert sentence in client.get(page).text
    client.force_login(complaint.customer.user)
    assert sentence in client.get(complaint.get_absolute_url()).text


def test_who_has_an_interest_hears_of_no_last_day_that_moved(dpo):
    colleague, handler = make_staff(DPO), make_staff(COMPLAINT_OFFICER)
    unassigned = make_complaint(received_at=RECEIVED)
    handled = make_complaint(received_at=RECEIVED, handler=handler)
    exclude_staff(unassigned, dpo, cause=ConflictCause.NAMED)
    CaseConflict.objects.create(case_id=handled.pk, staff=handler, cause=ConflictCause.NAMED)
    swap(dpo)

    recount_clocks()

    told = {
        notice.recipient: [case["reference"] for case in notice.context["cases"]]
        for notice in Notice.objects.filter(template="deadlines_moved")
    }
    assert told == {
        colleague.public_id: [unassigned.reference, handled.reference],
        dpo.public_id: [handled.reference],
    }


def test_who_handles_a_complaint_learns_that_its_last_day_moved(dpo):
    handler, gone = make_staff(COMPLAINT_OFFICER), make_staff(COMPLAINT_OFFICER, is_active=False)
    elsewhere = make_staff(AUDITOR)
    mine, also_mine, left_behind, also_left, unassigned = (
        make_complaint(received_at=RECEIVED, handler=who)
        for who in (handler, handler, gone, elsewhere, None)
    )
    make_complaint(received_at=datetime(2027, 11, 24, 3, 0, tzinfo=UTC), handler=gone)  # stays
    swap(dpo)

    recount_clocks()
    recount_clocks()

    notices = Notice.objects.filter(template="deadlines_moved")
    told = {
        notice.recipient: [case["reference"] for case in notice.context["cases"]]
        for notice in notices
    }
    assert notices.count() == 2
    assert told == {
        handler.public_id: [mine.reference, also_mine.reference],
        dpo.public_id: [left_behind.reference, also_left.reference, unassigned.reference],
    }
    send_due_notices()
    (message,) = (each for each in mail.outbox if each.to == [handler.email])
    assert f"{mine.reference}: 01/09/2027" in message.body


def test_nobody_is_told_where_no_day_moved(dpo):
    make_complaint(received_at=RECEIVED)
    swap(dpo, day_off=OFF, working_day=date(2027, 10, 9))

    recount_clocks()

    assert not Notice.objects.filter(template="deadlines_moved").exists()


def test_run_again_it_finds_nothing(dpo):
    make_complaint(received_at=RECEIVED)
    swap(dpo)

    assert recount_clocks() > 0
    assert recount_clocks() == 0
    assert CaseEvent.objects.filter(code="deadline_moved").count() > 0


@pytest.mark.django_db(transaction=True)
def test_two_at_once_log_each_move_once(portal):
    Company.objects.update(day_kind=DayKind.STATE)
    for _n in range(3):
        make_complaint(received_at=RECEIVED)
    swap(make_staff(DPO))

    moved = [*at_once(recount_clocks, recount_clocks), recount_clocks()]

    events = CaseEvent.objects.filter(code="deadline_moved")
    clocks = set(events.values_list("case", "details__family", "details__kind"))
    assert sum(moved) == events.count() == len(clocks) > 0
    assert not Clock.objects.filter(calendar_version__lt=calendar_version()).exists()


@pytest.mark.django_db(transaction=True)
def test_a_case_that_somebody_holds_is_left_for_the_next_run(portal):
    Company.objects.update(day_kind=DayKind.STATE)
    held, free = (make_complaint(received_at=RECEIVED) for _n in range(2))
    swap(make_staff(DPO))

    with transaction.atomic():
        Complaint.objects.select_for_update().get(pk=held.pk)
        at_once(recount_clocks)
        while_held = [statute(held).last_day, statute(free).last_day]
    recount_clocks()

    assert while_held == [COUNTED, date(2027, 9, 1)]
    assert statute(held).last_day == date(2027, 9, 1)


def test_customer_and_officer_read_which_day_moved(dpo, client):
    complaint = make_complaint(received_at=RECEIVED)
    swap(dpo)
    recount_clocks()
    sentences = [event.deadline_sentence for event in moves(complaint)]

    client.force_login(complaint.customer.user)
    for_customer = client.get(complaint.get_absolute_url()).content.decode()
    client.force_login(dpo)
    for_officer = client.get(f"/admin/complaints/complaint/{complaint.pk}/change/").content.decode()

    assert len(sentences) > 0
    for sentence in sentences:
        assert sentence in for_customer
        assert sentence in for_officer
