from common.jobs import daily, every_hour, scheduled_job


@scheduled_job("enquiries.count_last_days", every_hour)
def count_last_days() -> None:
    """Count last days that had to wait for the calendar, or that a new one makes earlier."""
    from enquiries import clock

    clock.count_last_days()


@scheduled_job("enquiries.tell_of_late", daily(7, 10))
def tell_of_late_enquiries() -> None:
    """Tell of enquiries whose last day is near or over; each step is taken once for each."""
    from enquiries import clock

    clock.tell_of_late_enquiries()
