from common.jobs import daily, every_hour, scheduled_job


@scheduled_job("complaints.start_missing_clocks", every_hour)
def start_missing_clocks() -> None:
    """Start the clocks that had to wait for the calendar; run again it finds them running."""
    from complaints import intake

    intake.start_missing_clocks()


@scheduled_job("complaints.erase_unconfirmed", daily(2, 50))
def erase_unconfirmed() -> None:
    """Erase the complaints whose address nobody confirmed in time; run again it finds none."""
    from complaints import open_intake

    open_intake.erase_unconfirmed()
