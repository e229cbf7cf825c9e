"""What the recordings say about the promise to keep them."""

from datetime import timedelta

import pytest
from django.utils import timezone

from calls.models import CallRecording
from common.models import FileKey
from privacyportal.roles import DPO
from retention.services import place_hold
from tests.answers import answer_of
from tests.calls.conftest import make_recording, make_rule
from tests.factories import approve, make_staff

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def test_fpt_4_is_never_called_kept_because_unrecorded_calls_are_not_seen(customer):
    assert answer_of("FPT-4") == ("not_measured", None, "")
    make_recording(customer)
    assert answer_of("FPT-4") == ("not_measured", None, "")


def test_fpt_4_is_broken_by_a_recording_that_nothing_opens(customer):
    make_recording(customer)
    FileKey.objects.all().delete()
    assert answer_of("FPT-4") == ("broken", 1, "recordings")


def test_fpt_4_is_broken_by_what_should_be_gone_unless_the_law_keeps_it(customer):
    rule = make_rule("created", months=6)
    make_recording(customer)
    CallRecording.objects.update(kept_until=timezone.localdate() - DAY)
    assert answer_of("FPT-4")[0] == "not_measured"  # it goes with the next run
    CallRecording.objects.update(kept_until=timezone.localdate() - 2 * DAY)
    assert answer_of("FPT-4") == ("at_risk", 1, "recordings")  # nobody approved the rule
    approve(rule)
    assert answer_of("FPT-4") == ("broken", 1, "recordings")

    place_hold(
        customer.public_id, authority="Tòa án", document="1", reason="vụ án", by=make_staff(DPO)
    )
    assert answer_of("FPT-4")[0] == "not_measured"
