from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from accounts.exceptions import AccountClosed
from accounts.models import Customer
from casework.exceptions import CaseError
from casework.judging import classify_case
from casework.models import CaseEvent, Clock
from casework.recount import recount_clocks
from casework.reminders import remind_of_deadlines
from casework.services import (
    assign_case,
    extend_case,
    go_on_without_answer,
    write_as_customer,
    write_to_customer,
)
from common.attachments import CheckedFile
from common.models import DoomedFile
from common.tokens import new_public_id
from complaints import intake, services
from complaints.admin.steps import STEPS as STEPS_OF_THE_DESK
from complaints.admin.steps import act_unless_changed
from complaints.exceptions import ComplaintError, InvalidTransition
from complaints.models import Complaint, ComplaintLink, ComplaintState, Outcome
from notices.models import Notice
from policies import calendar_changes as calendar
from policies.calendars import calendar_version
from policies.models import Company, DayKind, TimeLimitKind
from policies.retention import rule_after_closing
from privacyportal.roles import COMPLAINT_OFFICER, DPO
from retention.purge import purge_closed_accounts
from tests.clients import PortalClient
from tests.factories import (
    answer,
    approve,
    close_in_the_past,
    decide,
    make_complaint,
    make_customer,
    make_staff,
)
from tests.threads import at_once, one_behind_the_other

pytestmark = pytest.mark.usefixtures("portal")


@pytest.fixture
def officer():
    return make_staff(COMPLAINT_OFFICER)


def measures(**kwargs):
    return make_complaint(state=ComplaintState.MEASURES, outcome=Outcome.UPHELD, **kwargs)


def again(complaint):
    """The complaint as another process reads it."""
    return Complaint.objects.get(pk=complaint.pk)


def codes(complaint):
    return [event.code for event in complaint.events.all()]


def is_consistent(complaint):
    """Say whether queue, clocks and state of a complaint tell the same."""
    now = again(complaint)
    running = [clock.late_from for clock in now.clocks.running()]
    if not now.is_open:
        return (running, now.late_from, now.waiting_since) == ([], None, None)
    return now.late_from == min(running, default=None)


def test_two_officers_cannot_both_resolve():
    complaint = measures()
    officers = [make_staff(COMPLAINT_OFFICER) for _ in range(2)]

    outcomes = at_once(
        *(partial(answer, again(complaint), by=by, cause=by.staff_name) for by in officers)
    )

    assert sorted(map(type, outcomes), key=str) == [type(None), InvalidTransition]
    complaint.refresh_from_db()
    assert complaint.cause == officers[outcomes.index(None)].staff_name
    assert codes(complaint) == ["resolved"]
    assert Notice.objects.filter(template="complaint_resolved").count() == 1
    assert is_consistent(complaint)


def test_the_customer_withdraws_while_an_officer_resolves(officer):
    complaint = measures()

    outcomes = at_once(
        partial(answer, again(complaint), by=officer),
        partial(services.withdraw_complaint, again(complaint), by=complaint.customer.user),
    )

    assert sorted(map(type, outcomes), key=str) == [type(None), InvalidTransition]
    assert codes(complaint) in (["resolved"], ["withdrawn"])
    assert again(complaint).state == codes(complaint)[0]
    assert is_consistent(complaint)


STEPS = {
    "resolve": lambda case, by: answer(case, by=by),
    "assign": lambda case, by: assign_case(case, handler=by, by=by, permission=services.WORK),
    "classify": lambda case, by: classify_case(case, severity="low", complexity="simple", by=by),
    "ask": lambda case, by: write_to_customer(case, text="?", is_question=True, by=by),
    "extend": lambda case, by: extend_case(
        case, kind=TimeLimitKind.COMPLAINT_COMPLETION, units=1, reason="x", by=by
    ),
}


@pytest.mark.parametrize("step", STEPS)
def test_no_step_is_taken_with_what_was_withdrawn_meanwhile(step, officer):
    complaint = measures()
    withdraw = partial(services.withdraw_complaint, again(complaint), by=complaint.customer.user)

    outcome = one_behind_the_other(withdraw, partial(STEPS[step], again(complaint), officer))

    assert isinstance(outcome, CaseError | ComplaintError)
    assert codes(complaint) == ["withdrawn"]
    assert (again(complaint).handler, complaint.messages.count()) == (None, 0)
    assert is_consistent(complaint)


