"""The purge: closed accounts whose period is over go, for good and everywhere.

Deleting cannot be undone, so this is how it is kept safe:

- Who is due follows from the day that the customer was told at closing.
- Until the DPO has approved the rule, a run counts and deletes nothing; nor does one that is in
  doubt (runs.py). Whom a run may erase is read before it begins: who is released meanwhile goes
  with the next one.
- A batch locks its customers with SKIP LOCKED, in one transaction. Holds,
  reopening and new cases take the same lock first, so what they say is final
  once the lock is ours: holds and deferrals are read again in new statements.
- One transaction removes what lets somebody in, rows, histories and the admin's log, in this
  order, and writes the tombstones and the list of files. Files go after the commit; killed before,
  the next run finds them on the list. A run that is killed is simply run again.
- Of whom a part must stay, all else goes (parts.py); the tombstone follows with the last of it.
- When a batch fails, whatever the error, its halves are tried, and theirs (batches.py), so that
  one broken customer does not keep the others; who fails is listed and told of (failures.py).
- What the erased could be told by is read under the lock, kept in memory, and searched for
  everywhere once the run is over (watch.py), also where an error ends it. The nightly task erases
  for a part of its time alone, so that the search has its turn; the next one goes on. What takes
  longer to search than a task may last is searched by the command, which has no limit.
- A ledger that is away while a run goes on costs nobody the search; the next run writes the lines.
"""

import logging
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from itertools import chain
from math import inf
from time import monotonic

from django.conf import settings
from django.db import Error, transaction

from accounts.models import Customer, CustomerQuerySet
from common import personal_data
from common.database import among, database_now, drop_dead_connection
from common.erasure import Erased, Keys, erase_rows
from common.files import remove_doomed_files
from common.personal_data import Stay, stays_of
from policies.counting import local_day
from policies.models import RetentionRule
from policies.retention import rule_after_closing
from retention import ledger
from retention.batches import batches, end_of, erase_all, error_of
from retention.due import due_under, free_to_go, held, rows_about
from retention.exceptions import PurgeUnfinished
from retention.failures import forget_old_failures, note_failure
from retention.models import PurgeRun, Remainder, Tombstone
from retention.parts import Reduced, erase_but, note_what_went, unsettled
from retention.portraits import Portrait, ids_of, portray, without_what_stays
from retention.runs import (
    begin_run,
    clocks_are_doubted,
    count_batch,
    finish_run,
    removes,
    report_rows,
)
from retention.watch import Watch

logger = logging.getLogger(__name__)


def purge_closed_accounts(
    *, at: datetime | None = None, only_report: bool = False, until: float = inf
) -> list[PurgeRun]:
    """Erase every closed account whose last day is over; return a report for each rule.

    Each account goes by the rule under which it was closed. ``at`` is the moment to
    judge by (default: the database's now). Reports only when asked to, and for
    a rule that is not approved. Run again, it continues. until: by the monotonic clock, when no
    other batch begins.

    Raises NotConfigured, LedgerAhead, LedgerLost, OSError, PurgeUnfinished. Any other error that
    ends the run of one rule is logged, ends no other run, and the first is raised at the end.
    """
    if not only_report:
        ledger.record()  # what a killed run left; and nothing goes beside a ledger that is ahead
    today, watch = local_day(at or database_now()), Watch()
    rules = RetentionRule.objects.filter(closed_customers__isnull=False).distinct()
    in_use = list(rules.order_by("pk")) or [rule_after_closing(today)]
    ready = {rule: _ready_under(rule, today) for rule in in_use}
    number, runs = sum(map(len, ready.values())), list[PurgeRun]()

    def purge_under(rule: RetentionRule, going: Collection[int]) -> None:
        due = due_under(rule, today)
        run = begin_run(
            rule,
            due=due.count(),
            going=len(going),
            among=Customer.objects.all(),
            beside=number - len(going),
            only_report=only_report,
            at=at,
        )
        runs.append(run)
        _purge(run, due, going, watch, until)

    try:
        errors = [end_of(f"rule {each.pk}", purge_under, each, ready[each]) for each in ready]
        is_cut = monotonic() >= until
    finally:
        if not only_report:
            _end(watch)
    for error in filter(None, errors):
        raise error
    if is_cut:
        raise PurgeUnfinished("There was no time for all of them; the next run goes on.")
    return runs


def _end(watch: Watch) -> None:
    """Remove the files, by another connection where one was cut, and search once they are gone."""
    try:
        if error_of(remove_doomed_files):
            remove_doomed_files()
        watch.search()
    finally:
        forget_old_failures()


def _ready_under(rule: RetentionRule, today: date) -> list[int]:
    free = free_to_go(due_under(rule, today))
    return [key for batch in batches(free, by="kept_until") for key in unsettled(batch)]


def _purge(
    run: PurgeRun, due: CustomerQuerySet, ready: Collection[int], watch: Watch, until: float
) -> None:
    failed = 0
    if removes(run):
        erase_batch = partial(_erase_and_bury, run, watch, due)
        failed = erase_all(ready, erase_batch, note=note_failure, until=until)
    else:
        report_rows(run, rows_about(Customer.objects.filter(pk__in=ready)))
    waiting = {reason: those.count() for reason, those in personal_data.deferred(due).items()}
    finish_run(run, held=held(due).count(), deferred=waiting, failed=failed)


