"""What is asked of a restored backup, inside of the database in which it was restored."""

from typing import Any

from django.db.models import Max

from accounts.models import Customer
from common.models import JobStatus
from retention import ledger
from retention.replay import replay_erasures


def replay_and_count() -> dict[str, Any]:
    """Replay the ledger in this database; return what RestoreRehearsal keeps of it."""
    as_of = JobStatus.objects.aggregate(at=Max("started_at"))["at"]
    run = replay_erasures()
    named, left = 0, 0
    for some in ledger.entries():
        named += len(some)
        public_ids = [entry.public_id for entry in some]
        left += Customer.objects.filter(public_id__in=public_ids).count()
    unsearched = ["not searched"] if run.erased and run.searched_at is None else []
    return {
        "as_of": as_of.isoformat() if as_of else None,
        "named": named,
        "brought_back": run.erased,
        "left": left,
        "residue": [*run.residue, *unsearched],
    }
