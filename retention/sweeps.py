"""The sweep: rows that go by a period of their own, each night, under the rule that judges them.

- Which rows there are, the registry says (common/periods.py); which rule judges a row and when it
  is over, policies/periods.py; what a run may do, and when it stops, runs.py.
- A batch is one transaction. It locks the customers of its rows first, as every other change does,
  with SKIP LOCKED, and then reads anew who is on hold; then the rows, and what is still over. Who
  is locked by somebody else is met the next night.
- What a batch removed is counted in its own transaction: a run that is killed is simply run again,
  and two at once share the rows. A batch that fails is counted, and keeps no other.
- Access records go by a function of the database (access_records.py), at the end of the night.
"""

import logging
from collections.abc import Collection
from datetime import date, datetime
from functools import partial
from itertools import chain
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from common.database import database_now
from common.erasure import erase_these
from common.errors import PortalError
from common.files import remove_doomed_files
from common.periods import Expiry, expiries
from policies.counting import local_day
from policies.models import RetentionAction
from policies.periods import Term, over, terms_or_none
from retention.access_records import remove_access_records
from retention.batches import batches, end_of, erase_all
from retention.kept_rows import free_rows, held_rows, lock_customers, needed_rows
from retention.models import PurgeRun
from retention.runs import (
    begin_run,
    clocks_are_doubted,
    count_batch,
    finish_run,
    removes,
    report_rows,
)
from retention.statistics import count_rows

logger = logging.getLogger(__name__)


class SweepFailed(PortalError):
    """Some rows could not be erased; the others were."""


def sweep(*, at: datetime | None = None, only_report: bool = False) -> list[PurgeRun]:
    """Erase what is over, rule by rule; return a report for each. Run again, it continues.

    ``at`` is the moment to judge by (default: the database's now). Reports only when asked to, and
    for a rule that is not approved. What goes by a setting, or on a day that no rule set, needs no
    approval, and has no report.

    Raises SweepFailed at the end.
    """
    today, runs = local_day(at or database_now()), list[PurgeRun]()
    sweep_under = partial(_sweep_under, runs, today=today, only_report=only_report, at=at)
    ended = [
        end_of(expiry.name, sweep_under, expiry, term)
        for expiry in expiries()
        for term in terms_or_none(expiry)
        if term is not None
    ]
    ended.append(end_of("access records", _sweep_access_records, runs, only_report))
    if not only_report:
        if at is not None or not clocks_are_doubted():
            ended += [end_of(each.name, _sweep_by_setting, each, today) for each in _by_setting()]
        remove_doomed_files()
    if any(ended) or any(run.failed for run in runs):
        raise SweepFailed("Some rows could not be erased; see the log.")
    return runs


def _sweep_under(
    runs: list[PurgeRun],
    expiry: Expiry,
    term: Term,
    *,
    today: date,
    only_report: bool,
    at: datetime | None,
) -> None:
    due = over(expiry, term, today)
    going = free_rows(expiry, due)
    run = begin_run(
        term.rule,
        due=due.count(),
        going=going.count(),
        among=expiry.rows(),
        only_report=only_report,
        searches=False,
        at=at,
    )
    runs.append(run)
    failed = 0
    if removes(run):
        failed = _erase_all(expiry, going, run)
    else:
        report_rows(run, {due.model._meta.label: run.going} if run.going else {})
    waiting = {reason: rows.count() for reason, rows in needed_rows(expiry, due).items()}
    finish_run(run, held=held_rows(expiry, due).count(), deferred=waiting, failed=failed)


def count_by_setting() -> int:
    """Count the rows that a sweep would erase now under no rule, and so without a report."""
    if clocks_are_doubted():
        return 0
    today = local_day(database_now())
    return sum(free_rows(each, over(each, None, today)).count() for each in _by_setting())


def _by_setting() -> list[Expiry]:
    return [each for each in expiries() if None in terms_or_none(each)]


def _sweep_access_records(runs: list[PurgeRun], only_report: bool) -> None:
    if run := remove_access_records(only_report=only_report):
        runs.append(run)


def _sweep_by_setting(expiry: Expiry, today: date) -> None:
    due = over(expiry, None, today)
    if failed := _erase_all(expiry, free_rows(expiry, due)):
        raise SweepFailed(f"{failed} rows")


def _erase_all(expiry: Expiry, going: QuerySet[Any], run: PurgeRun | None = None) -> int:
    def note(key: Any, error: Exception) -> None:
        logger.error("%s %s not erased: %s", expiry.name, key, type(error).__name__)

    keys = chain.from_iterable(batches(going, by=expiry.until or expiry.begins))
    return erase_all(keys, partial(_erase_batch, expiry, going, run), note=note)


@transaction.atomic
def _erase_batch(
    expiry: Expiry, going: QuerySet[Any], run: PurgeRun | None, keys: Collection[Any]
) -> None:
    mine = lock_customers(expiry, going.filter(pk__in=keys))
    parents = (link.name for link in mine.model._meta.parents.values() if link)
    rows = free_rows(expiry, mine).select_for_update(skip_locked=True, of=("self", *parents))
    held = [row.pk for row in rows.only("pk").order_by("pk")]
    if not held:
        return
    if run is not None and run.rule and run.rule.action == RetentionAction.PSEUDONYMISE:
        count_rows(expiry, held)
    erase = expiry.erase or partial(erase_these, rows.model, category=expiry.category)
    erased = erase(held)
    if run is not None:
        count_batch(run, erased, number=len(held))
