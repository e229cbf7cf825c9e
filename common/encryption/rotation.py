"""Bringing what is sealed under the first key of the ring, so that an old key can be taken away.

It goes table by table, in batches that lock their rows, seal them anew and are committed: a run
that is killed has done whole batches, and the next one continues. No history is written, as
nothing changes that anybody reads. A row that does not open is left as it is, counted and logged.
"""

import logging
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import partial, reduce
from operator import or_
from typing import Any

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.db.models import Model, Q, QuerySet

from common.encryption.fields import EncryptedTextField, KeyId, SearchHashField
from common.encryption.sealing import DecryptionError, key_ring

logger = logging.getLogger(__name__)

BATCH = 200
SEALED = EncryptedTextField

Outside = Callable[[Collection[str]], QuerySet[Any, Any]]
"""Takes ids of keys; returns the rows that hold something made with another key than these."""

Renew = Callable[[Any], None]
"""Takes a row that is locked, seals it anew and writes it; raises DecryptionError."""


@dataclass(frozen=True)
class Rotation:
    """One table that holds sealed texts, by the name that an operator reads."""

    name: str
    outside: Outside
    renew: Renew

    def stale(self) -> QuerySet[Any, Any]:
        """Return the rows that are not under the key that seals now."""
        return self.outside([key_ring().current])

    def lost(self) -> QuerySet[Any, Any]:
        """Return the rows that no key of the ring opens."""
        return self.outside(key_ring().keys.keys())


_elsewhere: dict[str, Rotation] = {}


def rotates_keys(name: str, *, outside: Outside, renew: Renew) -> None:
    """Register sealed texts that stand in no EncryptedTextField, as in a JSON of a library."""
    if name in _elsewhere:
        raise ImproperlyConfigured(f"{name} is registered twice.")
    _elsewhere[name] = Rotation(name, outside, renew)


def rotations() -> list[Rotation]:
    """Return all that is sealed: every table with such columns, and what is registered."""
    return [*map(_of_table, _sealed_tables()), *_elsewhere.values()]


def _sealed_tables() -> Iterator[type[Model]]:
    return (model for model in apps.get_models() if _columns(model, SEALED))


def rotate(rotation: Rotation) -> Counter[str]:
    """Seal anew what is stale; count the "renewed" and the "unreadable" rows."""
    done: Counter[str] = Counter()
    for batch in _batches(rotation):
        with transaction.atomic():
            # Asked again under the lock: what somebody saved meanwhile is under the new key.
            rows = rotation.stale().filter(pk__in=batch).order_by("pk")
            for row in rows.select_for_update(of=("self",), no_key=True):
                done[_renew(rotation, row)] += 1
    return done


def _renew(rotation: Rotation, row: Model) -> str:
    try:
        rotation.renew(row)
    except DecryptionError as error:
        logger.error("row %s of %s is not sealed anew: %s", row.pk, rotation.name, error)
        return "unreadable"
    return "renewed"


def _batches(rotation: Rotation) -> Iterator[list[Any]]:
    """Yield primary keys; each batch starts behind the last, so what cannot be read is met once."""
    behind = Q()
    keys = rotation.stale().order_by("pk").values_list("pk", flat=True)
    while batch := list(keys.filter(behind)[:BATCH]):
        behind = Q(pk__gt=batch[-1])
        yield batch


def _of_table(model: type[Model]) -> Rotation:
    return Rotation(model._meta.label, partial(_outside, model), _renew_columns)


def _outside(model: type[Model], keys: Collection[str]) -> QuerySet[Any, Any]:
    columns = {f"{field.name}_key": KeyId(field.name) for field in _columns(model, SEALED)}
    rows: QuerySet[Any, Any] = model._base_manager.alias(**columns)
    return rows.filter(reduce(or_, (_is_other(name, keys) for name in columns)))


def _is_other(name: str, keys: Collection[str]) -> Q:
    """Return what is asked of the id of a key: two ranges of an index, nearly always empty."""
    first, *_others = keys
    ranges = Q(**{f"{name}__gt": "", f"{name}__lt": first}) | Q(**{f"{name}__gt": first})
    return ranges & ~Q(**{f"{name}__in": list(keys)})


def _renew_columns(row: Any) -> None:
    """Write the sealed columns, and the search hashes, which are always written with them."""
    columns = _columns(type(row), (SEALED, SearchHashField))
    values = {field.name: field.pre_save(row, False) for field in columns}
    type(row)._base_manager.filter(pk=row.pk).update(**values)


def _columns(model: type[Model], kinds: Any) -> list[Any]:
    return [field for field in model._meta.local_fields if isinstance(field, kinds)]
