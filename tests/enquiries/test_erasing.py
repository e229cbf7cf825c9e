"""Enquiries go when their time is over, whole, and leave a number."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from enquiries import erasing
from enquiries.erasing import erase_enquiries
from enquiries.models import Enquiry, ErasedEnquiries
from enquiries.services import answer_enquiry, dismiss_enquiry, settle_by_phone
from notices.models import Notice, NoticeState
from privacyportal.roles import COMPLAINT_OFFICER
from tests.enquiries.conftest import make_enquiry
from tests.factories import make_staff
from tests.processes import run_apart
from tests.threads import at_once, until_somebody_waits

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture
def staff(db):
    return make_staff(COMPLAINT_OFFICER)


def answered(staff, *, kept_until, mailed=True) -> Enquiry:
    enquiry = make_enquiry()
    answer_enquiry(enquiry, answer="Một năm.", is_complaint=False, by=staff)
    Enquiry.objects.filter(pk=enquiry.pk).update(kept_until=kept_until)
    if mailed:
        Notice.objects.update(state=NoticeState.DROPPED)
    return enquiry


def test_an_answered_enquiry_goes_with_history_and_notices_the_day_after_its_last(staff):
    today = timezone.localdate()
    over = answered(staff, kept_until=today - DAY)
    last_day = answered(staff, kept_until=today)

    assert erase_enquiries() == 1

    assert list(Enquiry.objects.all()) == [last_day]
    assert set(Enquiry.history.values_list("id", flat=True)) == {last_day.pk}
    assert set(Notice.objects.values_list("recipient", flat=True)) == {last_day.public_id}
    assert over.pk != last_day.pk
    assert erase_enquiries() == 0


def test_what_nobody_answered_stays(staff):
    enquiry = make_enquiry()
    Enquiry.objects.filter(pk=enquiry.pk).update(received_at=timezone.now() - 900 * DAY)

    assert erase_enquiries() == 0


def test_what_nobody_confirmed_goes_after_the_days_that_the_mail_names():
    days = settings.UNCONFIRMED_ENQUIRY_DAYS
    for ago in (days, days + 1):
        enquiry = make_enquiry(confirmed=False)
        Enquiry.objects.filter(pk=enquiry.pk).update(received_at=timezone.now() - ago * DAY)
    Notice.objects.update(state=NoticeState.DROPPED)

    assert erase_enquiries() == 1


def test_an_answer_on_its_way_is_waited_for(staff):
    answered(staff, kept_until=timezone.localdate() - DAY, mailed=False)
    assert erase_enquiries() == 0

    Notice.objects.update(state=NoticeState.FAILED)
    assert erase_enquiries() == 1


def test_a_number_for_the_month_is_all_that_is_left(staff, monkeypatch):
    monkeypatch.setattr(erasing, "BATCH", 2)
    mine = [make_enquiry() for _ in range(5)]
    answer_enquiry(mine[0], answer="Một năm.", is_complaint=False, by=staff)
    settle_by_phone(mine[1], by=staff)
    dismiss_enquiry(mine[2], by=staff)
    dismiss_enquiry(mine[3], by=staff)
    Enquiry.objects.filter(kept_until__isnull=False).update(
        kept_until=timezone.localdate() - DAY, received_at="2026-09-30T18:00:00Z"
    )
    Notice.objects.update(state=NoticeState.DROPPED)

    assert erase_enquiries() == 4

    row = ErasedEnquiries.objects.values("month", "answered", "dismissed", "unconfirmed").get()
    assert {**row, "month": str(row["month"])} == {
        "month": "2026-10-01",  # in Viet Nam
        "answered": 2,
        "dismissed": 2,
        "unconfirmed": 0,
    }
    assert list(Enquiry.objects.all()) == [mine[4]]


ERASE_ONE_BY_ONE = """
from enquiries import erasing
erasing.BATCH = 1
erasing.erase_enquiries()
"""


def test_a_process_that_is_killed_in_the_middle_leaves_whole_enquiries_to_the_next(portal):
    staff = make_staff(COMPLAINT_OFFICER)
    for month in (9, 10, 10):
        enquiry = answered(staff, kept_until=timezone.localdate() - DAY)
        Enquiry.objects.filter(pk=enquiry.pk).update(received_at=f"2026-{month:02}-05T05:00:00Z")
    october = ErasedEnquiries.objects.create(month="2026-10-01")

    with transaction.atomic():
        ErasedEnquiries.objects.select_for_update().get(pk=october.pk)
        process = run_apart(ERASE_ONE_BY_ONE)
        until_somebody_waits()
        process.kill()
        process.wait()

    assert Enquiry.objects.count() == 2
    assert set(Enquiry.history.values_list("id", flat=True)) == set(
        Enquiry.objects.values_list("pk", flat=True)
    )
    assert erase_enquiries() == 2
    assert list(ErasedEnquiries.objects.values_list("answered", flat=True)) == [2, 1]


def test_two_runs_at_once_count_each_enquiry_once(portal):
    staff = make_staff(COMPLAINT_OFFICER)
    for _ in range(6):
        answered(staff, kept_until=timezone.localdate() - DAY)

    assert sum(at_once(*[erase_enquiries] * 3)) == 6
    assert ErasedEnquiries.objects.get().answered == 6
