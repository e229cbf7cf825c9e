"""The files of a copy: a document for machines, tables for people, and what was stored as files."""

import json
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from itertools import chain, groupby
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.merging import public_ids_of
from accounts.models import Customer
from common.archives import Member
from common.csv_files import csv_lines
from common.encryption.files import CHUNK, SealedFile
from common.errors import FileUnreadable
from common.files import open_stored
from policies.clocks import the_company
from rights.contents import Change, CopiedFile, Record, Table, Value, tables_of, told_categories

FORMAT = "privacy-portal-export/1"


def members_of(customer: Customer) -> Iterator[Member]:
    tables = tables_of(customer)
    sheets = [f"{category}.csv: {category.label}" for category in told_categories()]
    about = {"company": the_company(), "sheets": sheets}
    yield _text("README.txt", [render_to_string("rights/readme.txt", about)])
    yield _text("data.json", _document(customer, tables))
    for category, of_category in groupby(tables, key=lambda table: table.category):
        yield from _sheet(f"{category}.csv", _rows(list(of_category)))
    yield from _sheet("changes.csv", _changes(tables))
    for table in tables:
        for file in table.files():
            yield _stored(customer, file)


# One document for machines


def _document(customer: Customer, tables: list[Table]) -> Iterator[str]:
    """Yield a JSON text in pieces, of which each record is one."""
    yield _opened(
        {
            "format": FORMAT,
            "made_at": timezone.now(),
            "company": str(the_company().name),
            "customer": customer.public_id,
            "language": get_language(),
        },
        "tables",
    )
    for number, table in enumerate(tables):
        about = {
            "category": table.category,
            "category_label": table.category.label,
            "table": table.name,
            "label": table.label,
        }
        yield _comma(number) + _opened(about, "records")
        yield from _listed(map(_record, table.records()))
        yield "]}"
    yield '],\n"changes": ['
    yield from _listed(_change(table, each) for table in tables for each in table.changes())
    yield "]}\n"


def _opened(values: dict[str, Any], name: str) -> str:
    """Return an object whose last value, of this name, is a list that the next pieces fill."""
    return f'{_json(values)[:-1]}, "{name}": ['


def _listed(values: Iterable[object]) -> Iterator[str]:
    for number, value in enumerate(values):
        yield _comma(number) + _json(value)


def _comma(number: int) -> str:
    return ",\n" if number else "\n"


def _record(record: Record) -> dict[str, Any]:
    told: dict[str, Any] = {"fields": [_field(value) for value in record.values]}
    return told | {"files": [file.name for file in record.files]} if record.files else told


def _field(value: Value) -> dict[str, Any]:
    told = {"name": value.name, "label": value.label, "value": value.value}
    if value.origin is None:
        return told
    return told | {"origin": value.origin.source, "since": value.origin.since}


def _change(table: Table, change: Change) -> dict[str, Any]:
    return {
        "at": change.at,
        "change": change.kind,
        "table": table.name,
        "label": table.label,
        "fields": [_field(value) for value in change.values],
    }


def _json(value: object) -> str:
    return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False)


# Tables for people


def _rows(tables: list[Table]) -> Iterator[list[object]]:
    """Yield a line for each value; the records of a kind are numbered."""
    head = [_("Kind"), _("No."), _("Detail"), _("Value"), _("From where"), _("Since")]
    for table in tables:
        for number, record in enumerate(table.records(), 1):
            yield from _with_head(head, _lines(table, number, record))
            head = []


def _lines(table: Table, number: int, record: Record) -> Iterator[list[object]]:
    for value in record.values:
        origin = value.origin
        source, since = (origin.source, origin.since) if origin else ("", None)
        yield [_start(table.label), number, _start(value.label), value.value, source, since]
    for file in record.files:
        yield [_start(table.label), number, _("File"), file.name, "", ""]


def _changes(tables: list[Table]) -> Iterator[list[object]]:
    head = [_("When"), _("What you did"), _("Kind"), _("Detail"), _("Value")]
    for table in tables:
        for change in table.changes():
            lines = (
                [change.at, change.kind, _start(table.label), _start(value.label), value.value]
                for value in change.values
            )
            yield from _with_head(head, lines)
            head = []


def _with_head(head: list[Any], lines: Iterable[list[object]]) -> Iterator[list[object]]:
    return chain([head] if head else [], lines)


def _start(label: str | Promise) -> str:
    text = str(label)
    return text[:1].upper() + text[1:]


def _sheet(name: str, rows: Iterator[list[object]]) -> Iterator[Member]:
    """Yield the table; where there is not even a first row, none."""
    first = next(rows, None)
    if first is not None:
        cells = ([_cell(value) for value in row] for row in chain([first], rows))
        yield _text(name, csv_lines(cells))


def _cell(value: object) -> object:
    """Return a value as people write it here; a number stays one."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return date_format(timezone.localtime(value), "SHORT_DATETIME_FORMAT")
    if isinstance(value, date):
        return date_format(value, "SHORT_DATE_FORMAT")
    if isinstance(value, list):
        return "; ".join(map(str, value))
    return value if isinstance(value, int | timedelta) else str(value)


def _text(name: str, pieces: Iterable[str]) -> Member:
    return Member(name, (piece.encode() for piece in pieces))


# What was stored as files


def _stored(customer: Customer, file: CopiedFile) -> Member:
    """Copy a file; in the place of one that cannot be handed out stands a word about it."""
    if file.is_quarantined:
        return _text(
            f"{file.name}.txt", [_("A virus was found in this file. Nobody can download it.")]
        )
    owner, *former = public_ids_of(customer)
    try:
        stored = open_stored(file.path, owner=owner, former=former)
    except FileUnreadable as error:
        return _text(f"{file.name}.txt", [str(error)])
    return Member(file.name, _read(stored))


def _read(stored: SealedFile) -> Iterator[bytes]:
    with stored:
        while piece := stored.read(CHUNK):
            yield piece
