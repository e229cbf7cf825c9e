"""Rows that follow a profile: created, corrected and retired, each with its history."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Model, QuerySet
from django.utils import timezone

from common.history import save_as
from policies.models import DeclaredField, Purpose, Recipient

LOADED = "profile loaded"


def put(model: type[Model], key: dict[str, Any], values: dict[str, Any]) -> int:
    """Create or correct the row with that key; return 0 if it already says so, else 1."""
    row = model._default_manager.filter(**key).first() or model(**key)
    fields = None
    if not row._state.adding:
        fields = [name for name, value in values.items() if getattr(row, name) != value]
        if not fields:
            return 0
    for name, value in values.items():
        setattr(row, name, value)
    save_as(row, by=None, reason=LOADED, fields=fields)
    return 1


def put_all(
    model: type[DeclaredField] | type[Purpose] | type[Recipient],
    rows: Mapping[str, Mapping[str, Any]],
) -> int:
    """Bring the rows in line with ``rows``, which go by their codes; retire what left the profile.

    Rows that staff added are theirs.
    """
    changed = 0
    for code, values in rows.items():
        changed += put(model, {"code": code}, {**values, "retired_on": None})
    loaded = model.history.filter(history_type="+", history_change_reason=LOADED).values("id")
    return changed + retire(model.objects.active().filter(pk__in=loaded).exclude(code__in=rows))


def retire(rows: QuerySet[Any]) -> int:
    """Old consents and disclosures still point at the rows, so that they stay."""
    for row in rows:
        row.retired_on = timezone.localdate()
        save_as(row, by=None, reason=LOADED, fields=["retired_on"])
    return len(rows)


def two_columns(name: str, text: Any) -> dict[str, str]:
    return {f"{name}_vi": text.vi, f"{name}_en": text.en}
