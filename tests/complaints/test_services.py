from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from django.conf import settings
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.exceptions import AccountClosed
from casework.exceptions import CaseError
from casework.models import CaseEvent, Evidence
from casework.services import assign_case
from common.attachments import CheckedFile
from common.models import DoomedFile
from common.tokens import new_public_id
from complaints import intake, services
from complaints.exceptions import ComplaintError, InvalidTransition, SubmissionUsed
from complaints.models import Complaint, ComplaintState
from notices.models import Notice
from policies.clocks import Explanation
from policies.counting import local_day
from policies.loading import load_profile
from policies.models import CalendarRange, Company, DayKind, TimeLimit, TimeLimitKind
from privacyportal.roles import AUDITOR, COMPLAINT_OFFICER
from tests.factories import (
    WHOLE_ANSWER,
    answer,
    content_of,
    decide,
    make_complaint,
    make_customer,
    make_staff,
)

pytestmark = pytest.mark.django_db

PDF = CheckedFile("thư.pdf", "application/pdf", b"%PDF-1.4 x", "1" * 64)
OTHER_PDF = CheckedFile("thư.pdf", "application/pdf", b"%PDF-1.4 y", "2" * 64)


def file(customer, **kwargs):
    kwargs.setdefault("submission", new_public_id())
    kwargs.setdefault("category", "marketing")
    kwargs.setdefault("text", "Vẫn nhận quảng cáo")
    return intake.file_complaint(customer, by=customer.user, **kwargs)


def stored_files():
    return sorted(path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file())


def end_calendar(on):
    CalendarRange.objects.update(covers_to=on)


def events(complaint):
    return list(complaint.events.values_list("code", flat=True))


def test_filing_starts_the_statutory_and_the_promised_clock():
    received = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)  # Sunday 10:00 in Viet Nam

    complaint = file(make_customer(), received_at=received)

    clocks = {clock.limit.family: clock for clock in complaint.clocks.all()}
    assert clocks["statute"].last_day == date(2026, 12, 2)
    assert clocks["promise"].last_day == date(2026, 12, 14)
    assert (
        complaint.late_from
        == clocks["statute"].late_from
        == datetime(2026, 12, 2, 17, 0, tzinfo=UTC)
    )
    lines = Explanation.from_json(clocks["statute"].explanation).lines()
    assert "24/11/2026" in " ".join(lines)
    assert events(complaint) == ["received"]
    assert Notice.objects.get().context["reference"] == complaint.reference


def test_filing_reads_the_calendar_once():
    customer = make_customer()
    Company.objects.update(day_kind=DayKind.MON_SAT)  # a calendar beside that of the State

    with CaptureQueriesContext(connection) as queries:
        file(customer)

    read = [query["sql"] for query in queries if '"policies_calendarrange"' in query["sql"]]
    assert len(read) == 1


@time_machine.travel(datetime(2026, 11, 22, 3, 0, tzinfo=UTC), tick=False)
def test_each_company_keeps_its_own_term():
    load_profile("speedsms")
    complaint = file(make_customer(), received_at=timezone.now())

    promised = complaint.clocks.get(limit__family="promise")
    assert (promised.limit.maximum, promised.limit.unit) == (15, "working_day")
    assert promised.last_day == date(2026, 12, 14)

    load_profile("clever_group")
    complaint = file(make_customer(), received_at=timezone.now())

    promised = complaint.clocks.get(limit__family="promise")
    assert (promised.limit.minimum, promised.limit.maximum) == (7, 15)
    assert promised.last_day == date(2026, 12, 7)  # "days", so weekends count, and no day is added
    assert Company.objects.get().profile == "clever_group"


