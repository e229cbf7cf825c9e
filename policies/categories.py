"""Which kinds of data the company deals with: what a purpose uses or a retention rule names."""

from django.db.models import Exists, Q
from django.utils import timezone

from common.personal_data import DataCategory
from policies.counting import local_day
from policies.models import Company, Purpose, RetentionRule


def deals_with(category: DataCategory) -> Q:
    """Return the condition, for a query to carry along, that the company holds such data."""
    rules = RetentionRule.objects.in_force(local_day(timezone.now()))
    return Q(
        Exists(Purpose.objects.active().filter(data_categories__contains=[category]))
        | Exists(rules.filter(category=category))
    )


def is_dealt_with(category: DataCategory) -> bool:
    return Company.objects.filter(deals_with(category)).exists()
