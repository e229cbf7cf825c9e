from common.jobs import daily, scheduled_job


@scheduled_job("calls.erase_old_recordings", daily(3, 15))
def erase_old_recordings() -> None:
    """Erase the recordings whose time is over; run again it finds none left."""
    from calls import retention

    retention.erase_old_recordings()
