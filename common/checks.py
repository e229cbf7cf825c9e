from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Error
from django.db import models
from django.db.models import Model

from common import personal_data

FREE_TEXT = (
    models.TextField,
    models.EmailField,
    models.GenericIPAddressField,
    models.JSONField,
    models.FileField,
    models.BinaryField,
)
LONGEST_CODE = 64  # a CharField beyond this can hold what people write


def check_every_personal_table_is_declared(**kwargs: Any) -> list[CheckMessage]:
    """Refuse to start while some table could hold personal data and nobody says what it is."""
    declared = {declaration.model for declaration in personal_data.declarations()}
    errors: list[CheckMessage] = []
    for model in apps.get_models():
        if model._meta.label in personal_data.exemptions() or not model._meta.managed:
            continue
        if model in declared:
            errors += _undeclared_fields(model)
        elif (subject := _tracked_model(model)) is not None:
            if subject not in declared and subject._meta.label not in personal_data.exemptions():
                errors.append(_undeclared(subject))
        elif any(
            _could_hold_text(field) or field.related_model in declared for field in _own(model)
        ):
            errors.append(_undeclared(model))
    return errors


def _undeclared(model: type[Model]) -> Error:
    return Error(
        f"{model._meta.label} could hold personal data and is not declared.",
        hint="Declare it in its app's personal_data.py, or exempt it there with the reason.",
        obj=model,
        id="common.E001",
    )


def _undeclared_fields(model: type[Model]) -> Iterator[Error]:
    declaration = personal_data.declaration_of(model)
    known = {
        *declaration.personal,
        *declaration.internal,
        *declaration.plain,
        *declaration.files,
    }
    for field in _own(model):
        if _could_hold_text(field) and field.name not in known:
            yield Error(
                f"{model._meta.label}.{field.name} could hold personal data and is not declared.",
                hint="Add it to the declaration as personal, internal, plain or files.",
                obj=model,
                id="common.E002",
            )


def _own(model: type[Model]) -> list[Any]:
    return list(model._meta.local_fields)


def _could_hold_text(field: Any) -> bool:
    if isinstance(field, FREE_TEXT):
        return True
    return (
        isinstance(field, models.CharField)
        and not field.choices
        and (field.max_length or LONGEST_CODE + 1) > LONGEST_CODE
    )


def _tracked_model(model: type[Model]) -> type[Model] | None:
    """Return whose history ``model`` keeps, if it is a history table."""
    return getattr(model, "instance_type", None)
