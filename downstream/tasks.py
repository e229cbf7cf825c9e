from celery import shared_task

from common.jobs import daily, every_minute, scheduled_job


@shared_task(name="downstream.send_orders")
def send_orders() -> None:
    """Send what is due; run again it finds it sent."""
    from downstream import delivery

    delivery.send_due_orders()


@scheduled_job("downstream.sweep_orders", every_minute)
def sweep_orders() -> None:
    """Send what no message woke the worker for, or what failed before."""
    from downstream import delivery

    delivery.send_due_orders()


@scheduled_job("downstream.forget_old_orders", daily(3, 45))
def forget_old_orders() -> None:
    """Delete the orders whose time is over, and secrets that sign no more. Safe to repeat."""
    from downstream import orders, systems

    orders.forget_old_orders()
    systems.forget_old_secrets()


@scheduled_job("downstream.remind_of_orders", daily(8, 0))
def remind_of_orders() -> None:
    """Remind of what is to be carried out or late; run again on one day it writes to nobody."""
    from downstream import reminders

    reminders.remind_of_orders()
