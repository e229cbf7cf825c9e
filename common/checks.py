from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Error
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.db.models import Model

from common import personal_data
from common.periods import expiries
from common.personal_data import CUSTOMER, Declaration
from common.tokens import new_public_id


def check_every_personal_table_is_declared(**kwargs: Any) -> list[CheckMessage]:
    """Refuse to start while some table could hold personal data and nobody says what it is."""
    declared = {declaration.model for declaration in personal_data.declarations()}
    errors: list[CheckMessage] = [
        *_unknown_exemptions(),
        *_unknown_survivors(),
        *_periods_of_another_category(),
    ]
    for declaration in personal_data.declarations():
        errors += _faults_of(declaration)
    for model in apps.get_models():
        if model in declared or _is_exempt(model) or not model._meta.managed:
            continue
        subject = _tracked_model(model)
        if subject is not None:
            if subject not in declared and not _is_exempt(subject):
                errors.append(_undeclared(subject))
        elif any(_could_be_personal(f) or f.related_model in declared for f in _own(model)):
            errors.append(_undeclared(model))
    return errors


def _undeclared(model: type[Model]) -> Error:
    return Error(
        f"{model._meta.label} could hold personal data and is not declared.",
        hint="Declare it in its app's personal_data.py, or exempt it there with the reason.",
        obj=model,
        id="common.E001",
    )


def _unknown_exemptions() -> Iterator[Error]:
    for label in personal_data.exemptions():
        try:
            apps.get_model(label)
        except LookupError:
            yield Error(f"{label} is exempt and is no table.", id="common.E005")


def _unknown_survivors() -> Iterator[Error]:
    for column in personal_data.outliving():
        label, _dot, name = column.rpartition(".")
        try:
            apps.get_model(label)._meta.get_field(name)
        except (LookupError, FieldDoesNotExist):
            yield Error(f"{column} outlives customers and is no column.", id="common.E007")


def _periods_of_another_category() -> Iterator[Error]:
    """A hold, an approval and a law name one category: rows must not go under another."""
    categories = {each.model: each.category for each in personal_data.declarations()}
    for expiry in expiries():
        model = expiry.rows().model
        if categories.get(model, expiry.category) != expiry.category:
            yield Error(
                f"{model._meta.label} is declared in another category than its period"
                f" {expiry.name}.",
                obj=model,
                id="common.E008",
            )


def _faults_of(declaration: Declaration) -> Iterator[Error]:
    model = declaration.model
    own = {field.name: field for field in _own(model)}
    named = {
        *declaration.personal,
        *declaration.internal,
        *declaration.plain,
        *declaration.files,
        *filter(None, [declaration.until]),
    }
    for name, field in own.items():
        if isinstance(field, models.FileField) != (name in declaration.files):
            yield Error(
                f"{model._meta.label}.{name} must be among the files if and only if it is one.",
                obj=model,
                id="common.E003",
            )
        elif _could_be_personal(field) and name not in named:
            yield Error(
                f"{model._meta.label}.{name} could hold personal data and is not declared.",
                hint="Add it to the declaration as personal, internal or plain.",
                obj=model,
                id="common.E002",
            )
    for name in sorted({*named, *declaration.exported} - own.keys()):
        yield Error(
            f"{model._meta.label} has no field {name} of its own to declare.",
            obj=model,
            id="common.E004",
        )
    if _end_of(declaration) != CUSTOMER:
        yield Error(
            f"{model._meta.label}: {declaration.customer} does not lead to {CUSTOMER}.",
            obj=model,
            id="common.E006",
        )


def _end_of(declaration: Declaration) -> str | None:
    """Return the label of the model that the declared way leads to, or None."""
    model: Any = declaration.model
    hops = [] if declaration.customer == "pk" else declaration.customer.split("__")
    for hop in hops:
        try:
            model = model._meta.get_field(hop).related_model
        except FieldDoesNotExist:
            return None
        if model is None:
            return None
    return model._meta.label  # type: ignore[no-any-return]


def _own(model: type[Model]) -> list[Any]:
    return list(model._meta.local_fields)


def _could_be_personal(field: Any) -> bool:
    """Say whether people, not the portal, could be told by the values of a field.

    A day (of birth) could, a moment (of a change) is the portal's own.
    """
    return not (
        field.is_relation
        or field.choices
        or field.default is new_public_id
        or isinstance(field, models.AutoField | models.BooleanField | models.DateTimeField)
    )


def _is_exempt(model: type[Model]) -> bool:
    return model._meta.label in personal_data.exemptions()


def _tracked_model(model: type[Model]) -> type[Model] | None:
    """Return whose history ``model`` keeps, if it is a history table."""
    return getattr(model, "instance_type", None)
