"""Erasing rows with everything that remembers them: their history and their files."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.db.models import Model, Q

from common.database import among
from common.files import doom_files
from common.personal_data import DataCategory, Declaration, children_first

Keys = Mapping[type[Model], Collection[Any]]
"""Primary keys of rows, by their table."""


@dataclass(frozen=True)
class Erased:
    """What went: rows of each table (by label), rows and files of each category."""

    tables: Counter[str] = field(default_factory=Counter)
    rows: Counter[str] = field(default_factory=Counter)
    files: Counter[str] = field(default_factory=Counter)

    def __add__(self, other: "Erased") -> "Erased":
        return Erased(self.tables + other.tables, self.rows + other.rows, self.files + other.files)

    def add(self, model: type[Model], category: str, number: int) -> None:
        if number:
            self.tables[model._meta.label] += number
            self.rows[category] += number

    def update(self, other: "Erased") -> None:
        self.tables.update(other.tables)
        self.rows.update(other.rows)
        self.files.update(other.files)


def erase_rows(
    declared: Collection[Declaration],
    customers: Collection[int],
    *,
    known: Keys | None = None,
    but: Keys | None = None,
    past_of: Keys | None = None,
) -> Erased:
    """Remove what these tables hold about these customers (primary keys); doom their files.

    What lets somebody in goes first, then the other rows, then their histories, and what the admin
    has logged of them.
    declared: in an order in which a row's references go before the row. known: all these rows, and
    the history of others that are gone already, where they were just read. but: rows that stay;
    past_of: those of them whose history stays too.
    Call it in a transaction that holds the customers' rows.
    """
    erased = Erased()
    allow_erasure()
    but, past_of, known = but or {}, past_of or {}, known or _keys_of(declared, customers)
    about = {d.model: known[d.model] for d in declared}
    past = {
        d.history: _without(known[d.history], d, past_of.get(d.model, ()))
        for d in declared
        if d.history is not None
    }
    rows = {model: [*{*keys}.difference(but.get(model, ()))] for model, keys in about.items()}
    for declaration in sorted(declared, key=lambda each: not each.opens):
        if number := _doom_files(declaration, rows[declaration.model]):
            erased.files[declaration.category] += number
        gone = declaration.model._base_manager.filter(among("pk", rows[declaration.model]))
        erased.add(declaration.model, declaration.category, _delete(gone))
    for declaration in declared:
        if declaration.history is not None:
            # What was written of a row until it went is found by the row's key alone.
            of_these = among(declaration.model._meta.pk.attname, rows[declaration.model])
            known_past = among("pk", past[declaration.history])
            gone = declaration.history._base_manager.filter(known_past | of_these)
            erased.add(declaration.history, declaration.category, _delete(gone))
    _forget_log(rows)
    return erased


def erase_these(model: type[Model], keys: Collection[Any], category: DataCategory) -> Erased:
    """Remove these rows (primary keys), with what is declared to belong to them, past and files.

    category: of the rows themselves, whose table need not be declared. Call it in a transaction
    that holds them.
    """
    erased, going = Erased(), _with_children(model, keys)
    allow_erasure()
    declared = [each for each in children_first() if each.model in going]
    for declaration in declared:
        if number := _doom_files(declaration, going[declaration.model]):
            erased.files[declaration.category] += number
    tables = {each.model: each.category for each in declared}
    tables.setdefault(model, category)
    for table, its_category in tables.items():
        if manager := getattr(table, "history", None):
            of_rows = among(table._meta.pk.attname, going[table])
            past = manager.model._base_manager.filter(of_rows)
            erased.add(manager.model, its_category, _delete(past))
    for table, its_category in tables.items():
        gone = table._base_manager.filter(among("pk", going[table]))
        erased.add(table, its_category, _delete(gone))
    return erased


def _with_children(model: type[Model], keys: Collection[Any]) -> dict[type[Model], list[Any]]:
    """Return the rows of each table that go with these: their parents', and what refers to them."""
    going = {model: list(keys)} | {parent: list(keys) for parent in model._meta.parents}
    for declaration in reversed(children_first()):
        refers = Q()
        for link in declaration.model._meta.local_fields:
            if link.related_model in going and link.related_model is not declaration.model:
                refers |= among(link.name, going[link.related_model])
        if refers and declaration.model not in going:
            rows = declaration.model._base_manager.filter(refers)
            going[declaration.model] = list(rows.values_list("pk", flat=True))
    return going


def _keys_of(declared: Collection[Declaration], customers: Collection[int]) -> Keys:
    """Return the keys of the rows, and of their history: it is found through rows that go."""
    keys: dict[type[Model], list[Any]] = {}
    for declaration in declared:
        rows = list(declaration.about(customers).values_list("pk", flat=True))
        keys[declaration.model] = rows
        if declaration.history is not None:
            past = declaration.history_about(customers, rows)
            keys[declaration.history] = list(past.values_list("pk", flat=True))
    return keys


def _without(past: Collection[Any], declaration: Declaration, rows: Collection[Any]) -> list[Any]:
    """Leave out the history of these rows."""
    if not rows or declaration.history is None:
        return list(past)
    kept = among(declaration.model._meta.pk.attname, rows)
    left = declaration.history._base_manager.filter(among("pk", past)).exclude(kept)
    return list(left.values_list("pk", flat=True))


def _forget_log(rows: Mapping[type[Model], Collection[Any]]) -> None:
    """Remove what Django's admin has logged of these rows; the portal's own pages log nothing."""
    if not LogEntry.objects.exists():
        return
    for model, keys in rows.items():
        kind = ContentType.objects.get_for_model(model)
        _delete(LogEntry.objects.filter(among("object_id", [*map(str, keys)]), content_type=kind))


def _delete(rows: Any) -> int:
    """Delete in one statement; ``delete()`` would fetch each row and write a last copy of it."""
    return rows._raw_delete(rows.db) or 0  # None when nothing can match


def _doom_files(declaration: Declaration, rows: Collection[Any]) -> int:
    """Put the files of these rows on the list; return how many there are."""
    paths: list[str] = []
    for name in declaration.files:
        of_rows = declaration.model._base_manager.filter(among("pk", rows))
        paths += of_rows.values_list(name, flat=True)
    doomed = [path for path in paths if path]
    doom_files(doomed)
    return len(doomed)


def allow_erasure() -> None:
    """Let this transaction delete from append-only tables; their triggers ask for it."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL portal.erasing = 'on'")
