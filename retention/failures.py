"""Customers whom the purge could not erase: tried again each night, told after some nights.

A failure goes with its customer, or a week after the last attempt.
"""

import logging
from datetime import timedelta

from django.db import IntegrityError
from django.db.models import F
from django.urls import reverse
from django.utils import timezone

from accounts.staff import tell_officers
from retention.models import PurgeFailure

logger = logging.getLogger(__name__)

TOLD_AFTER = 3  # nights
FORGOTTEN_AFTER = timedelta(days=7)
A_NIGHT = timedelta(hours=12)  # a run that is repeated in the same night is no other attempt


def note_failure(customer: int, error: Exception) -> None:
    """Count that a customer (primary key) was not erased, once a night; tell when it is too often.

    Of the error its kind alone: its words may hold what it is about.
    """
    logger.error("customer %s not erased: %s", customer, type(error).__name__)
    now = timezone.now()
    try:
        failure, is_new = PurgeFailure.objects.get_or_create(
            customer_id=customer, defaults={"attempts": 1}
        )
    except IntegrityError:  # another run has erased the customer meanwhile
        return
    if not is_new:
        before = PurgeFailure.objects.filter(pk=failure.pk, last_at__lt=now - A_NIGHT)
        before.update(attempts=F("attempts") + 1, last_at=now)
    PurgeFailure.objects.filter(pk=failure.pk).update(error=_kind_of(error))
    if PurgeFailure.objects.filter(pk=failure.pk, attempts__gte=TOLD_AFTER).exists():
        _tell_officers(failure)


def forget_old_failures() -> None:
    """Forget those of who was not tried again: they are kept now, or not due any more."""
    PurgeFailure.objects.filter(last_at__lt=timezone.now() - FORGOTTEN_AFTER).delete()


def _kind_of(error: Exception) -> str:
    """Name the error as the database does, else by its class."""
    state = getattr(error.__cause__, "sqlstate", None)
    name = type(error.__cause__ or error).__name__
    return f"{name} ({state})" if state else name[:64]


def _tell_officers(failure: PurgeFailure) -> None:
    tell_officers(
        "erasure_fails",
        key=f"erasure-fails-{failure.pk}",
        path=reverse("admin:retention_purgefailure_changelist"),
    )
