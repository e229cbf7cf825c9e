"""Which details the company asks for beside the fixed ones, and what staff do to that list."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from common.history import save_as
from policies.exceptions import ChangeRefused
from policies.models import DeclaredField
from policies.refusals import save_or_refuse


@transaction.atomic
def save_declared_field(
    field: DeclaredField | None, *, values: Mapping[str, Any], by: AbstractBaseUser
) -> DeclaredField:
    """Add a detail to ask for (``field`` is None) or change one. ``values`` by column.

    Raises ChangeRefused.
    """
    if field is None:
        field = DeclaredField(**values)
        save_or_refuse(field, by=by, reason="added")
        return field
    _lock(field)
    changed = [name for name, value in values.items() if getattr(field, name) != value]
    if "code" in changed or "kind" in changed:
        raise ChangeRefused(_("Code and kind of an entry are never changed: add another one."))
    for name in changed:
        setattr(field, name, values[name])
    if changed:
        save_or_refuse(field, by=by, reason="changed", fields=changed)
    return field


@transaction.atomic
def retire_declared_field(field: DeclaredField, *, by: AbstractBaseUser) -> None:
    """Ask nobody for it any more. What customers declared stays theirs to see and erase.

    Raises ChangeRefused.
    """
    _lock(field)
    field.retired_on = timezone.localdate()
    save_as(field, by=by, reason="retired", fields=["retired_on"])


def _lock(field: DeclaredField) -> None:
    field.refresh_from_db(from_queryset=DeclaredField.objects.select_for_update(of=("self",)))
    if field.retired_on is not None:
        raise ChangeRefused(_("This entry is no longer used; it is never changed again."))
