"""An enquiry has a clock of its own: the company's term, from the confirmation on."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.formats import date_format

from access.roles import COMPLAINT_LEAD
from enquiries import clock
from enquiries.models import Enquiry
from enquiries.services import answer_enquiry
from notices.models import Notice
from notices.services import send_due_notices
from policies.calendar_changes import enter_swap
from policies.calendars import calendar_version
from policies.loading import load_profile
from policies.models import CalendarRange, Company, DayKind
from privacyportal.roles import DPO
from tests.enquiries.conftest import make_enquiry
from tests.factories import make_staff

pytestmark = pytest.mark.django_db


def at(day):
    return time_machine.travel(datetime(2027, 3, day, 2, 0, tzinfo=UTC), tick=False)


def test_the_term_runs_from_the_confirmation_and_explains_itself():
    with at(1):
        unconfirmed, enquiry = make_enquiry(confirmed=False), make_enquiry()

    assert (unconfirmed.last_day, enquiry.last_day) == (None, date(2027, 3, 8))
    assert any("5 " in line for line in enquiry.explanation_lines)


def test_a_company_without_a_term_has_no_clock():
    load_profile("speedsms")
    assert make_enquiry().late_from is None


def test_the_sender_and_the_officer_read_the_last_day(client, officer):
    enquiry = make_enquiry()

    page = client.get(f"/admin/enquiries/enquiry/{enquiry.pk}/change/").content.decode()

    assert date_format(enquiry.last_day, "SHORT_DATE_FORMAT") in page


def test_a_clock_that_had_to_wait_for_the_calendar_starts_later():
    with at(1):
        ends = CalendarRange.objects.get().covers_to
        CalendarRange.objects.update(covers_to=date(2027, 3, 2))
        enquiry = make_enquiry()
        assert enquiry.late_from is None

        CalendarRange.objects.update(covers_to=ends)
        assert [clock.count_last_days() for _ in range(2)] == [1, 0]

    enquiry.refresh_from_db()
    assert enquiry.last_day == date(2027, 3, 8)


def test_one_whose_earlier_day_stays_is_counted_once_a_calendar():
    with at(1):
        enquiry = make_enquiry()
        enter_swap(
            day_off=date(2027, 3, 4),
            working_day=date(2027, 6, 5),
            label_vi="Hoán đổi",
            label_en="Swap",
            document="1/TB",
            by=make_staff(DPO),
        )
        runs = []
        for _run in range(2):
            with CaptureQueriesContext(connection) as queries:
                assert clock.count_last_days() == 0
            runs.append(len(queries))

    enquiry.refresh_from_db()
    assert (enquiry.last_day, enquiry.calendar_version) == (date(2027, 3, 8), calendar_version())
    assert runs[1] == 2 < runs[0]  # the version, and that none is older


def test_near_and_late_ones_are_told_by_the_steps_once_and_answered_ones_are_not():
    lead, dpo = make_staff(COMPLAINT_LEAD), make_staff(DPO)
    with at(1):
        late, answered = make_enquiry(), make_enquiry(email="b@example.com")
        answer_enquiry(answered, answer="Có.", is_complaint=False, by=dpo)
    told = {}
    for day in (2, 8, 9, 10, 11):  # it ends on the 8th
        with at(day):
            told[day] = [clock.tell_of_late_enquiries() for _ in range(2)]
    with at(11):
        send_due_notices()

    assert told == {2: [0, 0], 8: [1, 0], 9: [1, 0], 10: [0, 0], 11: [1, 0]}
    notices = Notice.objects.filter(template__in=["enquiry_soon", "enquiry_late"]).order_by("pk")
    assert [(notice.template, notice.recipient) for notice in notices] == [
        ("enquiry_soon", lead.public_id),
        ("enquiry_late", lead.public_id),
        ("enquiry_late", dpo.public_id),
    ]
    assert {notice.context["reference"] for notice in notices} == {late.reference}
    assert len([mailed for mailed in mail.outbox if late.reference in mailed.subject]) == 3


def test_a_last_day_that_a_new_calendar_makes_earlier_is_logged_and_told():
    lead = make_staff(COMPLAINT_LEAD)
    with at(1):
        enquiry = make_enquiry()
        assert enquiry.calendar_version == calendar_version()
        enter_swap(
            day_off=date(2027, 6, 7),
            working_day=date(2027, 3, 6),
            label_vi="Hoán đổi",
            label_en="Swap",
            document="1/TB",
            by=make_staff(DPO),
        )
        Company.objects.update(day_kind=DayKind.STATE)
        assert [clock.count_last_days() for _ in range(2)] == [1, 0]
        send_due_notices()

    enquiry.refresh_from_db()
    last, earlier = enquiry.history.all()[:2]
    assert (last.late_from, last.history_change_reason) == (enquiry.late_from, clock.REASON)
    assert earlier.late_from > enquiry.late_from
    notice = Notice.objects.get(template="enquiry_moved")
    assert (notice.recipient, notice.context["before"]) == (lead.public_id, "2027-03-08")
    assert any(enquiry.reference in mailed.subject for mailed in mail.outbox)


def test_the_queue_shows_what_is_overdue(client, officer):
    enquiry = make_enquiry()
    Enquiry.objects.update(late_from=timezone.now() - timedelta(days=1))

    page = client.get("/admin/enquiries/enquiry/", {"queue": "late"}).content.decode()

    assert enquiry.reference in page
