"""What the enquiries say about SPM-2 and FPT-20."""

from datetime import timedelta

import pytest
from django.utils import timezone

from enquiries.models import Enquiry
from enquiries.services import dismiss_enquiry
from notices.models import Notice, NoticeState
from notices.services import queue_notice
from policies.counting import first_kept, midnight
from policies.loading import load_profile
from policies.models import RetentionRule
from privacyportal.roles import COMPLAINT_OFFICER
from tests.answers import answer_of
from tests.enquiries.conftest import make_enquiry
from tests.factories import approve, make_staff

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def closed(*, over_since):
    """An enquiry whose last day was the one before, by the rule that was in force then."""
    enquiry = make_enquiry()
    dismiss_enquiry(enquiry, by=make_staff(COMPLAINT_OFFICER))
    last = midnight(first_kept(over_since, 12)) - DAY / 24
    Enquiry.objects.filter(pk=enquiry.pk).update(closed_at=last)


def test_spm_2_is_broken_by_enquiries_that_nobody_erased_and_never_called_kept():
    load_profile("spm_group")
    closed(over_since=timezone.localdate())  # goes tonight
    assert answer_of("SPM-2") == ("not_measured", None, "")

    closed(over_since=timezone.localdate() - DAY)
    assert answer_of("SPM-2") == ("at_risk", 1, "enquiries")  # nobody approved the rule
    approve(RetentionRule.objects.get(category="enquiry", months=12, trigger="case_closed"))
    assert answer_of("SPM-2") == ("broken", 1, "enquiries")


def test_spm_2_is_broken_by_another_mail_meant_for_a_sender():
    load_profile("spm_group")
    enquiry = make_enquiry()

    queue_notice("policy_published", recipient=enquiry.public_id, key="other", version=1)

    assert answer_of("SPM-2") == ("broken", 1, "enquiries")


def test_fpt_20_is_kept_while_questions_are_answered():
    enquiry = make_enquiry()
    assert answer_of("FPT-20") == ("kept", 0, "enquiries")

    row = Enquiry.objects.filter(pk=enquiry.pk)
    row.update(late_from=timezone.now())
    assert answer_of("FPT-20") == ("at_risk", 1, "enquiries")

    row.update(late_from=None, received_at=timezone.now() - 31 * DAY)
    assert answer_of("FPT-20") == ("at_risk", 1, "enquiries")


def test_fpt_20_is_at_risk_when_a_mail_did_not_leave():
    make_enquiry(confirmed=False)
    Notice.objects.update(state=NoticeState.FAILED)

    assert answer_of("FPT-20") == ("at_risk", 1, "enquiries")
