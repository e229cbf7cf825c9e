"""What shows that a customer still uses the account; rooms above add their own."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db.models import OuterRef, QuerySet

from accounts.models import Consent, Customer, EventChannel

Activity = Callable[[datetime], QuerySet[Any, Any]]
"""Takes a moment; returns rows since then, filtered by ``customer=OuterRef("pk")``."""

_activities: list[Activity] = []


def counts_as_activity(activity: Activity) -> Activity:
    _activities.append(activity)
    return activity


def activities() -> list[Activity]:
    return list(_activities)


@counts_as_activity
def signing_in(since: datetime) -> QuerySet[Any, Any]:
    return Customer.objects.filter(pk=OuterRef("pk"), user__last_login__gte=since)


@counts_as_activity
def changing(since: datetime) -> QuerySet[Any, Any]:
    changes: QuerySet[Any, Any] = Customer.history.filter(history_date__gte=since)
    return changes.filter(id=OuterRef("pk"))


@counts_as_activity
def deciding_on_a_consent(since: datetime) -> QuerySet[Any, Any]:
    """A consent that expires by itself is nothing that the customer did."""
    decided = Consent.objects.exclude(channel=EventChannel.PORTAL)
    return decided.filter(customer=OuterRef("pk"), at__gte=since)
