from common.jobs import daily, every_minute, scheduled_job

SEAL = "access.seal_records"


@scheduled_job(SEAL, every_minute)
def seal_records() -> None:
    """Seal what was recorded, then copy the seals out; both go on where a killed run stopped.

    A copy that cannot be written fails the job, after all is sealed.
    """
    from access import outside_copy, sealing

    sealing.seal_records()
    outside_copy.copy_seals()


@scheduled_job("access.verify_records", daily(4, 0))
def verify_records() -> None:
    """Verify all records and keep the result; a second run only adds a second result."""
    from access import verification

    verification.note_verification()
