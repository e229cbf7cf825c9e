"""What the erased can be told by, taken just before they go. Never stored."""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from django.db import models
from django.db.models import F, Model, QuerySet

from accounts.models import Customer
from common.encryption import DecryptionError
from common.encryption.fields import EncryptedTextField, Sealed
from common.personal_data import Declaration, declarations
from retention.matching import Matcher

A_NUMBER = re.compile(r"(?:\D*+\d){9}")  # so many digits are one person's
SHORTEST_WORDS = 24  # characters; fewer may be anybody's: a name, a kind of device
LONGEST = 200  # characters: a copy of a long text begins as the text does

Column = tuple[type[Model], str]


@dataclass(frozen=True, slots=True)
class Mark:
    """A string that tells a customer, and the columns in which it was rightly.

    is_telling: only one person has it, as an address; words may have been written twice.
    """

    text: str
    is_telling: bool
    columns: set[Column] = field(default_factory=set)


@dataclass(frozen=True)
class Portrait:
    """The marks of some customers, and how many rows were about each (by key) of a category.

    keys: of these rows, and of the history of others that are gone already, by table.
    """

    marks: dict[str, Mark] = field(default_factory=dict)
    rows: dict[int, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    keys: dict[type[Model], list[Any]] = field(default_factory=dict)

    def add(self, text: str, column: Column | None = None, *, is_telling: bool = False) -> None:
        text = text.strip()[:LONGEST]
        mark = self.marks.get(text)
        if mark is None:
            is_telling = is_telling or _tells(text)
            if not is_telling and len(text) < SHORTEST_WORDS:
                return
            mark = self.marks[text] = Mark(text, is_telling)
        if column is not None:
            mark.columns.add(column)


def portray(customers: Iterable[Customer]) -> Portrait:
    """Read what is held about these customers; call it under their lock."""
    portrait = Portrait()
    keys = []
    for customer in customers:
        keys.append(customer.pk)
        for public_id in ids_of(customer):
            portrait.add(public_id, is_telling=True)
    for declaration in declarations():
        _read(portrait, declaration, keys)
    return portrait


def without_what_stays(portrait: Portrait, customers: Collection[Customer]) -> Portrait:
    """Leave out the marks, and the number of rows, of what is still held about these customers."""
    if not customers:
        return portrait
    gone = deepcopy(portrait.rows)
    matcher, left = Matcher(portrait.marks), {text for each in customers for text in ids_of(each)}
    keys = [customer.pk for customer in customers]
    for declaration in declarations():
        rows = declaration.about(keys)
        whose = dict(rows.values_list("pk", declaration.customer))
        for customer in whose.values():
            gone[customer][declaration.category] -= 1
        tables = [rows]
        if declaration.history is not None:
            tables.append(declaration.history_about(keys, list(whose)))
        for each in tables:
            left.update(*map(matcher.find, _all_texts(declaration, each)))
    marks = {text: mark for text, mark in portrait.marks.items() if text not in left}
    return Portrait(marks, {customer: +numbers for customer, numbers in gone.items()})


def ids_of(customer: Any) -> list[str]:
    """Return each public id that a customer, read with_former_ids(), has had."""
    return [customer.public_id, *customer.former_ids]


def _read(portrait: Portrait, declaration: Declaration, customers: Collection[int]) -> None:
    rows = declaration.about(customers).annotate(whose=F(declaration.customer))
    read = _add_rows(portrait, declaration, rows, "whose")
    for whose, number in Counter(row[1] for row in read).items():
        portrait.rows[whose][declaration.category] += number
    keys = portrait.keys[declaration.model] = [row[0] for row in read]
    if declaration.history is not None:
        about = declaration.history_about(customers, keys)
        past = _add_rows(portrait, declaration, about, declaration.model._meta.pk.attname)
        there = set(keys)
        portrait.keys[declaration.history] = [row[0] for row in past if row[1] not in there]


def _add_rows(
    portrait: Portrait, declaration: Declaration, rows: QuerySet[Any], whose: str
) -> list[tuple[Any, ...]]:
    """Add the marks of these rows; return of each its key, ``whose`` it is, and what else was read.

    Bare values: to make a model's instance of each takes longer than all the rest.
    """
    fields = _telling_fields(declaration, rows.model)
    sealed_for = {f.name: f.row for f in fields if isinstance(f, EncryptedTextField)}
    names = [*dict.fromkeys(["pk", whose, *(f.name for f in fields), *sealed_for.values()])]
    found = list(rows.select_related(None).values_list(*names))
    for each in fields:
        column, place = (declaration.model, each.name), names.index(each.name)
        owner = names.index(sealed_for.get(each.name, "pk"))
        for row in found:
            if value := row[place]:
                if isinstance(value, Sealed):
                    value = _opened(value, row[owner])
                for text in [value] if isinstance(value, str) else _texts(value):
                    portrait.add(text, column)
    return found


def _opened(value: Sealed, owner: Any) -> str:
    try:
        return value.open(str(owner))
    except DecryptionError:
        return ""  # what nobody can read any more has left no copy to be told by


def _all_texts(declaration: Declaration, rows: QuerySet[Any]) -> Iterator[str]:
    for row in rows.select_related(None):
        for each in _telling_fields(declaration, rows.model):
            yield from _texts(_value(row, each.name))


def _telling_fields(declaration: Declaration, model: type[Model]) -> list[Any]:
    named = {*declaration.personal, *declaration.internal, *declaration.files}
    named -= set(declaration.shared)
    return [f for f in model._meta.local_fields if f.name in named and not f.choices]


def _value(row: Any, name: str) -> Any:
    try:
        return getattr(row, name)
    except DecryptionError:
        return ""  # what nobody can read any more has left no copy to be told by


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        return [value] if value else []
    if isinstance(value, models.fields.files.FieldFile):
        return _texts(value.name)
    if isinstance(value, dict):
        value = [*value.values()]
    return chain.from_iterable(map(_texts, value)) if isinstance(value, list | tuple) else []


def _tells(text: str) -> bool:
    return "@" in text or A_NUMBER.match(text) is not None
