"""Who is due for erasure, and who of them must stay, asked anew each time."""

from datetime import date
from typing import Any

from django.db.models import QuerySet

from accounts.models import Customer, CustomerQuerySet
from common import personal_data
from policies.models import RetentionRule
from retention.models import LegalHold


def due_under(rule: RetentionRule, today: date) -> CustomerQuerySet:
    return Customer.objects.filter(closing_rule=rule).kept_too_long(today)


def held(customers: CustomerQuerySet) -> CustomerQuerySet:
    return customers.filter(pk__in=_holds())


def free_to_go(customers: CustomerQuerySet) -> CustomerQuerySet:
    """Narrow to those whom neither a hold nor a deferral keeps as a whole."""
    going = customers.exclude(pk__in=_holds())
    for deferral in personal_data.deferrals().values():
        going = going.exclude(pk__in=deferral())
    return going


def rows_about(customers: CustomerQuerySet) -> dict[str, int]:
    """Count what would go with them, by table."""
    counts = {
        declaration.model._meta.label: declaration.about(customers.values("pk")).count()
        for declaration in personal_data.declarations()
    }
    return {table: number for table, number in counts.items() if number}


def _holds() -> QuerySet[Any, Any]:
    return LegalHold.objects.keeping().whole().values("customer")
