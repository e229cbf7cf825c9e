"""Rows that follow a profile: created, corrected and retired, each with its history."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Model, QuerySet
from django.utils import timezone

from common.history import save_all_as, save_as
from policies.models import DeclaredField, Purpose, Recipient

LOADED = "profile loaded"


def put(model: type[Model], key: dict[str, Any], values: dict[str, Any]) -> int:
    """Create or correct the row with that key; return 0 if it already says so, else 1."""
    row = model._default_manager.filter(**key).first()
    if row is not None:
        return _correct(row, values)
    save_as(model(**key, **values), by=None, reason=LOADED)
    return 1


def _correct(row: Any, values: Mapping[str, Any]) -> int:
    fields = [name for name, value in values.items() if getattr(row, name) != value]
    if not fields:
        return 0
    for name in fields:
        setattr(row, name, values[name])
    save_as(row, by=None, reason=LOADED, fields=fields)
    return 1


def put_by_code(model: type[Any], rows: Mapping[str, Mapping[str, Any]]) -> int:
    """Do it with the rows that go by these codes; return how many changed."""
    known = {row.code: row for row in model.objects.filter(code__in=rows)}
    new = [model(code=code, **values) for code, values in rows.items() if code not in known]
    save_all_as(new, by=None, reason=LOADED)
    return len(new) + sum(_correct(row, rows[code]) for code, row in known.items())


def put_all(
    model: type[DeclaredField] | type[Purpose] | type[Recipient],
    rows: Mapping[str, Mapping[str, Any]],
) -> int:
    """Bring the rows in line with ``rows``, which go by their codes; retire what left the profile.

    Rows that staff added are theirs.
    """
    changed = put_by_code(model, {code: {**row, "retired_on": None} for code, row in rows.items()})
    loaded = model.history.filter(history_type="+", history_change_reason=LOADED).values("id")
    return changed + retire(model.objects.active().filter(pk__in=loaded).exclude(code__in=rows))


def retire(rows: QuerySet[Any]) -> int:
    """Old consents and disclosures still point at the rows, so that they stay."""
    found = list(rows)
    for row in found:
        row.retired_on = timezone.localdate()
    save_all_as(found, by=None, reason=LOADED, fields=["retired_on"])
    return len(found)


def two_columns(name: str, text: Any) -> dict[str, str]:
    return {f"{name}_vi": text.vi, f"{name}_en": text.en}
