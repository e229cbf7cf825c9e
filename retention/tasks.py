from time import monotonic

from django.conf import settings

from common.jobs import daily, pauses_jobs, scheduled_job

PURGE = "retention.purge_closed_accounts"
SWEEP = "retention.sweep"
ERASES_FOR = 0.5  # of the time that a task has; the search needs the rest


@pauses_jobs
def erasures_wait_to_be_replayed() -> bool:
    from retention import ledger

    return ledger.must_wait()


@scheduled_job(PURGE, daily(2, 0))
def purge_closed_accounts() -> None:
    """Erase what is due; run again after a crash it continues."""
    from retention import purge

    erases_for = ERASES_FOR * settings.CELERY_TASK_SOFT_TIME_LIMIT
    purge.purge_closed_accounts(until=monotonic() + erases_for)


@scheduled_job("retention.erase_unverified_sign_ups", daily(2, 30))
def erase_unverified_sign_ups() -> None:
    """Erase who never proved their address; run again it finds nobody left."""
    from retention import purge

    purge.erase_unverified_sign_ups()


@scheduled_job("retention.ask_about_idle_data", daily(3, 0))
def ask_about_idle_data() -> None:
    """Ask about accounts that have been idle for long; who was asked about is not asked twice."""
    from retention import idle

    idle.ask_about_idle_data()


@scheduled_job(SWEEP, daily(3, 15))
def sweep() -> None:
    """Erase the rows whose own period is over; run again after a crash it continues."""
    from retention import sweeps

    sweeps.sweep()


@scheduled_job("retention.warn_of_erasures", daily(8, 15))
def warn_of_erasures() -> None:
    """Warn of erasures that are near; nobody is warned twice of one day. Safe to repeat."""
    from retention import warnings

    warnings.warn_of_erasures()


@scheduled_job("retention.look_for_orphans", daily(4, 30))
def look_for_orphans() -> None:
    """Report what belongs to nobody; a second run only adds a second report."""
    from retention import orphans

    orphans.look_for_orphans()


@scheduled_job("retention.remind_of_hold_reviews", daily(8, 30))
def remind_of_hold_reviews() -> None:
    """Ask the officers about holds that nobody has reviewed for long; each is asked about once."""
    from retention import services

    services.remind_of_reviews()
