from collections.abc import Sequence
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import Model
from simple_history.utils import bulk_create_with_history, bulk_update_with_history


def save_as(
    instance: Model,
    *,
    by: AbstractBaseUser | None,
    reason: str,
    fields: Sequence[str] | None = None,
) -> None:
    """Save ``fields`` of ``instance`` (all of a new row); its history says who did it and why.

    ``by`` is None when the portal itself acts. ``reason`` is a short code, never personal data.
    """
    instance._history_user = by  # type: ignore[attr-defined]
    instance._change_reason = reason  # type: ignore[attr-defined]
    instance.save(update_fields=fields)


def save_all_as(
    rows: Sequence[Any],
    *,
    by: AbstractBaseUser | None,
    reason: str,
    fields: Sequence[str] | None = None,
) -> None:
    """Do it with rows of one table at once: all of new ones, ``fields`` of others."""
    for row in rows:
        row._history_user, row._change_reason = by, reason
    if not rows:
        return
    model = type(rows[0])
    if fields is None:
        bulk_create_with_history(rows, model)
    elif not model.history.model._history_m2m_fields:
        bulk_update_with_history(rows, model, fields)
    else:  # at once, the history would forget what the rows are related to
        for row in rows:
            row.save(update_fields=fields)


def delete_as(instance: Model, *, by: AbstractBaseUser | None, reason: str) -> None:
    """Delete ``instance``; its history keeps it, with who did it and why."""
    instance._history_user = by  # type: ignore[attr-defined]
    instance._change_reason = reason  # type: ignore[attr-defined]
    instance.delete()
