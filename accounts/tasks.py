from common.jobs import daily, scheduled_job


@scheduled_job("accounts.forget_ended_sessions", daily(1, 30))
def forget_ended_sessions() -> None:
    """Remove sessions past their age, and what is known of their devices. Safe to repeat."""
    from accounts import services

    services.forget_ended_sessions()
