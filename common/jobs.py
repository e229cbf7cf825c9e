"""Scheduled jobs that cannot be lost, doubled or left behind.

Beat only knocks: twice a minute it sends ``common.run_due_jobs``, which looks
at the table JobStatus for jobs whose planned time has come and that have not
succeeded for it, and queues those. A job that was missed because beat, broker
or worker were down is due until it has succeeded; one that fails is tried ever
more seldom; two beats find it done; two workers at once are kept apart by an
advisory lock that PostgreSQL releases when its holder dies.
"""

import logging
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from celery import shared_task
from celery.app.task import Task as CeleryTask
from django.db import connection
from django.utils import timezone
from kombu.exceptions import OperationalError

from common.breaker import Breaker
from common.models import JobStatus

logger = logging.getLogger(__name__)
broker_away = Breaker(pause=30)

Schedule = Callable[[datetime], datetime]
"""Takes a moment; returns the latest planned time at or before it."""

Task = CeleryTask[[], None]

_jobs: dict[str, "Job"] = {}
_pauses: list[Callable[[], bool]] = []


@dataclass(frozen=True)
class Job:
    name: str
    planned: Schedule
    task: Task


def every_minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)


def every_hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


def daily(hour: int, minute: int = 0) -> Schedule:
    """Plan for each day at this local time (settings.TIME_ZONE)."""

    def schedule(at: datetime) -> datetime:
        local = timezone.localtime(at, timezone.get_default_timezone())
        today = datetime.combine(local, time(hour, minute), tzinfo=local.tzinfo)
        return today if today <= local else today - timedelta(days=1)

    return schedule


def scheduled_job(name: str, schedule: Schedule) -> Callable[[Callable[[], object]], Task]:
    """Make a function a Celery task that runs once for each planned time."""

    def register(function: Callable[[], object]) -> Task:
        def run_if_due() -> None:
            _run(job, function)

        task = shared_task(name=name)(run_if_due)
        job = _jobs[name] = Job(name, schedule, task)
        return task

    return register


def pauses_jobs(says: Callable[[], bool]) -> Callable[[], bool]:
    """Register what says that no job may run now; what was missed is caught up later."""
    _pauses.append(says)
    return says


def all_jobs() -> list[Job]:
    return list(_jobs.values())


def due_jobs(at: datetime) -> Iterator[Job]:
    known = {status.name: status for status in JobStatus.objects.all()}
    for job in all_jobs():
        status = known.get(job.name)
        if status is None or _is_due(status, job.planned(at), at):
            yield job


def _is_due(status: JobStatus, planned: datetime, at: datetime) -> bool:
    """One that failed waits for as long again as it was late: first for moments, then for hours."""
    if status.succeeded_for is not None and status.succeeded_for >= planned:
        return False
    if not status.error or status.started_at is None or status.started_at < planned:
        return True
    return at - planned >= 2 * (status.started_at - planned)


def wake(task: Task) -> None:
    """Send a task now; when the broker is down, leave its work to the next scheduled run.

    For use after a commit: what is due stands in the database, so a lost
    message only costs time, and a customer's request never waits for it.
    """
    if broker_away.is_open:
        return
    try:
        task.apply_async(retry=False)
    except OperationalError:
        broker_away.trip()
        logger.warning("broker unreachable, %s waits for its schedule", task.name)


def _run(job: Job, function: Callable[[], object]) -> None:
    if any(says() for says in _pauses):
        logger.warning("%s waits: no job may run now", job.name)
        return
    planned = job.planned(timezone.now())
    with _only_one(job.name) as mine:
        if not mine or _has_served(job, planned):
            return
        status, _created = JobStatus.objects.get_or_create(name=job.name)
        JobStatus.objects.filter(pk=status.pk).update(started_at=timezone.now())
        try:
            function()
        except Exception as error:
            JobStatus.objects.filter(pk=status.pk).update(error=type(error).__name__[:64])
            raise
        _note_success(job, planned)


@contextmanager
def done_by_hand(name: str) -> Iterator[None]:
    """Note that what is inside did the work of this job, unless it raises."""
    job = _jobs[name]
    planned = job.planned(timezone.now())
    yield
    _note_success(job, planned)


def _note_success(job: Job, planned: datetime) -> None:
    done = {"succeeded_at": timezone.now(), "succeeded_for": planned, "error": ""}
    JobStatus.objects.update_or_create(name=job.name, defaults=done)


def _has_served(job: Job, planned: datetime) -> bool:
    return JobStatus.objects.filter(name=job.name, succeeded_for__gte=planned).exists()


@contextmanager
def _only_one(name: str) -> Iterator[bool]:
    """Hold a session lock of that name; yield whether this process got it."""
    key = zlib.crc32(name.encode())
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [key])
        mine = cursor.fetchone()[0]
    try:
        yield mine
    finally:
        if mine:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [key])
