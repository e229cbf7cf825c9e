"""Enquiries that nobody confirmed go, and each leaves a number, whoever is killed meanwhile."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from enquiries.models import Enquiry, ErasedEnquiries
from notices.models import Notice, NoticeState
from retention.sweeps import sweep
from tests.enquiries.conftest import make_enquiry
from tests.processes import run_apart
from tests.threads import at_once, until_somebody_waits

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def unconfirmed(*, days, month=None) -> Enquiry:
    enquiry = make_enquiry(confirmed=False)
    received_at = f"2026-{month:02}-05T05:00:00Z" if month else timezone.now() - days * DAY
    Enquiry.objects.filter(pk=enquiry.pk).update(received_at=received_at)
    Notice.objects.update(state=NoticeState.DROPPED)
    return enquiry


def test_what_nobody_confirmed_goes_after_the_days_that_the_mail_names():
    days = settings.UNCONFIRMED_ENQUIRY_DAYS
    last_day, _over = unconfirmed(days=days), unconfirmed(days=days + 1)
    unanswered = make_enquiry()
    Enquiry.objects.filter(pk=unanswered.pk).update(received_at=timezone.now() - 900 * DAY)

    sweep()

    assert set(Enquiry.objects.all()) == {last_day, unanswered}


ERASE_ONE_BY_ONE = """
from retention import batches, sweeps
batches.BATCH = 1
sweeps.sweep()
"""


def test_a_killed_run_leaves_whole_enquiries_and_two_at_once_count_each_once(portal):
    for month in (9, 10, 10, 10, 10):
        unconfirmed(days=0, month=month)
    october = ErasedEnquiries.objects.create(month="2026-10-01")

    with transaction.atomic():
        ErasedEnquiries.objects.select_for_update().get(pk=october.pk)
        process = run_apart(ERASE_ONE_BY_ONE)
        until_somebody_waits()
        process.kill()
        process.wait()

    assert Enquiry.objects.count() == 4
    assert set(Enquiry.history.values_list("id", flat=True)) == set(
        Enquiry.objects.values_list("pk", flat=True)
    )
    at_once(*[sweep] * 2)
    assert list(ErasedEnquiries.objects.values_list("unconfirmed", flat=True)) == [4, 1]
