"""What the purge would do now, without doing it."""

from collections import Counter
from dataclasses import dataclass

from django.utils import timezone

from accounts.models import Customer
from common import personal_data
from policies.counting import first_day_still_running, local_day, midnight
from policies.models import RetentionRule
from policies.retention import rule_after_closing
from retention.models import LegalHold


@dataclass(frozen=True)
class Preview:
    """Who is due under the rule: numbers of customers, and the keys of those who would go."""

    rule: RetentionRule
    due: int
    held: int
    deferred: int
    going: frozenset[int]

    def rows(self) -> dict[str, int]:
        """Return how many rows would go with them, by the table's name for people."""
        counts: Counter[str] = Counter()
        for declaration in personal_data.declarations():
            name = str(declaration.model._meta.verbose_name_plural)
            counts[name] += declaration.about(self.going).count()
        return dict(+counts)


def preview_purge() -> Preview:
    """Raises NotConfigured."""
    today = local_day(timezone.now())
    rule = rule_after_closing(today)
    before = midnight(first_day_still_running(today, rule.months))
    due = frozenset(Customer.objects.closed_before(before).values_list("pk", flat=True))
    holds = LegalHold.objects.in_force().filter(customer__in=due)
    held = frozenset(holds.values_list("customer", flat=True))
    deferred = frozenset[int]().union(*(wait(due) for wait in personal_data.deferrals().values()))
    return Preview(
        rule=rule,
        due=len(due),
        held=len(held),
        deferred=len(deferred - held),
        going=due - held - deferred,
    )
