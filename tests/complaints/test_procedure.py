"""After the answer: the customer agrees, disagrees once, or either side goes to an authority."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from access.models import AccessAction, AccessRecord
from access.services import record_access
from casework.exceptions import CaseError, ConflictOfInterest
from casework.models import CaseConflict, ConflictCause
from casework.services import (
    assign_case,
    extend_case,
    go_on_without_answer,
    write_as_customer,
    write_to_customer,
)
from common.personal_data import DataCategory
from common.tokens import new_public_id
from complaints import services
from complaints.exceptions import ComplaintError, InvalidTransition
from complaints.figures import is_late
from complaints.intake import file_complaint
from complaints.models import Complaint, ComplaintState
from notices.models import Notice
from policies.loading import load_profile
from policies.models import Assignment, Company, TimeLimitKind
from privacyportal.roles import COMPLAINT_LEAD, COMPLAINT_OFFICER, DPO
from rights.contents import tables_of
from tests.factories import answer, decide, make_complaint, make_customer, make_staff

pytestmark = pytest.mark.django_db

COMPLETION = TimeLimitKind.COMPLAINT_COMPLETION
MONDAY = datetime(2027, 3, 1, 3, 0, tzinfo=UTC)  # no holiday for weeks


@pytest.fixture
def officer():
    return make_staff(COMPLAINT_OFFICER)


def at(day):
    return time_machine.travel(datetime(2027, 3, day, 2, 0, tzinfo=UTC), tick=False)


def promised(complaint):
    return complaint.clocks.get(limit__family="promise", kind=COMPLETION)


def resolved(officer, **kwargs):
    complaint = decide(make_complaint(**kwargs), by=officer)
    answer(complaint, by=officer)
    return complaint


class TestAfterTheAnswer:
    def test_the_customer_agrees_once(self, officer):
        complaint = resolved(officer)

        for _ in range(2):
            services.agree_to_answer(complaint, by=complaint.customer.user)

        assert complaint.agreed_at is not None
        assert complaint.events.filter(code="agreed").count() == 1

    def test_disagreeing_opens_it_for_somebody_else_under_its_first_clock(self, officer):
        complaint = resolved(officer, received_at=timezone.now() - timedelta(days=2))
        ends, lead = promised(complaint).late_from, make_staff(COMPLAINT_LEAD)
        Notice.objects.all().delete()

        services.disagree_with_answer(complaint, reason="Vẫn nhận tin.", by=complaint.customer.user)

        complaint.refresh_from_db()
        assert (complaint.state, complaint.handler) == (ComplaintState.VERIFYING, None)
        assert (complaint.is_open, complaint.late_from) == (True, ends)
        assert complaint.messages.get().text == "Vẫn nhận tin."
        assert CaseConflict.objects.get().cause == ConflictCause.DECIDED
        assert set(Notice.objects.values_list("template", "recipient")) == {
            ("complaint_disagreed", complaint.customer.public_id),
            ("case_disagreed", lead.public_id),
        }
        with pytest.raises(ConflictOfInterest):
            assign_case(complaint, handler=officer, by=make_staff(DPO), permission=services.WORK)
        assert Complaint.objects.readable_by(officer).get() == complaint

    def test_the_second_time_only_an_authority_is_left(self, officer):
        complaint, second = resolved(officer), make_staff(COMPLAINT_OFFICER)
        services.disagree_with_answer(complaint, reason="Sai.", by=complaint.customer.user)
        services.decide_complaint(complaint, outcome="partly", cause="c", finding="f", by=second)
        answer(complaint, by=second)

        with pytest.raises(ComplaintError):
            services.disagree_with_answer(complaint, reason="Sai.", by=complaint.customer.user)
        services.escalate_complaint(
            complaint, side="customer", authority="A05", by=complaint.customer.user
        )

        assert complaint.state == ComplaintState.ESCALATED

    def test_nothing_is_said_to_an_answer_that_was_not_given(self):
        complaint = make_complaint()
        with pytest.raises(ComplaintError):
            services.agree_to_answer(complaint, by=complaint.customer.user)


class TestAuthorities:
    @pytest.mark.parametrize("side", ["customer", "company"])
    def test_sp_14_either_side_takes_it_to_an_authority(self, side, officer):
        load_profile("speedsms")
        complaint = make_complaint()

        services.escalate_complaint(
            complaint, side=side, authority="Công an Hà Nội", reference="12/TB", by=officer
        )

        complaint.refresh_from_db()
        assert (complaint.escalated_by, complaint.authority, complaint.authority_reference) == (
            side,
            "Công an Hà Nội",
            "12/TB",
        )
        assert (complaint.is_open, complaint.late_from) == (True, None)

    def test_its_decision_ends_what_was_answered_and_resumes_what_was_not(self, officer):
        answered, unanswered = resolved(officer), make_complaint()
        for complaint in (answered, unanswered):
            services.escalate_complaint(complaint, side="customer", authority="A05", by=officer)

            services.settle_escalation(complaint, decision="Giữ nguyên.", by=officer)

        assert (answered.state, unanswered.state) == (
            ComplaintState.RESOLVED,
            ComplaintState.VERIFYING,
        )

    def test_no_decision_closes_it_with_the_answer_that_the_customer_rejected(self, officer):
        complaint = resolved(officer)
        services.disagree_with_answer(complaint, reason="Sai.", by=complaint.customer.user)
        services.escalate_complaint(complaint, side="customer", authority="A05", by=None)

        services.settle_escalation(complaint, decision="Trả lại.", by=make_staff(DPO))

        complaint.refresh_from_db()
        assert (complaint.state, complaint.is_open) == (ComplaintState.VERIFYING, True)


class TestRefusals:
    def test_the_database_wants_two_people_too(self, officer):
        complaint = decide(make_complaint(), by=officer, outcome="not_upheld")
        answer(complaint, by=officer)
        alone = Complaint.objects.filter(pk=complaint.pk)

        for confirmed_by in (None, officer):
            with pytest.raises(IntegrityError, match="refused_by_two"), transaction.atomic():
                alone.update(state=ComplaintState.RESOLVED, confirmed_by=confirmed_by)

    def test_no_other_step_goes_around_the_second_person(self, officer):
        complaint = decide(make_complaint(), by=officer, outcome="not_upheld")
        answer(complaint, by=officer)

        with pytest.raises(InvalidTransition):
            answer(complaint, by=officer)

        assert complaint.state == ComplaintState.REFUSAL


class TestPauses:
    @pytest.fixture
    def complaint(self, officer):
        with at(1):
            return decide(make_complaint(received_at=MONDAY), by=officer)

    def test_the_promise_stands_still_while_the_customer_is_asked(self, complaint, officer):
        before = promised(complaint).last_day
        with at(3):
            write_to_customer(complaint, text="Khi nào?", is_question=True, by=officer)
            assert (complaint.late_from, promised(complaint).is_running) == (None, False)
        with at(10):
            write_as_customer(complaint, text="Hôm qua.", by=complaint.customer.user)

        clock = promised(complaint)
        assert (before, clock.last_day) == (
            datetime(2027, 3, 22).date(),
            datetime(2027, 3, 29).date(),
        )
        assert complaint.late_from == clock.late_from
        assert "waiting for the customer" in str(clock.explanation)

    def test_a_question_after_the_last_day_hides_nothing(self, complaint, officer):
        ends = promised(complaint).late_from
        with at(23):
            write_to_customer(complaint, text="Khi nào?", is_question=True, by=officer)

            assert Complaint.objects.overdue().get().late_from == ends
            assert Complaint.objects.filter(is_late(timezone.now())).exists()
        with at(25):
            go_on_without_answer(complaint, by=officer)
            assert (complaint.late_from, promised(complaint).was_missed) == (ends, True)

    def test_asking_and_answering_on_one_day_changes_nothing(self, complaint, officer):
        before = promised(complaint).last_day
        with at(3):
            write_to_customer(complaint, text="Khi nào?", is_question=True, by=officer)
            go_on_without_answer(complaint, by=officer)

        assert promised(complaint).last_day == before

    def test_where_the_policy_knows_no_pause_there_is_none(self, officer):
        load_profile("speedsms")
        with at(1):
            complaint = decide(make_complaint(received_at=MONDAY), by=officer)
            before = complaint.late_from
            write_to_customer(complaint, text="Khi nào?", is_question=True, by=officer)

        assert (complaint.late_from, promised(complaint).is_running) == (before, True)
        assert complaint.waiting_since is not None


class TestExtensions:
    def test_one_before_the_end_with_a_reason_that_the_customer_reads(self, officer):
        complaint = decide(make_complaint(), by=officer)
        before = promised(complaint).last_day

        extend_case(complaint, kind=COMPLETION, units=5, reason="Cần thêm sao kê.", by=officer)

        clock = promised(complaint)
        assert (clock.last_day > before, clock.explanation["length"]) == (True, 20)
        assert complaint.messages.get().text == "Cần thêm sao kê."
        with pytest.raises(CaseError):
            extend_case(complaint, kind=COMPLETION, units=1, reason="Nữa.", by=officer)

    @pytest.mark.parametrize(
        ("units", "reason", "days_ago"), [(6, "x", 0), (0, "x", 0), (5, " ", 0), (5, "x", 60)]
    )
    def test_more_than_the_rule_allows_is_refused(self, units, reason, days_ago, officer):
        complaint = make_complaint(received_at=timezone.now() - timedelta(days=days_ago))
        before = promised(complaint).last_day

        with pytest.raises(CaseError):
            extend_case(complaint, kind=COMPLETION, units=units, reason=reason, by=officer)

        assert promised(complaint).last_day == before

    def test_where_the_policy_knows_none_there_is_none(self, officer):
        load_profile("speedsms")
        with pytest.raises(CaseError):
            extend_case(make_complaint(), kind=COMPLETION, units=1, reason="x", by=officer)


def test_who_looked_handles_no_complaint_about_it(officer):
    Company.objects.update(assignment=Assignment.LEAST_OPEN)
    other = make_staff(COMPLAINT_OFFICER)
    make_complaint(handler=other)
    customer = make_customer()
    record = record_access(
        by=officer,
        action=AccessAction.REVEAL,
        customer=customer.public_id,
        purpose="customer_care",
        field_groups=[DataCategory.CONTACT],
    )

    complaint = file_complaint(
        customer,
        category="unauthorised",
        text="Vì sao?",
        submission=new_public_id(),
        questioned=[record],
        by=customer.user,
    )

    assert complaint.handler == other
    assert complaint.events.get(code="assigned").details == {"to": [other.public_id]}
    assert complaint.questioned_accesses.get().record == AccessRecord.objects.get()
    assert not Complaint.objects.readable_by(officer).filter(pk=complaint.pk).exists()
    with pytest.raises(ConflictOfInterest):
        services.verify_complaint(complaint, by=officer)


class TestWhatIsNotToldYet:
    @pytest.fixture
    def refused(self, officer):
        complaint = make_complaint()
        services.verify_complaint(complaint, by=officer)
        services.decide_complaint(
            complaint, outcome="not_upheld", cause="Nháp A", finding="Nháp B", by=officer
        )
        return complaint

    def read(self, client, complaint):
        client.force_login(complaint.customer.user)
        pages = (complaint.get_absolute_url(), reverse("data_category", args=["complaint"]))
        return "".join(client.get(page).content.decode() for page in pages)

    def test_a_refusal_is_nowhere_before_a_second_person_agreed(self, client, refused, officer):
        assert not Notice.objects.filter(template="complaint_measures").exists()
        assert "Nháp" not in self.read(client, refused)
        answer(refused, by=officer, cause="Nháp A", finding="Nháp B")
        assert "Nháp" not in self.read(client, refused)
        copy = [list(table.records()) for table in tables_of(refused.customer)]
        told = str(copy)
        assert refused.text in told
        assert "Nháp" not in told

        services.confirm_refusal(refused, by=make_staff(DPO))

        assert "Nháp A" in self.read(client, refused)

    def test_what_upholds_is_told_with_the_decision(self, client, officer):
        complaint = decide(make_complaint(), by=officer)

        assert "finding." in self.read(client, complaint)
        assert Notice.objects.filter(template="complaint_measures").exists()


class TestNothingBuysTime:
    def test_an_authority_that_decided_leaves_the_first_clock_running(self, officer):
        complaint = make_complaint()
        ends = promised(complaint).late_from
        services.verify_complaint(complaint, by=officer)
        services.escalate_complaint(complaint, side="company", authority="A05", by=officer)

        services.settle_escalation(complaint, decision="Trả lại.", by=officer)

        complaint.refresh_from_db()
        assert (complaint.state, complaint.late_from) == (ComplaintState.VERIFYING, ends)

    @pytest.mark.parametrize(("responded", "met_on"), [(True, 2), (False, 20)])
    def test_to_go_to_an_authority_is_no_response(self, officer, responded, met_on):
        with at(1):
            complaint = make_complaint(received_at=MONDAY)
        with at(2):
            if responded:
                services.acknowledge_complaint(complaint, by=officer)
            services.escalate_complaint(complaint, side="company", authority="A05", by=officer)
        with at(20):
            services.settle_escalation(complaint, decision="Trả lại.", by=officer)

        first = complaint.clocks.filter(kind=TimeLimitKind.COMPLAINT_FIRST_RESPONSE)
        assert [(clock.met_at.day, clock.was_missed) for clock in first] == [
            (met_on, not responded)
        ]

    def test_a_pause_ends_with_the_answer(self, officer):
        with at(1):
            complaint = decide(make_complaint(received_at=MONDAY), by=officer)
            write_to_customer(complaint, text="?", is_question=True, by=officer)
        with at(3):
            answer(complaint, by=officer)
        with at(15):
            user = complaint.customer.user
            services.disagree_with_answer(complaint, reason="Sai.", by=user)

        assert promised(complaint).last_day == date(2027, 3, 24)  # two days it stood still

    def test_an_answer_that_was_refused_is_never_sent_as_another_one(self, officer):
        complaint = decide(make_complaint(), by=officer, outcome="not_upheld")
        answer(complaint, by=officer, solution="Nháp")
        services.return_refusal(complaint, reason="Xem lại.", by=make_staff(DPO))
        services.decide_anew(complaint, reason="Xem lại.", by=officer)

        services.decide_complaint(complaint, outcome="upheld", cause="c", finding="f", by=officer)

        complaint.refresh_from_db()
        assert (complaint.solution, complaint.answered_at) == ("", None)

    def test_all_who_had_a_part_are_left_out_after_a_disagreement(self, officer):
        second = make_staff(COMPLAINT_OFFICER)
        complaint = decide(make_complaint(), by=officer)
        answer(complaint, by=second)

        services.disagree_with_answer(complaint, reason="Sai.", by=complaint.customer.user)

        assert {each.staff for each in complaint.conflicts.all()} == {officer, second}
