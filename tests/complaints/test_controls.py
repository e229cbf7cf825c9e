"""What complaints say about the promises."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from casework.judging import classify_case
from casework.models import Case, Clock
from complaints import services
from complaints.models import Complaint, ComplaintState
from policies.loading import load_profile
from policies.models import CalendarRange, Company, Promise, TimeLimit
from privacyportal.roles import COMPLAINT_OFFICER
from tests.answers import answer_of
from tests.factories import answer, decide, make_complaint, make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def officer():
    load_profile("speedsms")
    return make_staff(COMPLAINT_OFFICER)


def days_ago(days):
    return timezone.now() - timedelta(days=days)


def promised_clock_ends(complaint, moment):
    clocks = Clock.objects.filter(case=complaint, limit__family="promise")
    assert clocks.update(late_from=moment) == 1


def test_sp_12_is_kept_while_no_complaint_is_late(officer):
    make_complaint()
    late_but_answered = make_complaint(received_at=days_ago(60))
    services.withdraw_complaint(late_but_answered, by=officer)

    assert answer_of("SP-12") == ("kept", 0, "complaints")


def test_sp_12_is_broken_by_each_complaint_past_15_working_days(officer):
    make_complaint()
    make_complaint(received_at=days_ago(60))
    make_complaint(received_at=days_ago(50))

    assert answer_of("SP-12") == ("broken", 2, "complaints")


@pytest.mark.parametrize(("days", "status"), [(4, "at_risk"), (6, "kept")])
def test_sp_12_is_at_risk_when_a_clock_ends_within_five_days(days, status, officer):
    promised_clock_ends(make_complaint(), timezone.now() + timedelta(days=days))

    assert answer_of("SP-12")[0] == status


def test_sp_12_is_not_broken_by_a_statutory_clock(officer):
    complaint = make_complaint()
    statutory = Clock.objects.filter(case=complaint, limit__family="statute")
    assert statutory.update(late_from=days_ago(1)) > 0

    assert answer_of("SP-12") == ("kept", 0, "complaints")


def test_sp_12_is_at_risk_while_no_last_day_can_be_counted(officer):
    CalendarRange.objects.update(covers_to=timezone.localdate())
    complaint = make_complaint()
    Clock.objects.filter(case=complaint).delete()  # as it would be without the whole calendar

    assert answer_of("SP-12") == ("at_risk", 1, "complaints")


def test_a_promise_of_the_first_response_alone_asks_for_no_clock_once_it_is_given(officer):
    first_response = TimeLimit.objects.get(
        family="statute", kind="complaint_first_response", valid_to=None
    )
    TimeLimit(
        **{
            **{f.attname: getattr(first_response, f.attname) for f in TimeLimit._meta.local_fields},
            "id": None,
            "family": "promise",
            "basis": "company_choice",
        }
    ).save()
    only_this = {"time_limits": ["complaint_first_response"]}
    Promise.objects.filter(code="SP-12").update(parameters=only_this)
    complaint = make_complaint()
    assert complaint.clocks.filter(limit__family="promise").count() == 2

    services.verify_complaint(complaint, by=officer)
    assert answer_of("SP-12") == ("kept", 0, "complaints")

    first = Clock.objects.filter(case=complaint, kind="complaint_first_response")
    first.delete()  # as it would be without the whole calendar
    assert answer_of("SP-12") == ("at_risk", 1, "complaints")


def test_cg_14_goes_by_the_term_of_each_complexity(officer):
    load_profile("clever_group")
    complaint = make_complaint()
    assert answer_of("CG-14") == ("kept", 0, "complaints")

    services.verify_complaint(complaint, by=officer)
    assert answer_of("CG-14") == ("at_risk", 1, "complaints")

    classify_case(complaint, severity="low", complexity="complex", by=officer)
    assert answer_of("CG-14") == ("kept", 0, "complaints")

    promised_clock_ends(complaint, days_ago(1))
    assert answer_of("CG-14") == ("broken", 1, "complaints")


def test_sp_13_asks_for_the_degree_of_each_complaint(officer):
    complaint = make_complaint()
    assert answer_of("SP-13") == ("kept", 0, "complaints")

    decide(complaint, by=officer)
    assert answer_of("SP-13") == ("at_risk", 1, "complaints")

    answer(complaint, by=officer)
    assert answer_of("SP-13") == ("broken", 1, "complaints")


def test_sp_14_wants_to_know_under_which_number_an_authority_has_it(officer):
    complaint = make_complaint()
    services.escalate_complaint(complaint, side="company", authority="Công an", by=officer)
    assert answer_of("SP-14") == ("kept", 0, "complaints")

    Complaint.objects.update(escalated_at=days_ago(31))
    assert answer_of("SP-14") == ("at_risk", 1, "complaints")

    Complaint.objects.update(authority_reference="12/TB")
    assert answer_of("SP-14") == ("kept", 0, "complaints")


def test_sp_10_is_kept_when_what_is_resolved_was_verified(officer):
    complaint = make_complaint()
    answer(decide(complaint, by=officer), by=officer)
    services.withdraw_complaint(make_complaint(), by=officer)  # nothing to verify

    assert answer_of("SP-10") == ("kept", 0, "complaints")


def test_law_1_watches_over_what_the_law_sets_whatever_was_promised(officer):
    complaint = make_complaint()
    assert answer_of("LAW-1") == ("kept", 0, "complaints")

    first_response = complaint.clocks.filter(limit__family="statute")
    first_response.update(late_from=timezone.now() + timedelta(days=4))
    assert answer_of("LAW-1") == ("at_risk", 1, "complaints")

    first_response.update(late_from=days_ago(1))
    assert answer_of("LAW-1") == ("broken", 1, "complaints")
    assert answer_of("SP-12") == ("kept", 0, "complaints")

    services.verify_complaint(complaint, by=officer)  # too late stays too late
    services.withdraw_complaint(complaint, by=officer)
    assert answer_of("LAW-1") == ("broken", 1, "complaints")

    with time_machine.travel(timezone.now() + timedelta(days=31)):
        assert answer_of("LAW-1") == ("kept", 0, "complaints")


@pytest.mark.parametrize(("days", "answer"), [(29, ("broken", 1)), (31, ("kept", 0))])
def test_sp_10_is_broken_by_a_complaint_resolved_unverified(days, answer, officer):
    make_complaint(
        state=ComplaintState.RESOLVED,
        received_at=days_ago(40),
        closed_at=days_ago(days),
    )

    assert answer_of("SP-10") == (*answer, "complaints")


def test_sp_10_is_at_risk_while_a_complaint_waits_too_long(officer):
    Case.objects.filter(pk=make_complaint().pk).update(late_from=days_ago(1))

    assert answer_of("SP-10") == ("at_risk", 1, "complaints")


def test_sp_11_is_kept_while_a_way_to_complain_is_named(officer):
    make_complaint()

    assert answer_of("SP-11") == ("kept", 0, "facts")


def test_sp_11_is_broken_while_no_way_to_complain_is_named(officer):
    ways = ("address_vi", "phone", "email")
    Company.objects.update(
        **{f"{prefix}{way}": "" for way in ways for prefix in ("", "complaints_")}
    )

    assert answer_of("SP-11") == ("broken", 3, "facts")


def test_sp_11_is_at_risk_while_nobody_may_write_complaints_down(officer):
    officer.groups.clear()

    assert answer_of("SP-11") == ("at_risk", 0, "complaints")


@pytest.mark.parametrize(
    ("days", "answer"), [(4, ("at_risk", 1, "complaints")), (2, ("kept", 0, "facts"))]
)
def test_sp_11_is_at_risk_by_what_was_written_down_late(days, answer, officer):
    make_complaint(received_at=days_ago(days))

    assert answer_of("SP-11") == answer
