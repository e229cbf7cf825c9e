"""What a seal covers, as bytes: each record in a form that never changes, each block as content.

A form has a number, which every seal names, so that columns can be added in a new form while
old seals hold. The database writes a record as a JSON array, from which nothing is missing and
in which nothing can stand for something else; a leaf is the SHA-256 of that, cut to 128 bits.
The record's own number is not in its leaf: it stands beside it in the block, so that a record in
another's place is told from a changed one.
"""

import hashlib
import struct
from collections.abc import Sequence
from typing import Any

from django.db import connection

from access.models import AccessSeal

FORMS = {
    1: """pg_catalog.jsonb_build_array(
        (extract(epoch FROM record.at) * 1000000)::bigint, record.actor_id, record.role,
        record.action, record.customer, record.purpose, record.case_reference,
        record.field_groups, record.filters, record.count, record.request_id, record.address,
        record.secret_until
    )::text""",
    2: """pg_catalog.jsonb_build_array(
        (extract(epoch FROM record.at) * 1000000)::bigint, record.actor_id, record.role,
        record.action, record.customer, record.purpose, record.case_reference,
        record.field_groups, record.filters, record.count, record.request_id, record.address,
        record.secret_until, record.reason
    )::text""",
}
FORM = 2  # of new seals
ROWS = """
    SELECT record.id, {form} FROM access_accessrecord AS record
    WHERE record.id = ANY(%s) ORDER BY record.id
"""
LEAF_BYTES = 16
NO_LEAF = bytes(LEAF_BYTES)  # of a record that was gone before it could be sealed


def leaf_of(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()[:LEAF_BYTES]


def leaves_of(records: list[int], form: int) -> dict[int, bytes]:
    """Return the leaf of each record that is there."""
    with connection.cursor() as cursor:
        cursor.execute(ROWS.format(form=FORMS[form]), [records])
        return {record: leaf_of(text) for record, text in cursor}


def hash_of(text: str) -> str:
    """Return the hash of a seal, by which the next one holds it."""
    return hashlib.sha256(text.encode()).hexdigest()


def content_of(seal: AccessSeal, *, form: int, previous: str) -> dict[str, Any]:
    """Return what the signed text of a seal says; ``previous`` is the one before, "" if none."""
    return {
        "number": seal.number,
        "made_at": seal.made_at.isoformat(),
        "form": form,
        "count": seal.count,
        "records": _digest(seal.records, bytes(seal.leaves)),
        "previous": hash_of(previous) if previous else "",
        "statement": seal.statement,
    }


def _digest(records: Sequence[int], leaves: bytes) -> str:
    return hashlib.sha256(struct.pack(f">{len(records)}q", *records) + leaves).hexdigest()
