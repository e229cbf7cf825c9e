from common.jobs import daily, scheduled_job


@scheduled_job("hosting.order_backup_destructions", daily(4, 15))
def order_backup_destructions() -> None:
    """Order what a legal hold kept from being ordered; what is ordered already is not again."""
    from hosting import backups

    backups.order_what_waited()