def test_two_members_of_staff_confirm_one_refusal_once(officer):
    complaint = decide(make_complaint(), by=officer, outcome=Outcome.NOT_UPHELD)
    answer(complaint, by=officer)
    seconds = [make_staff(DPO) for _ in range(2)]

    outcomes = at_once(
        *(partial(services.confirm_refusal, again(complaint), by=by) for by in seconds)
    )

    assert sorted(map(type, outcomes), key=str) == [type(None), ComplaintError]
    assert again(complaint).confirmed_by == seconds[outcomes.index(None)]
    assert codes(complaint).count("resolved") == 1
    assert Notice.objects.filter(template="complaint_resolved").count() == 1
    assert is_consistent(complaint)


class TestWaiting:
    """The customer answers just when the officer goes on without the answer."""

    @pytest.fixture
    def complaint(self, officer):
        complaint = decide(make_complaint(), by=officer)
        write_to_customer(complaint, text="Khi nào?", is_question=True, by=officer)
        return complaint

    def test_what_was_answered_meanwhile_is_not_gone_on_without(self, complaint, officer):
        outcome = one_behind_the_other(
            lambda: write_as_customer(again(complaint), text="Hôm qua.", by=None),
            lambda: go_on_without_answer(again(complaint), by=officer),
        )

        assert isinstance(outcome, CaseError)
        assert codes(complaint)[-2:] == ["asked", "answered"]
        assert is_consistent(complaint)

    def test_an_answer_that_comes_too_late_is_a_message(self, complaint, officer):
        outcome = one_behind_the_other(
            lambda: go_on_without_answer(again(complaint), by=officer),
            lambda: write_as_customer(again(complaint), text="Hôm qua.", by=None),
        )

        assert outcome is None
        assert codes(complaint)[-3:] == ["asked", "went_on", "wrote"]
        assert is_consistent(complaint)

    def test_two_at_once_end_the_waiting_once(self, complaint, officer):
        at_once(
            lambda: write_as_customer(again(complaint), text="Hôm qua.", by=None),
            lambda: go_on_without_answer(again(complaint), by=officer),
        )

        ends = complaint.events.filter(code__in=["answered", "went_on"])
        assert ends.count() == complaint.messages.filter(from_customer=True).count() == 1
        assert is_consistent(complaint)


@pytest.mark.parametrize("round_", range(3))
def test_two_members_of_staff_link_two_complaints_to_each_other(round_):
    one, other = make_complaint(), make_complaint()

    def link(complaint, named, by):
        step = STEPS_OF_THE_DESK["link"]
        act_unless_changed(
            again(complaint),
            step.act,
            by=by,
            names=step.names,
            reference=named.reference,
            kind="related",
        )

    officers = [make_staff(COMPLAINT_OFFICER) for _ in range(2)]
    pairs = [(one, other, officers[0]), (other, one, officers[1])] * 4

    outcomes = at_once(*(partial(link, *pair) for pair in pairs))

    assert outcomes == [None] * 8
    link = ComplaintLink.objects.get()
    assert (link.earlier, link.later) == (one, other)


class TestCalendarChange:
    """A Saturday is worked in exchange, so that the last days come sooner."""

    @pytest.fixture
    def complaint(self):
        Company.objects.update(day_kind=DayKind.STATE)
        complaint = make_complaint(received_at=datetime(2027, 8, 24, 3, 0, tzinfo=UTC))
        calendar.enter_swap(
            day_off=date(2027, 10, 4),
            working_day=date(2027, 8, 28),
            label_vi="Hoán đổi",
            label_en="Swap",
            document="1/TB",
            by=make_staff(DPO),
        )
        return complaint

    def test_a_case_judged_while_its_clocks_are_counted_anew(self, complaint, officer):
        classify = partial(
            classify_case, again(complaint), severity="low", complexity="simple", by=officer
        )

        assert one_behind_the_other(recount_clocks, classify) is None

        self.check(complaint)
        assert "deadline_moved" in codes(complaint)

    def test_clocks_are_counted_anew_after_a_case_was_judged(self, complaint, officer):
        outcomes = at_once(
            recount_clocks,
            partial(
                classify_case, again(complaint), severity="low", complexity="simple", by=officer
            ),
        )
        recount_clocks()

        assert not any(isinstance(outcome, Exception) for outcome in outcomes)
        self.check(complaint)

    def check(self, complaint):
        """The clocks are what they would be had nothing happened at the same time."""
        twin = make_complaint(received_at=complaint.received_at, complexity="simple")
        ends = {
            case: {(c.kind, c.limit.family): c.late_from for c in case.clocks.all()}
            for case in (again(complaint), twin)
        }
        assert ends[complaint] == ends[twin]
        assert again(complaint).late_from == twin.late_from
        assert codes(complaint).count("classified") == 1
        assert set(Clock.objects.values_list("calendar_version", flat=True)) == {calendar_version()}


