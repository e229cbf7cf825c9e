from datetime import UTC, datetime, timedelta

import pytest
from celery import Celery
from django.conf import settings
from django.db import connection
from django.utils import timezone

from common import jobs
from common.models import JobStatus
from tests.threads import at_once

RAN = []


@pytest.fixture
def job(request, monkeypatch):
    RAN.clear()
    monkeypatch.setattr(jobs, "_jobs", {})
    name = f"tests.{request.node.name}"[:64]  # Celery wants each name once
    jobs.scheduled_job(name, jobs.daily(2))(lambda: RAN.append(1))
    return jobs._jobs[name]


@pytest.mark.parametrize(
    ("now", "planned"),
    [
        ("2026-11-22T01:59:59+07:00", "2026-11-21T02:00:00+07:00"),
        ("2026-11-22T02:00:00+07:00", "2026-11-22T02:00:00+07:00"),
        ("2026-11-21T19:00:00+00:00", "2026-11-22T02:00:00+07:00"),
    ],
)
def test_daily_is_planned_in_local_time(now, planned):
    assert jobs.daily(2)(datetime.fromisoformat(now)) == datetime.fromisoformat(planned)


@pytest.mark.django_db
def test_a_job_is_due_until_it_has_succeeded_for_its_planned_time(job):
    at = datetime(2026, 11, 22, tzinfo=UTC)
    assert list(jobs.due_jobs(at)) == [job]

    JobStatus.objects.create(name=job.name, succeeded_for=job.planned(at))
    assert list(jobs.due_jobs(at)) == []
    assert list(jobs.due_jobs(at + timedelta(days=1))) == [job]


@pytest.mark.django_db
def test_after_three_days_without_beat_one_run_catches_up(job):
    planned = job.planned(timezone.now()) - timedelta(days=3)
    JobStatus.objects.create(name=job.name, succeeded_for=planned)

    for _ in range(3):
        job.task()

    assert RAN == [1]
    assert JobStatus.objects.get().succeeded_for == job.planned(timezone.now())


@pytest.mark.django_db
def test_a_job_that_fails_stays_due_and_says_why(monkeypatch):
    monkeypatch.setattr(jobs, "_jobs", {})

    def fail():
        raise ValueError("khach@example.vn is wrong")

    task = jobs.scheduled_job("tests.fail", jobs.every_minute)(fail)
    with pytest.raises(ValueError, match="wrong"):
        task()

    status = JobStatus.objects.get()
    assert (status.error, status.succeeded_at) == ("ValueError", None)
    soon = timezone.now() + timedelta(minutes=1)
    assert [job.name for job in jobs.due_jobs(soon)] == ["tests.fail"]


@pytest.mark.django_db
def test_a_job_that_fails_all_day_is_tried_ever_more_seldom(job):
    planned = job.planned(timezone.now())
    hour = timedelta(hours=1)
    JobStatus.objects.create(name=job.name, started_at=planned + hour, error="ValueError")

    assert list(jobs.due_jobs(planned + 2 * hour - timedelta(seconds=1))) == []
    assert list(jobs.due_jobs(planned + 2 * hour)) == [job]

    JobStatus.objects.update(started_at=planned - hour)
    assert list(jobs.due_jobs(planned)) == [job]


def test_two_workers_run_a_job_once(transactional_db, job):
    at_once(job.task, job.task)
    assert RAN == [1]


@pytest.mark.django_db
def test_the_lock_is_given_back(job):
    job.task()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database"
            " WHERE locktype = 'advisory' AND datname = current_database()"
        )
        assert cursor.fetchone() == (0,)


@pytest.mark.django_db
def test_a_broker_that_is_down_raises_nothing_and_is_left_alone_for_a_while():
    away = Celery("away", set_as_current=False)
    away.conf.broker_write_url = "redis://127.0.0.1:1/0"  # the environment names the real one
    away.conf.broker_transport_options = settings.CELERY_BROKER_TRANSPORT_OPTIONS

    @away.task(name="tests.away")
    def nothing():
        pass

    jobs.wake(nothing)
    assert jobs.broker_away.is_open

    jobs.broker_away.reset()
    assert not jobs.broker_away.is_open


def test_every_hour_is_planned_on_the_hour():
    moment = datetime(2026, 11, 22, 4, 59, 59, 999999, tzinfo=UTC)
    assert jobs.every_hour(moment) == datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
