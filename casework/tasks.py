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


@scheduled_job("casework.remind_of_deadlines", daily(7))
def remind_of_deadlines() -> None:
    """Tell of last days that are near or over; each step is taken once a case and last day."""
    from casework import reminders

    reminders.remind_of_deadlines()


@scheduled_job("casework.send_reminders", daily(7, 5))
def send_reminders() -> None:
    """Send the reminders that staff asked for; each is sent once."""
    from casework import reminders

    reminders.send_reminders()
