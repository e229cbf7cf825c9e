"""What a copy of a customer's data tells: the list of what is declared, and nothing beyond it.

All is read in batches, each a query of its own: neither the memory nor a transaction grows
with what somebody has. Members of staff appear as such, never by name.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from django.db.models import Model, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from access.models import AccessRecord
from accounts.held import table_label, told_fields
from accounts.merging import history_of
from accounts.models import Customer, User
from accounts.origins import Origin, origins_of
from accounts.uses import accesses_told_to
from common.attachments import safe_name
from common.personal_data import DataCategory, Declaration, declarations
from policies.models import Purpose
from rights.models import Export

BATCH = 200

CHANGES = {"+": gettext_lazy("entered"), "~": gettext_lazy("changed"), "-": gettext_lazy("erased")}


@dataclass(frozen=True)
class Value:
    """``name`` is for machines and stays; ``label`` is in the reader's language."""

    name: str
    label: str | Promise
    value: object
    origin: Origin | None = None


@dataclass(frozen=True)
class CopiedFile:
    """Where a file is stored, and what it is called in the copy; a quarantined one stays out."""

    path: str
    name: str
    is_quarantined: bool


@dataclass(frozen=True)
class Record:
    values: list[Value]
    files: list[CopiedFile]


@dataclass(frozen=True)
class Change:
    """What the customer did to a record, and what it said then."""

    at: datetime
    kind: str | Promise
    values: list[Value]


class Table(Protocol):
    """Records of one kind about one customer."""

    category: DataCategory
    name: str
    label: str | Promise

    def records(self) -> Iterator[Record]: ...

    def files(self) -> Iterator[CopiedFile]: ...

    def changes(self) -> Iterator[Change]: ...


def tables_of(customer: Customer) -> list[Table]:
    """Return the kinds of records of which a copy tells, in the order of their categories."""
    tables: list[Table] = [_DeclaredTable(each, customer) for each in told_declarations()]
    order = list(DataCategory)
    return sorted([*tables, _Accesses(customer)], key=lambda each: order.index(each.category))


def told_declarations() -> list[Declaration]:
    return [each for each in declarations() if each.personal or each.exported or each.files]


def told_categories() -> list[DataCategory]:
    told = {DataCategory.ACCESS_RECORD, *(each.category for each in told_declarations())}
    return [category for category in DataCategory if category in told]


class _DeclaredTable:
    def __init__(self, declaration: Declaration, customer: Customer) -> None:
        self._declaration, self._customer = declaration, customer
        self.category = declaration.category
        self.name = declaration.model._meta.label
        self.label = table_label(declaration)
        self._names = [*declaration.personal, *declaration.exported]
        fields = map(declaration.model._meta.get_field, self._names)
        self._relations = [field.name for field in fields if field.is_relation]

    def records(self) -> Iterator[Record]:
        rows = self._rows()
        if self._relations:  # with no names, Django would follow every one
            rows = rows.select_related(*self._relations)
        for batch in _batches(rows):
            origins = origins_of(self._declaration, batch, most=None)
            for row in batch:
                own = {name: origins.get((row.pk, name)) for name in self._names}
                yield Record(self._values(row, own), list(self._files_of(row)))

    def files(self) -> Iterator[CopiedFile]:
        if self._declaration.files:
            for batch in _batches(self._rows()):
                for row in batch:
                    yield from self._files_of(row)

    def _rows(self) -> "QuerySet[Any]":
        return self._declaration.told_to(self._customer.pk)

    def _files_of(self, row: Any) -> Iterator[CopiedFile]:
        """Name the row's files; a copy of the data holds no earlier copies."""
        for name in self._declaration.files if not isinstance(row, Export) else ():
            if path := str(getattr(row, name)):
                copy = f"{row.public_id[:8]}-{safe_name(row.file_name)}"
                is_quarantined = getattr(row, "is_quarantined", False)
                yield CopiedFile(path, f"files/{self.category}/{copy}", is_quarantined)

    def changes(self) -> Iterator[Change]:
        """Yield what the customer's own hand changed; what staff wrote stays in the records."""
        if self._declaration.history is None:
            return
        kept = {field.name for field in self._declaration.history._meta.fields}
        names = [name for name in self._names if name in kept]
        by_customer = self._own_history().filter(history_user__in=_sign_ins(self._customer))
        for batch in _batches(by_customer):
            for then in batch:
                values = self._values(then, dict.fromkeys(names))
                yield Change(then.history_date, CHANGES[then.history_type], values)

    def _values(self, row: Model, origins: Mapping[str, Origin | None]) -> list[Value]:
        fields = told_fields(self._declaration, row, origins)
        return [
            Value(name, field.label, field.value, field.origin)
            for name, field in zip(origins, fields, strict=True)
        ]

    def _own_history(self) -> "QuerySet[Any]":
        if self._declaration.model is Customer:
            return history_of(self._customer)
        return self._declaration.history_about([self._customer.pk], self._rows().values("pk"))


def _sign_ins(customer: Customer) -> list[int]:
    """Return the customer's sign-in and those given up when records became one with theirs."""
    given_up = User.objects.filter(released_by__survivor=customer).values_list("pk", flat=True)
    return [*filter(None, [customer.user_id]), *given_up]


class _Accesses:
    """Who saw the data: no table of declared data, as it knows the customer by public id alone."""

    category = DataCategory.ACCESS_RECORD
    name = AccessRecord._meta.label

    def __init__(self, customer: Customer) -> None:
        self.label: str | Promise = gettext_lazy("Who saw my data")
        self._customer = customer

    def records(self) -> Iterator[Record]:
        purposes = Purpose.objects.in_bulk(field_name="code")
        for batch in _batches(accesses_told_to(self._customer)):
            for row in batch:
                purpose = purposes.get(row.purpose)
                told = {
                    "at": row.at,
                    "role": _(row.role),
                    "action": row.get_action_display(),
                    "field_groups": [str(DataCategory(each).label) for each in row.field_groups],
                    "purpose": purpose.name if purpose else row.purpose_label,
                    "case_reference": row.case_reference,
                    "reason": row.get_reason_display(),
                }
                labels = {name: row._meta.get_field(name).verbose_name for name in told}
                yield Record([Value(name, labels[name], told[name]) for name in told], [])

    def files(self) -> Iterator[CopiedFile]:
        yield from ()

    def changes(self) -> Iterator[Change]:
        yield from ()


def _batches(rows: "QuerySet[Any]") -> Iterator[list[Any]]:
    last = 0
    while batch := list(rows.filter(pk__gt=last).order_by("pk")[:BATCH]):
        last = batch[-1].pk
        yield batch
