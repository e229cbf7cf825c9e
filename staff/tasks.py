from common.jobs import daily, scheduled_job


@scheduled_job("staff.remind_of_undertakings", daily(8))
def remind_of_undertakings() -> None:
    """Tell members of staff when they have to sign anew. Safe to repeat: nobody is told twice."""
    from staff import undertakings

    undertakings.remind_of_undertakings()
