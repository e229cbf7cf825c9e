"""After a restore: erase again whom the backup brought back.

Whoever cannot be erased keeps no other from it, and keeps the portal closed: nobody who was erased
is served. The log names them by their row, and the next replay tries them again.
"""

from collections.abc import Collection, Mapping
from functools import partial

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import Customer
from common.files import remove_doomed_files
from retention import ledger
from retention.batches import erase_all
from retention.failures import note_failure
from retention.ledger import Entry
from retention.models import LegalHold, PurgeRun, Tombstone
from retention.models.holds import KEEPS_AFTER_RELEASE
from retention.portraits import portray
from retention.purge import erase
from retention.runs import count_batch, finish_run
from retention.watch import Watch


def replay_erasures(*, is_restored: bool = False) -> PurgeRun:
    """Erase again, and bury, everybody whom the ledger names. Safe to repeat; killed, it goes on.

    is_restored: a backup was restored, also where the ledger names nobody whom it does not know.

    By public id alone: a restored database gives the numbers of rows anew, to other people. Of whom
    a part was left has no line yet; the next run erases their other rows again, if the backup knows
    that the account was closed (docs/restore.md).
    """
    doubts = {"restored": 0} if is_restored else {}
    run = PurgeRun.objects.create(only_reported=False, doubts=doubts)
    watch, failed = Watch(), 0
    for some in ledger.entries():
        failed += _replay(run, watch, ledger.unknown_among(some))
    finish_run(run, failed=failed)
    remove_doomed_files()
    watch.search()
    return run


def _replay(run: PurgeRun, watch: Watch, entries: Collection[Entry]) -> int:
    """Return how many could not be erased."""
    PurgeRun.objects.filter(pk=run.pk).update(due=F("due") + len(entries))
    people = Customer.objects.filter(public_id__in=[entry.public_id for entry in entries])
    keys = dict(people.values_list("public_id", "pk"))
    _bury(run, {entry: {} for entry in entries if entry.public_id not in keys})
    back = {keys[entry.public_id]: entry for entry in entries if entry.public_id in keys}
    erase_batch = partial(_erase_and_bury, run, watch, back)
    return erase_all(sorted(back), erase_batch, note=note_failure)


def _erase_and_bury(
    run: PurgeRun, watch: Watch, entries: Mapping[int, Entry], batch: Collection[int]
) -> None:
    """A hold or a case of the backup keeps nobody: it was over before they were erased."""
    with transaction.atomic():
        back = Customer.objects.filter(pk__in=batch).order_by("pk").with_former_ids()
        people = list(back.select_for_update(of=("self",)))
        LegalHold.objects.in_force().filter(customer__in=people).update(
            released_at=timezone.now() - KEEPS_AFTER_RELEASE
        )
        portrait = portray(people)
        erased = erase([customer.pk for customer in people])
        count_batch(run, erased, number=len(people))
        _bury(run, {entries[customer.pk]: portrait.rows[customer.pk] for customer in people})
    watch.add(run, portrait, number=len(people))
    if watch.is_full:
        remove_doomed_files()
        watch.search()


def _bury(run: PurgeRun, rows: Mapping[Entry, Mapping[str, int]]) -> None:
    """Leave a tombstone for each entry, with the rows that went."""
    Tombstone.objects.bulk_create(
        Tombstone(
            public_id=entry.public_id,
            opened_on=entry.opened_on,
            closed_on=entry.closed_on,
            retained_until=entry.retained_until,
            erased_at=entry.erased_at,
            rows=counts,
            line=entry.number,
            run=run,
        )
        for entry, counts in rows.items()
    )
