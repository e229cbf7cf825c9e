from collections.abc import Sequence

from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import Model


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


def delete_as(instance: Model, *, by: AbstractBaseUser | None, reason: str) -> None:
    """Delete ``instance``; its history keeps it, with who did it and why."""
    instance._history_user = by  # type: ignore[attr-defined]
    instance._change_reason = reason  # type: ignore[attr-defined]
    instance.delete()
