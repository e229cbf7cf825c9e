"""The purge: closed accounts whose period is over go, for good and everywhere.

Deleting cannot be undone, so this is how it is kept safe:

- Who is due follows from ``closed_at`` and the rule in force; nothing is marked.
- Until the DPO has approved the rule, a run counts and deletes nothing.
- A batch locks its customers with SKIP LOCKED, in one transaction. Holds,
  reopening and new cases take the same lock first, so what they say is final
  once the lock is ours: holds and deferrals are read again in new statements.
- One transaction removes sessions, rows and histories, and writes the
  tombstones and the list of files. Files go after the commit; killed before,
  the next run finds them on the list. A run that is killed is simply run again.
- When a batch fails, its customers are tried one by one, so that one broken
  customer does not keep the others.
"""

import logging
from collections import Counter
from collections.abc import Collection, Iterable
from datetime import date, datetime
from typing import Any

from django.core.files.storage import default_storage
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from accounts.models import Customer, CustomerQuerySet
from common import personal_data
from policies.counting import first_day_still_running, local_day, midnight
from policies.models import RetentionRule
from policies.retention import kept_until, rule_after_closing
from retention.models import DoomedFile, LegalHold, PurgeApproval, PurgeRun, Tombstone

logger = logging.getLogger(__name__)

BATCH = 500  # customers a transaction: measured as fast as one statement for all


def purge_closed_accounts(*, at: datetime | None = None, only_report: bool = False) -> PurgeRun:
    """Erase every closed account whose retention period is over; return the report.

    ``at`` is the moment to judge by (default: the database's now). Reports only
    when asked to, and while the rule is not approved. Run again, it continues.

    Raises NotConfigured.
    """
    moment = at or _database_now()
    today = local_day(moment)
    rule = rule_after_closing(today)
    approved = PurgeApproval.objects.filter(rule=rule).exists()
    due = _due(rule, today)
    run = PurgeRun.objects.create(
        rule=rule, only_reported=only_report or not approved, due=due.count()
    )
    if not run.only_reported:
        _erase_all(run, due)
    _count_kept(run, due)
    run.finished_at = timezone.now()
    run.save()
    remove_doomed_files()
    return run


def remove_doomed_files() -> int:
    """Remove the files whose rows are erased; return how many went. Safe to repeat."""
    removed = 0
    for doomed in DoomedFile.objects.order_by("pk").iterator():
        try:
            default_storage.delete(doomed.path)
        except OSError as error:
            logger.error("file %s not removed: %s", doomed.pk, type(error).__name__)
        else:
            doomed.delete()
            removed += 1
    return removed


def _due(rule: RetentionRule, today: date) -> CustomerQuerySet:
    return Customer.objects.closed_before(midnight(first_day_still_running(today, rule.months)))


def _erase_all(run: PurgeRun, due: CustomerQuerySet) -> None:
    last = 0  # each batch starts behind the one before, so what must stay is met once
    while batch := list(
        due.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:BATCH]
    ):
        last = batch[-1]
        try:
            _erase_batch(run, due, batch)
        except DatabaseError:
            _erase_one_by_one(run, due, batch)


def _erase_one_by_one(run: PurgeRun, due: CustomerQuerySet, batch: Iterable[int]) -> None:
    for customer in batch:
        try:
            _erase_batch(run, due, [customer])
        except DatabaseError as error:
            run.failed += 1
            logger.error("customer %s not erased: %s", customer, type(error).__name__)


def _erase_batch(run: PurgeRun, due: CustomerQuerySet, batch: Collection[int]) -> None:
    with transaction.atomic():
        wanted = due.filter(pk__in=batch).order_by("pk")
        locked = list(wanted.select_for_update(skip_locked=True, of=("self",)))
        stay = _must_stay([customer.pk for customer in locked])
        going = [customer for customer in locked if customer.pk not in stay]
        counts = erase([customer.pk for customer in going])
        _bury(run, going)
    run.erased += len(going)
    run.counts = dict(Counter(run.counts) + counts)


def _must_stay(customers: Collection[int]) -> set[int]:
    """Return those on hold or deferred; asked anew under the lock."""
    stay = _held(customers)
    for deferral in personal_data.deferrals().values():
        stay |= deferral(customers)
    return stay


def _held(customers: Collection[int]) -> set[int]:
    holds = LegalHold.objects.in_force().filter(customer__in=customers)
    return set(holds.values_list("customer", flat=True))


def erase(customers: Collection[int]) -> Counter[str]:
    """Remove every row about these customers (primary keys) with its history; doom their files.

    Returns the number of rows removed from each table. Call it in a
    transaction that holds the customers' rows.
    """
    counts: Counter[str] = Counter()
    if not customers:
        return counts
    _allow_erasure()
    for step in personal_data.erasure_steps():
        step(customers)
    order = personal_data.children_first()
    rows = {d.model: list(d.about(customers).values_list("pk", flat=True)) for d in order}
    for declaration in order:
        if declaration.history is not None:
            past = declaration.history_about(customers, rows[declaration.model])
            counts[declaration.history._meta.label] += _delete(past)
        _doom_files(declaration, rows[declaration.model])
    for declaration in order:
        gone = declaration.model._base_manager.filter(pk__in=rows[declaration.model])
        counts[declaration.model._meta.label] += _delete(gone)
    return +counts


def _delete(rows: Any) -> int:
    """Delete in one statement; ``delete()`` would fetch each row and write a last copy of it."""
    return rows._raw_delete(rows.db) or 0  # None when nothing can match


def _doom_files(declaration: personal_data.Declaration, rows: Collection[Any]) -> None:
    for name in declaration.files:
        paths = declaration.model._base_manager.filter(pk__in=rows).values_list(name, flat=True)
        DoomedFile.objects.bulk_create(
            (DoomedFile(path=path) for path in paths if path), ignore_conflicts=True
        )


def _allow_erasure() -> None:
    """Let this transaction delete from append-only tables; their triggers ask for it."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL portal.erasing = 'on'")


def _bury(run: PurgeRun, customers: Iterable[Customer]) -> None:
    Tombstone.objects.bulk_create(
        Tombstone(
            public_id=customer.public_id,
            opened_on=local_day(customer.opened_at),
            closed_on=local_day(customer.closed_at),
            retained_until=kept_until(run.rule, customer.closed_at),
            rule=run.rule,
            run=run,
        )
        for customer in customers
        if customer.closed_at is not None
    )


def _count_kept(run: PurgeRun, due: CustomerQuerySet) -> None:
    left = list(due.values_list("pk", flat=True))
    run.held = len(_held(left))
    run.deferred = {
        reason: len(waiting)
        for reason, deferral in personal_data.deferrals().items()
        if (waiting := deferral(left))
    }


def _database_now() -> datetime:
    """Return the database's clock, the one that stamped the closings; never this machine's."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT now()")
        return cursor.fetchone()[0]  # type: ignore[no-any-return]
