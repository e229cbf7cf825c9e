"""What the portal holds of a customer, as staff see it: behind masks, or opened by category."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from django.db.models import Model
from django.utils.functional import Promise

from accounts.held import field_label, table_label, value_of
from accounts.models import Customer
from common.personal_data import DataCategory, Declaration, declarations

NEWEST = 50  # rows shown of one table; a page of the desk is no export

Show = Callable[[Declaration, Model, str], object]
"""Takes a row and one of its personal fields; returns what the page may show."""


@dataclass(frozen=True)
class RecordTable:
    """The newest rows of one table; none where its rows are counted only."""

    label: str | Promise
    columns: list[str | Promise]
    rows: list[list[object]]
    count: int


@dataclass(frozen=True)
class RecordGroup:
    category: DataCategory
    tables: list[RecordTable]

    @property
    def may_be_revealed(self) -> bool:
        return any(table.rows for table in self.tables)


def masked_record(customer: Customer) -> list[RecordGroup]:
    """Return every category in which something is held, each value behind its mask."""
    return _record(customer, DataCategory, Declaration.masked)


def revealed_record(customer: Customer, categories: Collection[str]) -> list[RecordGroup]:
    """Return these categories in full. Record the access first."""
    return _record(customer, categories, lambda declaration, row, name: value_of(row, name))


def _record(customer: Customer, categories: Collection[str], show: Show) -> list[RecordGroup]:
    found: dict[DataCategory, list[RecordTable]] = {}
    for declaration in declarations():
        if declaration.category in categories and (table := _table(customer, declaration, show)):
            found.setdefault(declaration.category, []).append(table)
    return [RecordGroup(each, found[each]) for each in DataCategory if each in found]


def _table(customer: Customer, declaration: Declaration, show: Show) -> RecordTable | None:
    about = declaration.about([customer.pk])
    names = list(declaration.personal)
    rows: list[Any] = list(about.order_by("-pk")[:NEWEST]) if names else []
    count = len(rows) if names and len(rows) < NEWEST else about.count()
    return count and RecordTable(  # type: ignore[return-value]
        table_label(declaration),
        [field_label(declaration.model, name) for name in names],
        [[show(declaration, row, name) for name in names] for row in rows],
        count,
    )
