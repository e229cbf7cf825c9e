"""How the scheduled jobs are doing, also those that have never run."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Min
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
    """Judge a job that has never had its turn as if it had, when the portal was set up."""
    statuses = {status.name: status for status in JobStatus.objects.all()}
    reports, begun = [], set_up_at()
    for job in sorted(all_jobs(), key=lambda job: job.name):
        status = statuses.get(job.name) or JobStatus(name=job.name)
        served = status.succeeded_for or (None if status.error else begun)
        reports.append(
            JobReport(
                name=job.name,
                planned=timezone.localtime(job.planned(at)),
                succeeded_at=status.succeeded_at,
                error=status.error,
                is_late=served is None or served < job.planned(at - GRACE),
            )
        )
    return reports


def set_up_at() -> datetime | None:
    """Return when the portal's first migration ran; an upgrade or a restore does not move it."""
    migrations = MigrationRecorder.Migration.objects
    at: datetime | None = migrations.aggregate(at=Min("applied"))["at"]
    return at


def late_jobs(at: datetime) -> list[JobReport]:
    return [report for report in report_jobs(at) if report.is_late]