def test_nobody_is_reminded_of_what_is_closed_meanwhile():
    complaints = [make_complaint(received_at=timezone.now() - timedelta(days=60)) for _ in range(5)]

    def withdraw_all():
        for complaint in complaints:
            services.withdraw_complaint(again(complaint), by=complaint.customer.user)

    outcomes = at_once(withdraw_all, remind_of_deadlines, remind_of_deadlines)

    assert not any(isinstance(outcome, Exception) for outcome in outcomes)
    for complaint in complaints:
        assert codes(complaint)[-1] == "withdrawn"  # no reminder comes after it
        assert is_consistent(complaint)
    assert remind_of_deadlines() == 0


class TestPurge:
    """The purge takes a customer whose account was closed long ago."""

    @pytest.fixture
    def complaint(self, officer):
        approve(rule_after_closing(timezone.localdate()))
        complaint = decide(make_complaint(), by=officer)
        answer(complaint, by=officer)
        close_in_the_past(complaint.customer, days=400)
        return complaint

    def test_what_is_linked_then_is_linked_before_or_finds_it_gone(self, complaint, officer):
        other = make_complaint()

        (run,), outcome = at_once(
            purge_closed_accounts,
            lambda: services.link_complaints(
                again(other), other=again(complaint), kind="related", by=officer
            ),
        )

        is_alive = Complaint.objects.filter(pk=complaint.pk).exists()
        assert (run.erased, run.failed) == (int(not is_alive), 0)
        assert isinstance(outcome, CaseError | Complaint.DoesNotExist | None)
        assert ComplaintLink.objects.exists() == is_alive
        assert again(other).is_open

    def test_who_disagrees_then_is_refused_and_erased_whole(self, complaint):
        (run,), outcome = at_once(
            purge_closed_accounts,
            lambda: services.disagree_with_answer(again(complaint), reason="Sai.", by=None),
        )

        assert isinstance(outcome, AccountClosed | Complaint.DoesNotExist)
        assert (run.failed, Customer.objects.count()) == (0, 1 - run.erased)
        assert Complaint.objects.filter(state=ComplaintState.RESOLVED).count() == 1 - run.erased

    @pytest.mark.parametrize("round_", range(3))
    def test_what_goes_to_an_authority_then_keeps_the_customer_or_finds_them_gone(
        self, complaint, officer, round_
    ):
        (run,), outcome = at_once(
            purge_closed_accounts,
            lambda: services.escalate_complaint(
                again(complaint), side="company", authority="A05", by=officer
            ),
        )

        is_alive = Customer.objects.exists()
        assert (outcome is None) == is_alive
        assert (run.erased, run.failed) == (int(not is_alive), 0)
        assert Complaint.objects.filter(state=ComplaintState.ESCALATED).count() == int(is_alive)
        assert is_alive or not CaseEvent.objects.exists()


def test_eight_posts_of_one_form_make_one_complaint():
    customer = make_customer()
    submission = new_public_id()
    letter = CheckedFile("thư.pdf", "application/pdf", b"%PDF-1.4 x", "1" * 64)

    def file():
        return intake.file_complaint(
            type(customer).objects.get(pk=customer.pk),
            category="other",
            text="x",
            submission=submission,
            evidence=[letter],
            by=customer.user,
        )

    outcomes = at_once(*[file] * 8)

    complaint = Complaint.objects.get()
    assert outcomes == [complaint] * 8
    assert complaint.events.count() == 1
    assert Notice.objects.count() == 1
    stored = [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]
    assert stored == [Path(complaint.evidence.get().file.path)]
    assert not DoomedFile.objects.exists()


def test_eight_parallel_posts_of_one_page_make_one_complaint():
    customer = make_customer()
    data = {"submission": new_public_id(), "category": "other", "text": "x"}
    browsers = [PortalClient() for _ in range(8)]
    for browser in browsers:
        browser.force_login(customer.user)

    answers = at_once(*(partial(each.post, reverse("file_complaint"), data) for each in browsers))

    complaint = Complaint.objects.get()
    assert {(each.status_code, each.url) for each in answers} == {
        (302, complaint.get_absolute_url())
    }
    assert codes(complaint) == ["received"]
    assert Notice.objects.filter(template="complaint_received").count() == 1
