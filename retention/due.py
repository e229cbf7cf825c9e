"""Who is due for erasure, and who of them must stay, asked anew each time."""

from collections.abc import Mapping
from datetime import date

from accounts.models import Customer, CustomerQuerySet
from common import personal_data
from policies.models import RetentionRule
from retention.models import LegalHold


def due_under(rule: RetentionRule, today: date) -> CustomerQuerySet:
    return Customer.objects.filter(closing_rule=rule).kept_too_long(today)


def held(customers: CustomerQuerySet) -> CustomerQuerySet:
    return customers.filter(pk__in=LegalHold.objects.in_force().values("customer"))


def deferred(customers: CustomerQuerySet) -> Mapping[str, CustomerQuerySet]:
    """Return the deferred customers by the reason code; one may be under several."""
    return {
        reason: customers.filter(pk__in=deferral())
        for reason, deferral in personal_data.deferrals().items()
    }


def free_to_go(customers: CustomerQuerySet) -> CustomerQuerySet:
    """Narrow to those whom neither a hold nor a deferral keeps."""
    going = customers.exclude(pk__in=LegalHold.objects.in_force().values("customer"))
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
