from common.jobs import daily, scheduled_job


@scheduled_job("staff.remind_of_undertakings", daily(8))
def remind_of_undertakings() -> None:
    """Tell members of staff when they have to sign anew. Safe to repeat: nobody is told twice."""
    from staff import undertakings

    undertakings.remind_of_undertakings()


@scheduled_job("staff.prepare_reviews", daily(8, 10))
def prepare_reviews() -> None:
    """Write down each role once in a quarter, and tell the officers. Safe to repeat."""
    from staff import reviews

    reviews.prepare_reviews()
