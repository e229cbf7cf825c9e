from common.jobs import daily, every_minute, scheduled_job


@scheduled_job("visits.move_counts", every_minute)
def move_counts() -> None:
    """Move what was counted to its rows. They know their last batch, so none comes twice."""
    from visits import services

    services.move_counts()


@scheduled_job("visits.forget_old_counts", daily(3, 0))
def forget_old_counts() -> None:
    """Delete the counts whose period is over; run again it finds none."""
    from visits import services

    services.forget_old_counts()
