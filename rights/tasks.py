from celery import shared_task
from django.utils import timezone

from common.jobs import every_minute, scheduled_job, wake


@shared_task(name="rights.make_export")
def make_export() -> None:
    """Make one copy of a customer's data, then go on with the next in a task of its own.

    Each is claimed, so that a second run makes another one or none.
    """
    from rights import exports

    if exports.make_next_export():
        wake(make_export)


@scheduled_job("rights.sweep_exports", every_minute)
def sweep_exports() -> None:
    """Wake the work on copies that no message brought about, or whose worker was killed."""
    from rights.models import Export

    if Export.objects.to_make(timezone.now()).exists():
        wake(make_export)
