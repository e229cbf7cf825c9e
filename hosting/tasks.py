from common.jobs import daily, scheduled_job


@scheduled_job("hosting.order_backups", daily(4, 15))
def order_backups() -> None:
    """Order what could not be when it was answered; what is ordered already is not again."""
    from hosting import backups

    backups.order_what_waited()
