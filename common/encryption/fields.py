"""Columns whose texts are sealed, and columns by which a sealed text is found."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NoReturn

from django.core.checks import CheckMessage, Error
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.db.models import Q
from django.db.models.query_utils import DeferredAttribute

from common.encryption.sealing import (
    EncryptionError,
    open_text,
    seal_text,
    search_hash,
    search_hashes,
)

LOOKUPS = ("exact", "in", "isnull")  # of a sealed column nothing else can be asked


@dataclass(frozen=True, slots=True, repr=False)
class Sealed:
    """A text as its column has it. It opens only for the row that it was sealed for."""

    text: str
    column: str

    def __repr__(self) -> str:
        return "<sealed>"

    def open(self, row: str) -> str:
        """Raises DecryptionError."""
        return open_text(self.text, self.column, row=row)


class SealedAttribute(DeferredAttribute):
    """Opens what the database gave, each time it is read; what is assigned stays as it is.

    The plain text is not kept, so an instance that was only loaded can be pickled or logged.
    """

    def __get__(self, instance: Any, cls: Any = None) -> Any:
        field: Any = self.field
        value = super().__get__(instance, cls)
        return value.open(field.row_of(instance)) if isinstance(value, Sealed) else value

    def __set__(self, instance: Any, value: Any) -> None:
        instance.__dict__[self.field.attname] = value


class EncryptedTextField(models.CharField):  # type: ignore[type-arg]
    """A text that is sealed in the database and plain in Python.

    ``row`` names the field that tells the rows apart and is known before the insert, such as a
    public id. The seal is bound to model, field and row; the rows of a history table bear the id
    of whom they are about. An empty text and NULL are stored as they are: they can be asked for.

    Values are sealed by save() and bulk_create(). Queries that bring plain text are refused, as is
    a fixture, and the column's own constraint takes nothing unsealed. Renaming model, field or
    row needs a migration that seals anew.
    """

    descriptor_class = SealedAttribute

    def __init__(self, *args: Any, row: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.row = row

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {**kwargs, "row": self.row}

    def check(self, **kwargs: Any) -> list[CheckMessage]:
        return [*super().check(**kwargs), *_missing(self, self.row)]

    def get_internal_type(self) -> str:
        return "TextField"

    def db_check(self, connection: Any) -> str:
        return _check_of(self, connection, r"v1[.][A-Za-z0-9_-]{1,32}[.][A-Za-z0-9_-]{38,}")

    def get_lookup(self, lookup_name: str) -> Any:
        return super().get_lookup(lookup_name) if lookup_name in LOOKUPS else None

    def from_db_value(self, value: str | None, *args: Any) -> Sealed | str | None:
        return Sealed(value, self.column_name) if value else value

    def pre_save(self, instance: models.Model, add: bool) -> Sealed | str | None:
        value = getattr(instance, self.attname)
        return value if value in (None, "") else self.seal(value, self.row_of(instance))

    def get_prep_value(self, value: Any) -> str | None:
        if value is None or value == "":
            return value  # type: ignore[no-any-return]
        if isinstance(value, Sealed) and value.column == self.column_name:
            return value.text
        raise EncryptionError(
            f"{self.column_name} is encrypted: it is written by save() or bulk_create(), and found"
            " by its search hash; a query cannot bring its plain text, nor a fixture."
        )

    def value_to_string(self, obj: models.Model) -> NoReturn:
        raise EncryptionError(f"{self.column_name} is encrypted: it goes into no fixture.")

    @property
    def column_name(self) -> str:
        """Return what the seal is bound to beside the row, as "accounts.Customer.phone"."""
        return f"{self.model._meta.label}.{self.name}"

    def row_of(self, instance: models.Model) -> str:
        row = getattr(instance, self.row)
        if not row:
            raise EncryptionError(f"{self.column_name} cannot be sealed for a row without name.")
        return str(row)

    def seal(self, text: str, row: str) -> Sealed:
        if not isinstance(text, str):
            raise EncryptionError(f"{self.column_name} takes text, not {type(text).__name__}.")
        return Sealed(seal_text(text, self.column_name, row=row), self.column_name)


class KeyId(models.Func):
    """The id of the key that a sealed column, or a search hash, was made with; "" where empty."""

    function = "split_part"
    arity = 3
    output_field = models.CharField()

    def __init__(self, column: Any) -> None:
        super().__init__(column, models.Value("."), models.Value(2))


class SearchHashField(models.CharField):  # type: ignore[type-arg]
    """What a row is found by where the text in field ``of`` is sealed: a keyed hash of it.

    Equal texts have equal hashes, which is all that it tells without the key. It follows the text
    in each save(); its model says so with SearchableModel. An empty text has no hash.
    """

    def __init__(self, *args: Any, of: str, **kwargs: Any) -> None:
        kwargs = {"max_length": 80, "blank": True, "default": "", "editable": False, **kwargs}
        super().__init__(*args, **kwargs)
        self.of = of

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {**kwargs, "of": self.of}

    def check(self, **kwargs: Any) -> list[CheckMessage]:
        faults = [*super().check(**kwargs), *_missing(self, self.of)]
        if not issubclass(self.model, SearchableModel):
            faults.append(Error("Its model must be a SearchableModel.", obj=self, id="common.E011"))
        return faults

    def db_check(self, connection: Any) -> str:
        return _check_of(self, connection, r"h1[.][A-Za-z0-9_-]{1,32}[.][A-Za-z0-9_-]{43}")

    def pre_save(self, instance: models.Model, add: bool) -> str:
        setattr(instance, self.attname, self.hash(getattr(instance, self.of)))
        return str(getattr(instance, self.attname))

    @property
    def context(self) -> str:
        return f"{self.model._meta.label}.{self.of}"

    def hash(self, text: str | None) -> str:
        return search_hash(text, self.context) if text else ""

    def hashes(self, text: str) -> list[str]:
        """Return what the column may hold for this text: a hash under each key."""
        return search_hashes(text, self.context)


class SearchableModel(models.Model):
    """A model whose search hashes are saved with what they are made of."""

    class Meta:
        abstract = True

    def save(self, *, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        if update_fields is not None:
            names = set(update_fields)
            update_fields = names | {
                field.name for field in _hash_fields(self) if field.of in names
            }
        super().save(update_fields=update_fields, **kwargs)

    @classmethod
    def found_by(cls, of: str, text: str) -> Q:
        """Return what finds the rows with this text, as ``found_by("phone", "+84…")``."""
        field = next(each for each in _hash_fields(cls) if each.of == of)
        return Q(**{f"{field.name}__in": field.hashes(text)})


def _hash_fields(model: Any) -> list[SearchHashField]:
    return [field for field in model._meta.fields if isinstance(field, SearchHashField)]


def _check_of(field: Any, connection: Any, pattern: str) -> str:
    """Return a column's constraint: what is not of this form, or empty, is no value of it."""
    column = connection.ops.quote_name(field.column)
    return f"{column} = '' OR {column} ~ '^{pattern}$'"


def _missing(field: Any, name: str) -> list[CheckMessage]:
    try:
        field.model._meta.get_field(name)
    except FieldDoesNotExist:
        return [Error(f"There is no field {name!r}.", obj=field, id="common.E010")]
    return []
