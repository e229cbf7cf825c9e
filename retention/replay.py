"""After a restore: erase again whom the backup brought back."""

from collections.abc import Collection

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import Customer
from common.files import remove_doomed_files
from retention import ledger
from retention.ledger import Entry
from retention.models import LegalHold, PurgeRun, Tombstone
from retention.models.holds import KEEPS_AFTER_RELEASE
from retention.portraits import portray
from retention.purge import erase
from retention.runs import count_batch, finish_run
from retention.watch import Watch


def replay_erasures() -> PurgeRun:
    """Erase again, and bury, everybody whom the ledger names. Safe to repeat; killed, it goes on.

    By public id alone: a restored database gives the numbers of rows anew, to other people. Of whom
    a part was left has no line yet; the next run of the purge erases their other rows again.
    """
    run, watch = PurgeRun.objects.create(only_reported=False), Watch()
    for some in ledger.entries():
        if unknown := ledger.unknown_among(some):
            _replay(run, watch, unknown)
    finish_run(run)
    remove_doomed_files()
    watch.search()
    return run


@transaction.atomic
def _replay(run: PurgeRun, watch: Watch, entries: Collection[Entry]) -> None:
    """A hold or a case of the backup keeps nobody: it was over before they were erased."""
    ids = [entry.public_id for entry in entries]
    back = Customer.objects.filter(public_id__in=ids).order_by("pk").prefetch_related("merges")
    people = list(back.select_for_update(of=("self",)))
    LegalHold.objects.in_force().filter(customer__in=people).update(
        released_at=timezone.now() - KEEPS_AFTER_RELEASE
    )
    portrait = portray(people)
    erased = erase([customer.pk for customer in people])
    PurgeRun.objects.filter(pk=run.pk).update(due=F("due") + len(entries))
    count_batch(run, erased, number=len(people))
    keys = {customer.public_id: customer.pk for customer in people}
    Tombstone.objects.bulk_create(
        Tombstone(
            public_id=entry.public_id,
            opened_on=entry.opened_on,
            closed_on=entry.closed_on,
            retained_until=entry.retained_until,
            erased_at=entry.erased_at,
            rows=portrait.rows.get(keys.get(entry.public_id, 0), {}),
            line=entry.number,
            run=run,
        )
        for entry in entries
    )
    if people:
        watch.add(run, portrait)
