from common.jobs import daily, scheduled_job


@scheduled_job("retention.purge_closed_accounts", daily(2, 0))
def purge_closed_accounts() -> None:
    """Erase what is due; run again after a crash it continues."""
    from retention import purge

    purge.purge_closed_accounts()
