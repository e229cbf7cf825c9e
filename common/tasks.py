from celery import shared_task
from django.utils import timezone

from common.jobs import every_hour, scheduled_job


@shared_task(name="common.run_due_jobs")
def run_due_jobs() -> None:
    """Queue each scheduled job that is due. Beat knocks here; a second knock finds it done."""
    from common import jobs

    for job in jobs.due_jobs(timezone.now()):
        jobs.wake(job.task)


@scheduled_job("common.remove_doomed_files", every_hour)
def remove_doomed_files() -> None:
    """Remove the files that a killed request or purge left behind; run again it finds none."""
    from common import files

    files.remove_doomed_files()
