"""The search of the database, by its own catalogue: also what no model knows is searched.

A find is residue, unless it is what a neighbour has too: in a row of somebody who is still a
customer, words that anybody may write, and what stands in the very column from which it was
taken, since two people may have one phone. Words are looked for in declared tables and their
histories alone, as staff keep templates for them; telling strings everywhere.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.contrib.sessions.models import Session
from django.db import connection
from django.db.models import Model

from accounts.models import Customer
from accounts.session_store import SessionStore
from common.encryption.fields import EncryptedTextField
from common.personal_data import Declaration, declarations, outliving
from retention.portraits import Mark

if TYPE_CHECKING:
    from retention.residue import Search

PAGES = 256  # of a table at a time: 2 MB
SEALED = "sealed: its constraint takes no plain text"

TEXT_COLUMNS = """
    SELECT n.nspname, c.relname, array_agg(a.attname::text ORDER BY a.attnum),
           array_agg(t.typname = 'bytea' ORDER BY a.attnum), has_table_privilege(c.oid, 'SELECT')
    FROM pg_class AS c
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_type AS t ON t.oid = a.atttypid
    WHERE c.relkind IN ('r', 'm') AND n.nspname <> 'information_schema'
      AND n.nspname !~ '^pg_' AND t.typcategory NOT IN ('B', 'D', 'N', 'T')
    GROUP BY c.oid, n.nspname, c.relname ORDER BY n.nspname, c.relname
"""
STATISTICS = """
    SELECT tablename || '.' || attname,
           concat_ws(' ', most_common_vals, histogram_bounds, most_common_elems)
    FROM pg_stats WHERE schemaname <> 'information_schema' AND schemaname !~ '^pg_'
"""


@dataclass(frozen=True)
class _Table:
    """A table with the columns that could hold text; each with whether it holds bytes."""

    schema: str
    name: str
    columns: Sequence[tuple[str, bool]]
    is_readable: bool

    @cached_property
    def full_name(self) -> str:
        return f"{_quoted(self.schema)}.{_quoted(self.name)}"

    @cached_property
    def model(self) -> type[Model] | None:
        models = apps.get_models(include_auto_created=True)
        return next((each for each in models if each._meta.db_table == self.name), None)

    @cached_property
    def declaration(self) -> Declaration | None:
        """Return what is declared of the rows, or of those whose history this is."""
        subject = getattr(self.model, "instance_type", self.model)
        return next((each for each in declarations() if each.model is subject), None)

    @cached_property
    def key(self) -> str:
        return _quoted(str(self.model._meta.pk.column)) if self.model else "NULL"

    def field(self, column: str) -> Any:
        fields = self.model._meta.local_fields if self.model else ()
        return next((each for each in fields if each.column == column), None)


def search_tables(search: Search) -> None:
    for table in _tables():
        if not table.is_readable:
            search.left_out[table.full_name] = "the portal's role cannot read it"
            continue
        columns = [each for each in table.columns if not _is_left_out(search, table, each[0])]
        if not columns:
            continue
        search.searched["tables"] += 1
        for rows in _pages(table, columns):
            search.searched["rows"] += len(rows)
            _search_rows(search, table, columns, rows)


def search_statistics(search: Search) -> None:
    """Look into the samples that the planner keeps of each column."""
    with connection.cursor() as cursor:
        cursor.execute(STATISTICS)
        for column, values in cursor.fetchall():
            if column not in search.left_out:
                found = search.matcher.find(values)
                telling = {text for text in found if search.marks[text].is_telling}
                search.note(f"pg_stats: {column}", telling)


def _tables() -> list[_Table]:
    with connection.cursor() as cursor:
        cursor.execute(TEXT_COLUMNS)
        return [
            _Table(schema, name, [*zip(columns, are_bytes, strict=True)], is_readable)
            for schema, name, columns, are_bytes, is_readable in cursor.fetchall()
        ]


def _is_left_out(search: Search, table: _Table, column: str) -> bool:
    known = table.field(column)
    label = f"{known.model._meta.label}.{known.name}" if known else ""
    reason = SEALED if isinstance(known, EncryptedTextField) else outliving().get(label)
    if reason is not None:
        search.left_out[f"{table.name}.{column}"] = reason
    return reason is not None


def _pages(table: _Table, columns: Sequence[tuple[str, bool]]) -> Iterator[list[Any]]:
    """Yield the rows, by their place on the disk: short statements, without a sort or an index."""
    wanted = ", ".join(
        _quoted(name) if is_bytes else f"{_quoted(name)}::text" for name, is_bytes in columns
    )
    start = 0
    while start < _length(table):
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {table.key}, {wanted} FROM {table.full_name}"  # noqa: S608 -- quoted
                " WHERE ctid >= %s::tid AND ctid < %s::tid",
                [f"({start},0)", f"({start + PAGES},0)"],
            )
            yield cursor.fetchall()
        start += PAGES


def _length(table: _Table) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_relation_size(%s::regclass) / current_setting('block_size')::int",
            [table.full_name],
        )
        return int(cursor.fetchone()[0])


def _search_rows(
    search: Search, table: _Table, columns: Sequence[tuple[str, bool]], rows: Collection[Any]
) -> None:
    """Look at a whole column at once, and at single rows only where something is in it."""
    for place, (column, _is_bytes) in enumerate(columns, start=1):
        texts = [(row[0], _as_text(table, column, row[place])) for row in rows if row[place]]
        search.searched["characters"] += sum(len(text) for _key, text in texts)
        if not search.matcher.find("\0".join(text for _key, text in texts)):
            continue
        found: dict[Any, set[str]] = defaultdict(set)
        for key, text in texts:
            found[key] |= search.matcher.find(text)
        for residue in _residue(search, table, column, found):
            search.note(f"{table.name}.{column}", residue)


def _as_text(table: _Table, column: str, value: Any) -> str:
    if table.model is Session and column == "session_data":
        return json.dumps(SessionStore().decode(value), ensure_ascii=False, default=str)
    return value if isinstance(value, str) else bytes(value).decode("utf-8", "ignore")


def _residue(
    search: Search, table: _Table, column: str, found: dict[Any, set[str]]
) -> Iterator[set[str]]:
    """Yield what of the finds in each row is not the neighbours' own."""
    if search.is_thorough:
        yield from found.values()
        return
    living = _of_living_customers(table, found)
    for key, texts in found.items():
        marks = (search.marks[text] for text in texts)
        yield {m.text for m in marks if _is_residue(m, table, column, is_living=key in living)}


def _is_residue(mark: Mark, table: _Table, column: str, *, is_living: bool) -> bool:
    if table.declaration is None:
        return mark.is_telling
    if not is_living:
        return True
    known = table.field(column)
    return mark.is_telling and (table.declaration.model, known and known.name) not in mark.columns


def _of_living_customers(table: _Table, keys: Collection[Any]) -> set[Any]:
    """Return those of the rows (primary keys) that are about somebody who is a customer still."""
    declaration = table.declaration
    if declaration is None:
        return set()
    rows = declaration.about(Customer.objects.values("pk"))
    if table.model is not declaration.model:
        rows = declaration.history_about(Customer.objects.values("pk"), rows.values("pk"))
    return set(rows.filter(pk__in=keys).values_list("pk", flat=True))


def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)


def renew_statistics() -> None:
    """Let the samples that the planner keeps be of rows that there are.

    Before version 18 PostgreSQL keeps those of an empty table; the search tells what is in them.
    """
    with connection.cursor() as cursor:
        for table in _tables():
            cursor.execute("SELECT retention_renew_statistics(%s)", [table.full_name])
