"""A complaint is taken while nobody can be told of it."""

import pytest

from complaints.models import Complaint
from notices.models import Notice, NoticeState
from tests.factories import make_customer
from tests.processes import run_apart

pytestmark = pytest.mark.usefixtures("portal")

POST = """
from time import perf_counter
from django.urls import reverse
from accounts.models import User
from common.jobs import broker_away
from tests.clients import PortalClient

browser = PortalClient()
browser.force_login(User.objects.get())
start = perf_counter()
answer = browser.post(
    reverse("file_complaint"), {"submission": "0" * 32, "category": "other", "text": "x"}
)
assert perf_counter() - start < 5, "the customer waited for the broker"
assert answer.status_code == 302, answer
assert broker_away.is_open, "nobody asked the broker"
"""


def test_while_the_broker_is_away_a_complaint_is_kept_and_answered_at_once():
    make_customer()

    process = run_apart(POST, CELERY_BROKER_URL="redis://127.0.0.1:1/0")

    assert process.wait(60) == 0
    complaint = Complaint.objects.get()
    assert complaint.clocks.count() > 0
    notice = Notice.objects.get(template="complaint_received")
    assert (notice.state, notice.context["reference"]) == (
        NoticeState.QUEUED,
        complaint.reference,
    )
