from common.jobs import every_minute, scheduled_job


@scheduled_job("casework.recount_clocks", every_minute)
def recount_clocks() -> None:
    """Count clocks anew after a change of the official calendar; run again it finds none."""
    from casework import recount

    recount.recount_clocks()
