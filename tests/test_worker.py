"""A real worker and a real beat, on the tests' own servers."""

import os
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from celery.beat import PersistentScheduler
from django.db import connection
from django.utils import timezone

from common.jobs import all_jobs
from common.models import JobStatus
from notices.models import Notice
from privacyportal.celery import app
from tests.factories import make_customer

pytestmark = pytest.mark.usefixtures("portal")

PATIENCE = 90  # seconds


@contextmanager
def process(tmp_path, *arguments):
    """Run celery on the database of this test, mails going to files."""
    url = urlsplit(os.environ["DATABASE_URL"])
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "privacyportal.settings",
        "DATABASE_URL": url._replace(path=f"/{connection.settings_dict['NAME']}").geturl(),
        "EMAIL_URL": f"filemail:///{tmp_path}/mail",
    }
    with (tmp_path / f"{arguments[0]}.log").open("w") as log:
        command = [sys.executable, "-m", "celery", "-A", "privacyportal", *arguments]
        child = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            yield child
        finally:
            child.terminate()
            child.wait(30)


def knocked_a_minute_ago(schedule):
    """Leave what a beat leaves that was stopped, so that the next one knocks at once."""
    beat = PersistentScheduler(app, schedule_filename=str(schedule))
    for entry in beat.schedule.values():
        entry.last_run_at -= timedelta(minutes=1)
    beat.close()


def wait_for(condition):
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.2)
    return False


def test_beat_knocks_and_the_worker_does_what_is_due(tmp_path):
    customer = make_customer(email="mai@example.com")
    Notice.objects.create(  # as if the message that wakes the worker had been lost
        template="details_changed",
        recipient=customer.public_id,
        key="k",
        context={},
        send_after=timezone.now(),
    )
    schedule = tmp_path / "schedule"
    knocked_a_minute_ago(schedule)

    with (
        process(tmp_path, "worker", "--concurrency", "1", "--loglevel", "INFO"),
        process(tmp_path, "beat", "--schedule", str(schedule), "--max-interval", "1"),
    ):
        assert wait_for(lambda: Notice.objects.get().state == "sent"), _logs(tmp_path)
        assert wait_for(lambda: not waiting()), (waiting(), _logs(tmp_path))

    (mail,) = (tmp_path / "mail").iterdir()
    assert "mai@example.com" in mail.read_text()
    assert "mai@example.com" not in _logs(tmp_path)


def waiting():
    return {job.name for job in all_jobs()} - set(
        JobStatus.objects.exclude(succeeded_at=None).values_list("name", flat=True)
    )


def _logs(tmp_path):
    return "".join(path.read_text() for path in tmp_path.glob("*.log"))