def test_the_same_form_sent_twice_is_one_complaint():
    customer = make_customer()
    submission = new_public_id()

    first = file(customer, submission=submission, evidence=[PDF, OTHER_PDF])
    second = file(customer, submission=submission, evidence=[OTHER_PDF, PDF])

    assert first == second
    assert Complaint.objects.count() == 1
    assert events(first) == ["received"]
    assert stored_files() == sorted(Path(row.file.path) for row in Evidence.objects.all())
    assert len(stored_files()) == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"text": "Một chuyện khác"},
        {"category": "other"},
        {"evidence": []},
        {"evidence": [OTHER_PDF]},
    ],
)
def test_a_form_sent_again_with_another_content_is_refused(changes):
    customer = make_customer()
    first = file(customer, evidence=[PDF])

    with pytest.raises(SubmissionUsed):
        file(customer, submission=first.submission, **{"evidence": [PDF], **changes})

    assert Complaint.objects.get() == first
    assert stored_files() == [Path(first.evidence.get().file.path)]


def test_another_customers_submission_is_not_returned():
    theirs = file(make_customer())

    with pytest.raises(SubmissionUsed):
        file(make_customer(), submission=theirs.submission)


def test_a_closed_account_files_no_complaint():
    with pytest.raises(AccountClosed):
        file(make_customer(closed_days_ago=1))
    assert not Complaint.objects.exists()


def test_from_received_to_resolved_with_a_mail_at_each_step():
    officer = make_staff(COMPLAINT_OFFICER)
    complaint = file(make_customer())

    services.acknowledge_complaint(complaint, by=officer)
    decide(complaint, by=officer)
    answer(complaint, by=officer)

    complaint.refresh_from_db()
    assert (complaint.state, complaint.handler) == (ComplaintState.RESOLVED, officer)
    assert complaint.closed_at is not None
    assert complaint.late_from is None
    assert not complaint.clocks.filter(met_at=None).exists()
    assert events(complaint) == ["received", "acknowledged", "verifying", "measures", "resolved"]
    assert list(Notice.objects.order_by("pk").values_list("template", flat=True)) == [
        "complaint_received",
        "complaint_acknowledged",
        "complaint_verifying",
        "complaint_measures",
        "complaint_resolved",
    ]
    assert [row.history_change_reason for row in complaint.history.order_by("history_id")] == [
        "filed",
        "clocks started",
        "acknowledged",
        "verifying",
        "measures",
        "resolved",
    ]


def test_the_first_response_meets_the_statutory_clock_and_the_promise_runs_on():
    complaint = file(make_customer())
    promised = complaint.clocks.get(limit__family="promise")

    services.verify_complaint(complaint, by=make_staff(COMPLAINT_OFFICER))

    complaint.refresh_from_db()
    assert complaint.late_from == promised.late_from
    assert list(complaint.clocks.filter(met_at=None)) == [promised]


@pytest.mark.parametrize("missing", [*WHOLE_ANSWER])
def test_no_answer_lacks_a_part(missing):
    officer = make_staff(COMPLAINT_OFFICER)
    complaint = decide(make_complaint(), by=officer)

    with pytest.raises(ComplaintError):
        answer(complaint, by=officer, **{missing: "  "})

    complaint.refresh_from_db()
    assert (complaint.state, complaint.lesson) == (ComplaintState.MEASURES, "")


def test_the_database_refuses_a_resolution_without_its_answer():
    complaint = make_complaint(state=ComplaintState.MEASURES)
    with pytest.raises(IntegrityError, match="complaint_resolved_with_its_answer"):
        Complaint.objects.filter(pk=complaint.pk).update(state=ComplaintState.RESOLVED)


def test_no_step_is_skipped():
    complaint = file(make_customer())

    with pytest.raises(InvalidTransition):
        answer(complaint, by=make_staff(COMPLAINT_OFFICER))

    assert events(complaint) == ["received"]


def test_assigning_needs_somebody_who_may_work_on_complaints():
    officer, auditor = make_staff(COMPLAINT_OFFICER), make_staff(AUDITOR)
    complaint = file(make_customer())

    assign_case(complaint, handler=officer, by=officer, permission=services.WORK)
    with pytest.raises(CaseError):
        assign_case(complaint, handler=auditor, by=officer, permission=services.WORK)

    complaint.refresh_from_db()
    assert complaint.handler == officer
    assert events(complaint) == ["received", "assigned"]


def test_the_customer_may_withdraw_until_it_is_resolved():
    customer = make_customer()
    complaint = file(customer)

    services.withdraw_complaint(complaint, by=customer.user)
    with pytest.raises(InvalidTransition):
        services.withdraw_complaint(complaint, by=customer.user)

    assert events(complaint) == ["received", "withdrawn"]


