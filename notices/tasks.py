from celery import shared_task

from common.jobs import every_minute, scheduled_job


@shared_task(name="notices.send_notices")
def send_notices() -> None:
    """Send what is due; run again it finds it sent."""
    from notices import services

    services.send_due_notices()


@scheduled_job("notices.sweep_notices", every_minute)
def sweep_notices() -> None:
    """Send what no message woke the worker for, or what failed before."""
    from notices import services

    services.send_due_notices()
