from common.jobs import daily, scheduled_job


@scheduled_job("hosting.order_destruction", daily(4, 0))
def order_destruction() -> None:
    """Order the destruction of what has ended; run again it finds it ordered."""
    from hosting import orders

    orders.order_destruction_of_ended()
