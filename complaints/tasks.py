from common.jobs import every_hour, scheduled_job


@scheduled_job("complaints.start_missing_clocks", every_hour)
def start_missing_clocks() -> None:
    """Start the clocks that had to wait for the calendar; run again it finds them running."""
    from complaints import intake

    intake.start_missing_clocks()