def erase_unverified_sign_ups(*, at: datetime | None = None) -> int:
    """Erase who signed up and never proved the address; return how many went. Safe to repeat.

    Their details may have been typed by somebody else, so nothing is kept.
    """
    if at is None and clocks_are_doubted():
        return 0
    before = (at or database_now()) - timedelta(days=settings.UNVERIFIED_SIGN_UP_DAYS)
    unproved = Customer.objects.unproved().filter(opened_at__lt=before)
    keys = chain.from_iterable(batches(free_to_go(unproved), by="opened_at"))
    erased: list[int] = []
    erase_all(keys, partial(_erase_unproved, unproved, erased), note=note_failure)
    return len(erased)


def _erase_and_bury(
    run: PurgeRun, watch: Watch, customers: CustomerQuerySet, batch: Collection[int]
) -> None:
    with transaction.atomic():
        going = _lock_free(customers, batch)
        stays = unsettled([customer.pk for customer in going])
        whole = [customer for customer in going if stays.get(customer.pk) == []]
        parts = [customer for customer in going if stays.get(customer.pk)]
        portrait = portray(whole)
        erased = erase([customer.pk for customer in whole], known=portrait.keys)
        _bury(run, whole, portrait)
        reduced, portrait_of_parts = _erase_parts(run, parts, stays)
        erased.update(reduced.erased)
        # Now, so that a run that is killed before its search is known to be in doubt.
        count_batch(run, erased, number=len(whole), partly=len(reduced.changed))
    if whole:
        watch.add(run, portrait, number=len(whole))
    if reduced.changed:
        watch.add(run, portrait_of_parts, number=len(reduced.changed))
    if whole:
        _write_ledger()
    if watch.is_full:
        remove_doomed_files()
        watch.search()


def _write_ledger() -> None:
    """Raises LedgerAhead, LedgerLost."""
    try:
        ledger.record()
    except (OSError, Error) as error:
        logger.error("the ledger waits for the next run: %s", type(error).__name__)
        drop_dead_connection()


def _erase_parts(
    run: PurgeRun, customers: Collection[Customer], stays: Mapping[int, Collection[Stay]]
) -> tuple[Reduced, Portrait]:
    """Erase but what stays; return a portrait of what nothing that stays says as well."""
    if not customers:
        return Reduced(Erased(), []), Portrait()
    before = portray(customers)
    reduced = erase_but({customer.pk: stays[customer.pk] for customer in customers})
    gone = without_what_stays(before, customers)
    changed = {*reduced.changed, *(key for key, rows in gone.rows.items() if rows)}
    note_what_went(run, {key: gone.rows.get(key, {}) for key in changed})
    return replace(reduced, changed=sorted(changed)), gone


@transaction.atomic
def _erase_unproved(customers: CustomerQuerySet, erased: list[int], batch: Collection[int]) -> None:
    """Where a part is held all of it stays: nobody has shown whose it is."""
    going = [customer.pk for customer in _lock_free(customers, batch)]
    held_parts = stays_of(going)
    going = [key for key in going if key not in held_parts]
    erase(going)
    erased += going


def _lock_free(customers: CustomerQuerySet, batch: Collection[int]) -> list[Customer]:
    """Lock the batch, ask again who must stay, and return the others."""
    wanted = customers.filter(among("pk", batch)).order_by("pk")
    held_rows = wanted.select_for_update(skip_locked=True, of=("self",))
    locked = list(held_rows.values_list("pk", flat=True))
    people = Customer.objects.filter(among("pk", locked)).with_former_ids()
    return list(free_to_go(people).select_related("remainder").order_by("pk"))


def erase(customers: Collection[int], *, known: Keys | None = None) -> Erased:
    """Remove every row about these customers (primary keys) with its history; doom their files.

    known: these rows, where they were just read. Call it in a transaction that holds the
    customers' rows.
    """
    if not customers:
        return Erased()
    for step in (*personal_data.erasure_steps(), *personal_data.last_erasure_steps()):
        step(customers)
    return erase_rows(personal_data.children_first(), customers, known=known)


def _bury(run: PurgeRun, customers: Iterable[Customer], portrait: Portrait) -> None:
    """Leave a tombstone under each public id that a customer had."""
    nothing = Remainder()
    Tombstone.objects.bulk_create(
        Tombstone(
            public_id=public_id,
            opened_on=local_day(customer.opened_at),
            closed_on=local_day(customer.closed_at),
            retained_until=customer.kept_until,
            rows=dict(portrait.rows[customer.pk] + Counter(earlier.rows)),
            earlier_runs=earlier.runs,
            rule=run.rule,
            run=run,
        )
        for customer in customers
        if customer.closed_at is not None and customer.kept_until is not None
        for earlier in [getattr(customer, "remainder", nothing)]
        for public_id in ids_of(customer)
    )
