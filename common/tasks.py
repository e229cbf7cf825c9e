from celery import shared_task
from django.utils import timezone


@shared_task(name="common.run_due_jobs")
def run_due_jobs() -> None:
    """Queue each scheduled job that is due. Beat knocks here; a second knock finds it done."""
    from common import jobs

    for job in jobs.due_jobs(timezone.now()):
        jobs.wake(job.task)
