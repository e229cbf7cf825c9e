import re
import wave
from urllib.parse import urlsplit

import pytest
from django.core.management import call_command
from django.utils import timezone

from accounts.closing import close_account
from accounts.models import Customer, User
from calls.models import CallRecording
from common.files import open_stored
from complaints.models import Complaint
from downstream.models import System
from hosting.models import HostedService
from notices.models import Notice
from policies.counting import add_months, local_day
from policies.loading import load_profile
from tests.factories import make_customer

pytestmark = pytest.mark.django_db


def test_they_come_once_and_not_again_when_one_has_left(capsys):
    call_command("sample_people")
    assert "customer@example.com" in capsys.readouterr().out
    customer = Customer.objects.get(email="customer@example.com")
    close_account(customer, by=customer.user)
    people = User.objects.count()

    call_command("sample_people")

    assert capsys.readouterr().out == ""
    assert User.objects.count() == people


def test_a_newcomer_has_a_question_to_answer_and_an_answer_to_agree_with(client):
    call_command("sample_people")
    customer = Customer.objects.get(email="customer@example.com")
    asked, answered = Complaint.objects.of(customer).order_by("received_at")
    client.force_login(customer.user)

    pages = [client.get(each.get_absolute_url()).context for each in (asked, answered)]

    assert [asked.waiting_since is not None, pages[0]["question"] is not None] == [True, True]
    assert (pages[1]["may_agree"], pages[1]["disagree_form"] is not None) == (True, True)


def test_nobody_elses_mail_is_dropped_and_none_of_theirs_is_sent():
    states = {"waiting": "queued", "gone": "sent"}
    for key, state in states.items():
        sent_at = timezone.now() if state == "sent" else None
        recipient = make_customer().public_id
        Notice.objects.create(
            key=key, recipient=recipient, state=state, sent_at=sent_at, send_after=timezone.now()
        )

    call_command("sample_people")

    others = Notice.objects.exclude(key__in=states)
    assert dict(Notice.objects.filter(key__in=states).values_list("key", "state")) == states
    assert set(others.values_list("state", flat=True)) == {"dropped"}


def test_recordings_that_did_not_come_with_the_people_come_later():
    call_command("sample_people")
    CallRecording.objects.all().delete()

    call_command("sample_people")
    call_command("sample_people")

    assert CallRecording.objects.count() == 2


def test_the_account_that_was_closed_long_ago_was_kept_for_its_twelve_months(client, capsys):
    call_command("sample_people")
    closed = Customer.objects.exclude(closed_at=None).get()
    assert closed.kept_until == add_months(local_day(closed.closed_at), 12)

    address = urlsplit(re.search(r"http\S+/closed/\S+", capsys.readouterr().out)[0]).path
    assert f"{closed.kept_until:%d/%m/%Y}" in client.get(address).text
    assert client.get(f"{address}receipt.pdf").status_code == 200


@pytest.mark.parametrize(
    ("profile", "calls", "services"), [("fpt_smart_cloud", 2, 0), ("vietnam_server", 0, 2)]
)
def test_a_newcomer_finds_what_the_company_holds(profile, calls, services):
    load_profile(profile)

    call_command("sample_people")

    recordings = CallRecording.objects.all()
    assert [each.size for each in recordings.order_by("duration")] == [64_044, 112_044][:calls]
    assert HostedService.objects.count() == services
    assert System.objects.filter(endpoint="").count() == bool(services)
    for recording in recordings:
        owner = recording.customer.public_id
        with open_stored(str(recording.file), owner=owner) as stored, wave.open(stored) as sound:
            assert sound.getnframes() == 8000 * recording.duration.seconds
