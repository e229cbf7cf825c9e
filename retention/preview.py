"""What the purge would do now, without doing it."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from django.apps import apps
from django.utils import timezone

from access.models import AccessRecord
from common.periods import Expiry
from common.personal_data import deferred
from policies.counting import local_day
from policies.models import RetentionRule
from policies.periods import Term, over, swept_under
from retention.access_records import count_due, removes_access_records
from retention.due import due_under, free_to_go, held, rows_about
from retention.kept_rows import free_rows, held_rows, needed_rows


@dataclass(frozen=True)
class Preview:
    """Numbers of customers, or of rows, under one rule, and of what would go, by its name."""

    due: int
    held: int
    deferred: int
    going: int
    rows: dict[str, int]


def preview_of(rule: RetentionRule) -> Preview:
    if swept := swept_under(rule):
        return _preview_sweep(swept)
    if not removes_access_records(rule):
        return preview_purge(rule)
    name = str(AccessRecord._meta.verbose_name_plural)
    return Preview(due=0, held=0, deferred=0, going=0, rows={name: count_due(rule)})


def _preview_sweep(swept: Iterable[tuple[Expiry, Term]]) -> Preview:
    counts: Counter[str] = Counter()
    rows: Counter[str] = Counter()
    for expiry, term in swept:
        due = over(expiry, term, local_day(timezone.now()))
        counts["due"] += due.count()
        counts["held"] += held_rows(expiry, due).count()
        counts["deferred"] += sum(each.count() for each in needed_rows(expiry, due).values())
        rows[str(expiry.label)] += free_rows(expiry, due).count()
    return Preview(
        due=counts["due"],
        held=counts["held"],
        deferred=counts["deferred"],
        going=rows.total(),
        rows=dict(+rows),
    )


def preview_purge(rule: RetentionRule) -> Preview:
    customers = due_under(rule, local_day(timezone.now()))
    going = free_to_go(customers)
    rows: Counter[str] = Counter()
    for label, number in rows_about(going).items():
        rows[str(apps.get_model(label)._meta.verbose_name_plural)] += number
    return Preview(
        due=customers.count(),
        held=held(customers).count(),
        deferred=sum(those.count() for those in deferred(customers).values()),
        going=going.count(),
        rows=dict(rows),
    )
