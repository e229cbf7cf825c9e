"""A customer whom the portal made, copied a million times by the database.

Each statement copies one row for all new customers, as they come in life: the rows of one customer
lie far from each other. Keys are moved, references follow; what is one person's alone is another
text in each copy. So a new table or column needs no word here.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from django.db import connection
from django.db.models import Field, Model, TextField

from accounts.models import Customer, User
from common.encryption.fields import EncryptedTextField, SearchHashField
from common.models import FileKey
from common.personal_data import children_first
from notices.models import Notice
from policies.models import RetentionRule

FIRST, MOST = 10**8, 2 * 10**6  # the first new key of a table, and how many copies there can be
AN_ID = re.compile(r"[0-9a-f]{32}")
TELLING = 24  # characters from which words are one person's
SEALED = ("phone", "address")

CLOSE = """
    UPDATE accounts_customer
    SET closed_at = now() - interval '2 years', opened_at = now() - interval '3 years',
        kept_until = %(last_day)s, closing_rule_id = %(rule)s, closing_cause = 'customer'
    WHERE id IN (
        SELECT id FROM accounts_customer WHERE kept_until IS NULL AND id > %(first)s
        ORDER BY md5(id::text) LIMIT %(number)s
    )
    RETURNING id, public_id
"""
SEAL = """
    UPDATE {} AS sealed SET phone = fresh.phone, address = fresh.address
    FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS fresh (id, phone, address)
    WHERE sealed.id = fresh.id
