"""Erasing rows with everything that remembers them: their history and their files."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.db.models import Model

from common.files import doom_files
from common.personal_data import Declaration


@dataclass(frozen=True)
class Erased:
    """What went: rows of each table (by label), rows and files of each category."""

    tables: Counter[str] = field(default_factory=Counter)
    rows: Counter[str] = field(default_factory=Counter)
    files: Counter[str] = field(default_factory=Counter)

    def add(self, model: type[Model], category: str, number: int) -> None:
        if number:
            self.tables[model._meta.label] += number
            self.rows[category] += number


def erase_rows(declared: Collection[Declaration], customers: Collection[int]) -> Erased:
    """Remove what these tables hold about these customers (primary keys); doom their files.

    declared: in an order in which a row's references go before the row.
    Call it in a transaction that holds the customers' rows.
    """
    erased = Erased()
    allow_erasure()
    rows = {d.model: list(d.about(customers).values_list("pk", flat=True)) for d in declared}
    for declaration in declared:
        if declaration.history is not None:
            past = declaration.history_about(customers, rows[declaration.model])
            erased.add(declaration.history, declaration.category, _delete(past))
        if number := _doom_files(declaration, rows[declaration.model]):
            erased.files[declaration.category] += number
    for declaration in declared:
        gone = declaration.model._base_manager.filter(pk__in=rows[declaration.model])
        erased.add(declaration.model, declaration.category, _delete(gone))
    return erased


def _delete(rows: Any) -> int:
    """Delete in one statement; ``delete()`` would fetch each row and write a last copy of it."""
    return rows._raw_delete(rows.db) or 0  # None when nothing can match


def _doom_files(declaration: Declaration, rows: Collection[Any]) -> int:
    """Put the files of these rows on the list; return how many there are."""
    paths: list[str] = []
    for name in declaration.files:
        paths += declaration.model._base_manager.filter(pk__in=rows).values_list(name, flat=True)
    doomed = [path for path in paths if path]
    doom_files(doomed)
    return len(doomed)


def allow_erasure() -> None:
    """Let this transaction delete from append-only tables; their triggers ask for it."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL portal.erasing = 'on'")
