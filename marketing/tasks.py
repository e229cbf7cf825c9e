from common.jobs import daily, every_minute, scheduled_job


@scheduled_job("marketing.write_newsletters", every_minute)
def write_newsletters() -> None:
    """Write the mails of the newsletters that are being sent. Safe to repeat."""
    from marketing import issues

    issues.write_mails()


@scheduled_job("marketing.forget_old_subscriptions", daily(0, 40))
def forget_old_subscriptions() -> None:
    """Delete addresses that nobody confirmed in time. Safe to repeat."""
    from marketing import subscriptions

    subscriptions.forget_old_subscriptions()
