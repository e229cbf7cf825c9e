from common.jobs import every_minute, scheduled_job


@scheduled_job("visits.move_counts", every_minute)
def move_counts() -> None:
    """Move what was counted to its rows. They know their last batch, so none comes twice."""
    from visits import services

    services.move_counts()
