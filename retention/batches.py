"""Erasing in batches, so that one broken customer or row keeps no other.

Nor does a connection that is cut: what was done on it has failed, and the next goes by another.
"""

import logging
from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import islice
from math import inf
from time import monotonic
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded
from django.db.models import Q, QuerySet

from common.database import drop_dead_connection
from retention.exceptions import LedgerAhead, LedgerLost

logger = logging.getLogger(__name__)

BATCH = 1000  # rows a transaction: of customers half as many take a fifth longer
ENDS_THE_RUN = (SoftTimeLimitExceeded, LedgerAhead, LedgerLost)

EraseBatch = Callable[[Collection[Any]], None]
"""Takes primary keys; erases what may go, in a transaction."""

NoteFailure = Callable[[Any, Exception], None]
"""Takes the primary key of what could not be erased, and why."""


def erase_all(
    keys: Iterable[Any], erase_batch: EraseBatch, *, note: NoteFailure, until: float = inf
) -> int:
    """Erase batch by batch; return how many failed, tried by themselves too.

    until: by the monotonic clock, when no other batch begins.
    """
    keys, failed = iter(keys), 0
    while monotonic() < until and (batch := list(islice(keys, BATCH))):
        failed += _erase(batch, erase_batch, note)
    return failed


def _erase(keys: list[Any], erase_batch: EraseBatch, note: NoteFailure) -> int:
    """Try what failed in halves: the broken one among a thousand is found in twenty steps."""
    error = error_of(erase_batch, keys)
    if error is None:
        return 0
    if len(keys) == 1:
        note(keys[0], error)
        return 1
    logger.warning("%s together were not erased: %s", len(keys), type(error).__name__)
    middle = len(keys) // 2
    return sum(_erase(half, erase_batch, note) for half in (keys[:middle], keys[middle:]))


def error_of(step: Callable[..., object], *arguments: Any) -> Exception | None:
    """Do a step; return what ended it, if not all of it was done."""
    try:
        step(*arguments)
    except ENDS_THE_RUN:
        raise
    except Exception as error:  # noqa: BLE001 -- it is told, and must not keep the others
        drop_dead_connection()
        return error
    return None


def end_of(what: str, part: Callable[..., object], *arguments: Any) -> Exception | None:
    """Do a part of the night's work; log, and return, what ended it. The other parts go on."""
    error = error_of(part, *arguments)
    if error:
        logger.error("%s not gone through: %s", what, type(error).__name__)
    return error


def batches(rows: QuerySet[Any], *, by: str) -> Iterator[list[Any]]:
    """Yield primary keys along the index of a field; who must stay is met once.

    Each batch is asked for by itself: no cursor is open while the one before it is erased.
    """
    behind = Q()
    while batch := list(rows.filter(behind).order_by(by, "pk").values_list("pk", by)[:BATCH]):
        yield [key for key, _at in batch]
        key, at = batch[-1]
        behind = Q(**{f"{by}__gte": at}) & (Q(**{f"{by}__gt": at}) | Q(pk__gt=key))