"""


class Copies:
    """The rows about a customer; ``tables`` has their keys, who is referred to first."""

    def __init__(self, customer: Customer) -> None:
        self.tables: dict[type[Model], list[Any]] = {}
        declared = [*reversed(children_first())]
        rows = {each.model: each.about([customer.pk]) for each in declared}
        for each in declared:
            self._take(rows[each.model])
            if each.history is not None:
                keys = list(rows[each.model].values_list("pk", flat=True))
                self._take(each.history_about([customer.pk], keys))
        self._take(Notice.objects.filter(recipient=customer.public_id))
        self._take(FileKey.objects.filter(owner=customer.public_id))
        self.made = 0

    def _take(self, rows: Any) -> None:
        if keys := list(rows.order_by("pk").values_list("pk", flat=True)):
            self.tables[rows.model] = keys

    @property
    def rows_of_each(self) -> int:
        return sum(map(len, self.tables.values()))

    def count(self) -> int:
        """Return how many rows there are in these tables."""
        return sum(model._base_manager.count() for model in self.tables)

    def fill_up(self, number: int) -> None:
        """Let there be so many copies; those that were erased are made good by new ones."""
        more = number - Customer.objects.filter(pk__gt=FIRST).count()
        with connection.cursor() as cursor:
            for statement in self._statements():
                cursor.execute(statement, [self.made + 1, self.made + more])
        self.made += more

    def let_be_due(self, number: int, rule: RetentionRule, today: date) -> list[int]:
        """Close the accounts of so many, chosen by chance; return their primary keys."""
        values: dict[str, Any] = {"rule": rule.pk, "first": FIRST, "number": number}
        values["last_day"] = today - timedelta(days=9)
        with connection.cursor() as cursor:
            cursor.execute(CLOSE, values)
            closed = cursor.fetchall()
            _seal_again(cursor, closed)
            # As in any other night, and the same for whoever comes now.
            names = ", ".join(model._meta.db_table for model in self.tables)
            cursor.execute(f"VACUUM ANALYZE {names}")
        return sorted(key for key, _public_id in closed)

    def deletions(self) -> Iterator[str]:
        """Yield raw statements that remove all about some %(customers)s, histories first.

        They name %(users)s, %(cases)s and %(recipients)s of theirs too.
        """
        for model in self.tables:
            if subject := getattr(model, "instance_type", None):
                table, key = subject._meta.db_table, subject._meta.pk.column
                rows = f"SELECT {key} FROM {table} WHERE {_about(subject)}"  # noqa: S608
                yield f"DELETE FROM {model._meta.db_table} WHERE {key} IN ({rows})"  # noqa: S608
        for model in reversed(self.tables):
            if not hasattr(model, "instance_type"):
                yield f"DELETE FROM {model._meta.db_table} WHERE {_about(model)}"  # noqa: S608

    def _statements(self) -> Iterator[str]:
        for model, keys in self.tables.items():
            table, key = model._meta.db_table, model._meta.pk.column
            for place, row in enumerate(model._base_manager.filter(pk__in=keys).order_by("pk")):
                fields = [f for f in model._meta.local_concrete_fields if not f.generated]
                values = ", ".join(self._value(field, row, place) for field in fields)
                columns = ", ".join(f'"{field.column}"' for field in fields)
                yield (
                    f"INSERT INTO {table} ({columns}) SELECT {values}"  # noqa: S608 -- our names
                    f" FROM {table} AS pattern, generate_series(%s, %s) AS n"
                    f" WHERE pattern.{key} = {_quoted(row.pk)}"
                )

    def _value(self, field: "Field[Any, Any]", row: Model, place: int) -> str:
        """Return the SQL for a column of a copy; ``place``: of the row in its table."""
        value, same = row.__dict__.get(field.attname), f'pattern."{field.column}"'
        keys = self._keys_for(field)
        if field.primary_key and field.remote_field is None and isinstance(value, int):
            return _moved(place)
        if value in keys:
            return _moved(keys.index(value))
        return _of_its_own(field, value, same) if isinstance(value, str) else same

    def _keys_for(self, field: "Field[Any, Any]") -> Sequence[Any]:
        """Return the keys that a column refers to; that of a history refers to its row."""
        subject = getattr(field.model, "instance_type", None)
        if subject is not None and field.column == subject._meta.pk.column:
            return self.tables.get(subject, [])
        target: Any = field.related_model
        while target not in self.tables and target is not None and target._meta.parents:
            target = next(iter(target._meta.parents))
        return self.tables.get(target, [])


def _about(model: type[Model]) -> str:
    columns = {field.column for field in model._meta.local_fields}
    conditions = {"customer_id": "customers", "case_ptr_id": "cases", "case_id": "cases"}
    conditions |= {"recipient": "recipients", "owner": "recipients"}
    if model is Customer:
        return "id = ANY(%(customers)s)"
    if model is User:
        return "id = ANY(%(users)s)"
    column = next(each for each in (*conditions, "user_id") if each in columns)
    return f"{column} = ANY(%({conditions.get(column, 'users')})s)"


def _moved(place: int) -> str:
    return f"{FIRST + place * MOST} + n"


def _of_its_own(field: "Field[Any, Any]", value: str, same: str) -> str:
    """Return another text for each copy, none of which begins as another one does."""
    number = "lpad(n::text, 7, '0')"
    if isinstance(field, EncryptedTextField) or field.choices or not value:
        return same
    if isinstance(field, SearchHashField):
        return f"left({same}, -7) || {number}"
    if AN_ID.fullmatch(value):
        return f"md5({same} || n)"
    if "@" in value:
        return f"{number} || {same}"
    if field.unique:
        return f"{number} || right(md5({same}), 6)"
    own = f"{number} || ' ' || {same}"
    if len(value) < TELLING:
        return same
    return own if isinstance(field, TextField) else f"left({own}, {field.max_length})"


def _seal_again(cursor: Any, people: Sequence[tuple[int, str]]) -> None:
    """Seal phone and address anew for these copies: what was copied opens for the first alone."""
    keys = [key for key, _public_id in people]
    for model in (Customer, Customer.history.model):
        fields: list[Any] = [model._meta.get_field(name) for name in SEALED]
        sealed = [
            [field.seal(f"+8491{key % 10**7:07}", public_id).text for key, public_id in people]
            for field in fields
        ]
        cursor.execute(SEAL.format(model._meta.db_table), [keys, *sealed])


def _quoted(key: Any) -> str:
    return str(key) if isinstance(key, int) else f"'{key}'"
