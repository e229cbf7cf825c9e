"""Sealing: what was recorded stays as it was, or everybody can see that it did not.

- Records are inserted plainly, so that no page waits for another. A trigger notes each one as
  unsealed in the same transaction.
- Each minute a job takes what is noted, block by block, and writes a seal: digests of the
  records in order, the hash of the seal before, the next number, signed. Note and seal change
  places in one transaction, under a lock that lets one sealer work at a time. Killed anywhere,
  the next run goes on.
- Without records a seal is made every 15 minutes all the same, so that silence is a sign.
- Seals are then appended to a file outside the database (outside_copy.py), and the newest is
  mailed to the auditors each day: from those a database differs that was cut, or written anew by
  somebody with the key.
- verification.py names the first record that is not as it was.

Not seen is what a superuser does to a record, or removes with its note, before it was sealed.
"""

from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from access.blocks import FORM, NO_LEAF, content_of, leaves_of
from access.models import AccessSeal, UnsealedRecord
from common.database import database_now, wait_for_others
from common.documents import Content, Fact, Section, document_kind, issue, said_moment

KIND = "access-seal"
LOCK = "access.seal"
BLOCK = 10_000  # records
EMPTY_EVERY = timedelta(minutes=15)


def seal_records() -> int:
    """Seal all that waits; return how many seals were made. Safe to run at any time, and twice."""
    made = 0
    while seal := seal_block():
        made += 1
        if seal.count < BLOCK:
            break
    return made


@transaction.atomic
def seal_block(**statement: Any) -> AccessSeal | None:
    """Seal the next block; None where nothing waits, nothing is said and the last seal is young."""
    wait_for_others(LOCK)
    last, now = AccessSeal.objects.newest(), database_now()
    notes = UnsealedRecord.objects.order_by("record").values_list("record", flat=True)
    records = list(notes[:BLOCK])
    is_young = last is not None and abs(now - last.made_at) < EMPTY_EVERY
    if is_young and not records and not statement:
        return None
    leaves = leaves_of(records, FORM)
    seal = AccessSeal(
        number=last.number + 1 if last else 1,
        made_at=now,
        count=len(records),
        records=records,
        leaves=b"".join(leaves.get(record, NO_LEAF) for record in records),
        statement=statement,
    )
    content = content_of(seal, form=FORM, previous=last.text if last else "")
    seal.text = issue(KIND, content).text
    seal.save(force_insert=True)
    _forget_notes(records)
    return seal


def _forget_notes(records: list[int]) -> None:
    """Delete by one array: as a list, each number would be a parameter of its own."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM access_unsealedrecord WHERE record = ANY (%s)", [records])


@document_kind(KIND, gettext_lazy("Seal of access records"))
def _read(content: Content) -> list[Section]:
    return [
        Section(
            "",
            [
                Fact(_("Number"), str(content["number"])),
                Fact(_("Sealed"), said_moment(content["made_at"])),
                Fact(_("Records"), str(content["count"])),
            ],
        )
    ]
