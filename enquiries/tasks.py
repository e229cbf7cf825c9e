from common.jobs import daily, scheduled_job


@scheduled_job("enquiries.erase_enquiries", daily(2, 45))
def erase_enquiries() -> None:
    """Erase the enquiries whose time is over; run again it finds none left."""
    from enquiries import erasing

    erasing.erase_enquiries()
