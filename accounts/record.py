"""What the portal holds of a customer, as staff see it: behind masks, or opened by category."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Model, QuerySet
from django.utils.functional import Promise

from accounts.held import field_label, table_label, value_of
from accounts.models import Customer, User
from common.personal_data import DataCategory, Declaration, declarations

A_PAGE = 50  # rows shown of one table; a page of the desk is no export
MOST_PAGES = 10_000

Show = Callable[[Declaration, Model, str], object]
"""Takes a row and one of its personal fields; returns what the page may show."""


@dataclass(frozen=True)
class RecordTable:
    """A page of one table's rows, the newest first; none where they are counted only."""

    label: str | Promise
    columns: list[str | Promise]
    rows: list[list[object]]
    count: int

    @property
    def cells(self) -> "list[zip[tuple[str | Promise, object]]]":
        """Return the rows, each value beside the name of its column."""
        return [zip(self.columns, row, strict=True) for row in self.rows]


@dataclass(frozen=True)
class RecordGroup:
    category: DataCategory
    tables: list[RecordTable]

    @property
    def may_be_revealed(self) -> bool:
        return any(table.rows for table in self.tables)


def masked_record(customer: Customer, number: str = "", *, by: User) -> list[RecordGroup]:
    """Return every category in which ``by`` may see something, each value behind its mask.

    number: of the page. After the first it has only what goes on so far.
    """
    return _record(customer, DataCategory, Declaration.masked, number, by)


def revealed_record(
    customer: Customer, categories: Collection[str], number: str = "", *, by: User
) -> list[RecordGroup]:
    """Return that page of these categories in full. Record the access first."""

    def show(declaration: Declaration, row: Model, name: str) -> object:
        return value_of(row, name)

    return _record(customer, categories, show, number, by)


def page_of(groups: Collection[RecordGroup], number: str) -> "Page[int]":
    """Return which page of how many these groups are, by the longest table."""
    counts = [table.count for group in groups for table in group.tables if table.rows]
    return Paginator(range(max(counts, default=0)), A_PAGE).get_page(_read(number))


def _read(number: str) -> int:
    return min(max(int(number), 1), MOST_PAGES) if number.isdecimal() and len(number) < 9 else 1


def _record(
    customer: Customer, categories: Collection[str], show: Show, number: str, by: User
) -> list[RecordGroup]:
    first = (_read(number) - 1) * A_PAGE
    found: dict[DataCategory, list[RecordTable]] = {}
    for declaration in declarations():
        if declaration.category not in categories:
            continue
        about = declaration.readable_by(declaration.about([customer.pk]), by)
        if table := _table(about, declaration, show, first):
            found.setdefault(declaration.category, []).append(table)
    return [RecordGroup(each, found[each]) for each in DataCategory if each in found]


def _table(
    about: QuerySet[Any], declaration: Declaration, show: Show, first: int
) -> RecordTable | None:
    names = list(declaration.personal)
    rows: list[Any] = list(about.order_by("-pk")[first : first + A_PAGE]) if names else []
    if first and not rows:
        return None
    count = first + len(rows) if names and len(rows) < A_PAGE else about.count()
    return count and RecordTable(  # type: ignore[return-value]
        table_label(declaration),
        [field_label(declaration.model, name) for name in names],
        [[show(declaration, row, name) for name in names] for row in rows],
        count,
    )
