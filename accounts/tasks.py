from common.jobs import daily, every_hour, every_minute, scheduled_job


@scheduled_job("accounts.forget_ended_sessions", daily(1, 30))
def forget_ended_sessions() -> None:
    """Remove sessions past their age, and what is known of their devices. Safe to repeat."""
    from accounts import sessions

    sessions.forget_ended_sessions()


@scheduled_job("accounts.expire_consents", daily(0, 20))
def expire_consents() -> None:
    """End the consents that were given too long ago. Safe to repeat: what ended has a line."""
    from accounts import consent_expiry

    consent_expiry.expire_consents()


@scheduled_job("accounts.ask_for_accuracy", daily(9))
def ask_for_accuracy() -> None:
    """Ask customers to confirm their details anew. Nobody is asked twice; safe to repeat."""
    from accounts import accuracy

    accuracy.ask_for_accuracy()


@scheduled_job("accounts.announce_policies", every_minute)
def announce_policies() -> None:
    """Write the notices about a significant policy version. Safe to repeat."""
    from accounts import announcements

    announcements.announce_policies()


@scheduled_job("accounts.forget_files", every_minute)
def forget_files() -> None:
    """Throw away files of customers that nobody confirmed for an hour. Safe to repeat."""
    from accounts import imports

    imports.forget_files()


@scheduled_job("accounts.tell_of_emergencies", every_hour)
def tell_of_emergencies() -> None:
    """Tell customers of what was secret until yesterday. Safe to repeat: told is told once."""
    from accounts import emergencies

    emergencies.tell_customers()


@scheduled_job("accounts.remind_of_reviews", daily(8, 30))
def remind_of_reviews() -> None:
    """Remind the officers of emergencies to review. Safe to repeat: one mail a day each."""
    from accounts import emergencies

    emergencies.remind_of_reviews()


@scheduled_job("accounts.mail_newest_seal", daily(7))
def mail_newest_seal() -> None:
    """Mail the newest seal of the access records to the auditors, and tell of gaps.

    Nobody gets two of a day, or two of a gap.
    """
    from accounts import seal_mails

    seal_mails.mail_newest_seal()
    seal_mails.mail_gaps()


@scheduled_job("accounts.tell_of_accesses", daily(8))
def tell_of_accesses() -> None:
    """Mail customers who want it how often staff looked. A day is told once, a missed one too."""
    from accounts import access_mails

    access_mails.tell_of_accesses()
