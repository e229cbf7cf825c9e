from common.jobs import daily, every_minute, scheduled_job


@scheduled_job("casework.recount_clocks", every_minute)
def recount_clocks() -> None:
    """Count clocks anew after a change of the official calendar; run again it finds none."""
    from casework import recount

    recount.recount_clocks()


@scheduled_job("casework.watch_calendar", daily(8))
def watch_calendar() -> None:
    """Tell that the official calendar ends; the notices of a week are written once."""
    from casework import calendar_watch

    calendar_watch.remind_of_calendar()


@scheduled_job("casework.scan_evidence", every_minute)
def scan_evidence() -> None:
    """Scan what was taken while the scanner was away; run again it finds only what still waits."""
    from casework import scanning

    scanning.scan_waiting_evidence()
