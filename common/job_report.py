"""How the scheduled jobs are doing, also those that have never run."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from django.utils import timezone
from django.utils.module_loading import autodiscover_modules

from common.jobs import all_jobs
from common.models import JobStatus

GRACE = timedelta(minutes=10)  # until a planned run that has not succeeded counts as late


@dataclass(frozen=True)
class JobReport:
    name: str
    planned: datetime
    succeeded_at: datetime | None
    error: str
    is_late: bool


def report_jobs(at: datetime) -> list[JobReport]:
    _meet_every_job()
    statuses = {status.name: status for status in JobStatus.objects.all()}
    reports = []
    for job in sorted(all_jobs(), key=lambda job: job.name):
        status = statuses.get(job.name) or JobStatus(name=job.name)
        served, planned = status.succeeded_for, job.planned(at - GRACE)
        reports.append(
            JobReport(
                name=job.name,
                planned=timezone.localtime(job.planned(at)),
                succeeded_at=status.succeeded_at,
                error=status.error,
                is_late=served is None or served < planned,
            )
        )
    return reports


@cache
def _meet_every_job() -> None:
    """Import every app's tasks: a web process need not have met them. Celery's own way to do it
    runs all system checks too."""
    autodiscover_modules("tasks")


def late_jobs(at: datetime) -> list[JobReport]:
    return [report for report in report_jobs(at) if report.is_late]
