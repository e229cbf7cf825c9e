"""How the scheduled jobs are doing, also those that have never run."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

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


def late_jobs(at: datetime) -> list[JobReport]:
    return [report for report in report_jobs(at) if report.is_late]