def test_evidence_is_stored_under_a_random_name():
    complaint = file(make_customer(), evidence=[PDF])

    evidence = complaint.evidence.get()
    assert evidence.name == "thư.pdf"
    assert evidence.file.name == f"evidence/{evidence.public_id[:2]}/{evidence.public_id}"
    assert content_of(evidence) == PDF.content
    assert PDF.content not in Path(evidence.file.path).read_bytes()


@pytest.mark.parametrize(
    "fault", ["RAISE EXCEPTION 'late'", "PERFORM pg_terminate_backend(pg_backend_pid())"]
)
def test_a_commit_that_fails_leaves_neither_complaint_nor_file(portal, fault):
    customer = make_customer()
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION fail_late() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN {fault}; RETURN NULL; END $$"
        )
        cursor.execute(
            "CREATE CONSTRAINT TRIGGER fail_late AFTER INSERT ON casework_evidence"
            " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fail_late()"
        )

    try:
        with pytest.raises(DatabaseError):
            file(customer, evidence=[PDF])
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP FUNCTION fail_late() CASCADE")

    assert stored_files() == []
    assert not Complaint.objects.exists()
    assert not DoomedFile.objects.exists()


def test_a_complaint_is_taken_when_the_calendar_ends_before_its_last_days():
    received = timezone.now()
    end_calendar(local_day(received))

    complaint = file(make_customer(), received_at=received)

    assert complaint.late_from is None
    assert not complaint.clocks.exists()
    assert events(complaint) == ["received"]
    assert intake.start_missing_clocks() == 0


def test_a_clock_that_can_be_counted_runs_though_the_other_cannot():
    received = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
    end_calendar(date(2026, 12, 3))

    complaint = file(make_customer(), received_at=received)

    assert [clock.last_day for clock in complaint.clocks.all()] == [date(2026, 12, 2)]
    assert complaint.late_from == datetime(2026, 12, 2, 17, 0, tzinfo=UTC)


def test_missing_clocks_start_once_the_calendar_is_there():
    received = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
    end_calendar(date(2026, 11, 22))
    complaint = file(make_customer(), received_at=received)
    answered = file(make_customer(), received_at=received)
    services.verify_complaint(answered, by=make_staff(COMPLAINT_OFFICER))
    withdrawn = file(make_customer(), received_at=received)
    services.withdraw_complaint(withdrawn, by=withdrawn.customer.user)
    end_calendar(date(2027, 12, 31))

    assert [intake.start_missing_clocks() for _ in range(2)] == [2, 0]

    complaint.refresh_from_db()
    assert complaint.late_from == datetime(2026, 12, 2, 17, 0, tzinfo=UTC)
    assert complaint.clocks.filter(met_at=None).count() == 2
    assert complaint.history.first().history_change_reason == "clocks started"
    answered.refresh_from_db()
    assert answered.late_from == datetime(2026, 12, 14, 17, 0, tzinfo=UTC)
    first = answered.clocks.get(kind=TimeLimitKind.COMPLAINT_FIRST_RESPONSE)
    assert first.met_at == answered.events.get(code="verifying").at
    assert not withdrawn.clocks.exists()


def test_overdue_are_the_open_cases_past_their_nearest_clock():
    late = make_complaint(received_at=timezone.now() - timedelta(days=60))
    make_complaint()
    make_complaint(
        received_at=timezone.now() - timedelta(days=60),
        state=ComplaintState.WITHDRAWN,
        closed_at=timezone.now(),
    )

    assert list(Complaint.objects.overdue()) == [late]


def test_the_timeline_can_only_grow():
    complaint = file(make_customer())

    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        CaseEvent.objects.update(code="resolved")

    assert events(complaint) == ["received"]


def test_a_case_keeps_the_limit_it_ran_under():
    complaint = file(make_customer())
    limit = complaint.clocks.get(limit__family="promise").limit

    with pytest.raises(Exception, match="protected"), transaction.atomic():
        limit.delete()

    assert TimeLimit.objects.filter(pk=limit.pk).exists()
