"""Erasing rows with everything that remembers them: their history and their files."""

from collections import Counter
from collections.abc import Collection
from typing import Any

from django.db import connection

from common.files import doom_files
from common.personal_data import Declaration


def erase_rows(declared: Collection[Declaration], customers: Collection[int]) -> Counter[str]:
    """Remove what these tables hold about these customers (primary keys); doom their files.

    declared: in an order in which a row's references go before the row.
    Returns the number of rows removed from each table. Call it in a transaction
    that holds the customers' rows.
    """
    counts: Counter[str] = Counter()
    _allow_erasure()
    rows = {d.model: list(d.about(customers).values_list("pk", flat=True)) for d in declared}
    for declaration in declared:
        if declaration.history is not None:
            past = declaration.history_about(customers, rows[declaration.model])
            counts[declaration.history._meta.label] += _delete(past)
        _doom_files(declaration, rows[declaration.model])
    for declaration in declared:
        gone = declaration.model._base_manager.filter(pk__in=rows[declaration.model])
        counts[declaration.model._meta.label] += _delete(gone)
    return +counts


def _delete(rows: Any) -> int:
    """Delete in one statement; ``delete()`` would fetch each row and write a last copy of it."""
    return rows._raw_delete(rows.db) or 0  # None when nothing can match


def _doom_files(declaration: Declaration, rows: Collection[Any]) -> None:
    for name in declaration.files:
        paths = declaration.model._base_manager.filter(pk__in=rows).values_list(name, flat=True)
        doom_files(path for path in paths if path)


def _allow_erasure() -> None:
    """Let this transaction delete from append-only tables; their triggers ask for it."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL portal.erasing = 'on'")
