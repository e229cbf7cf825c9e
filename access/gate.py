"""Whether a member of staff may see personal data at all: asked before roles and before records.

The admins of personal data name their models here. Their permissions are worth nothing, and no
record of an access can be written, without an undertaking of confidentiality in force.
"""

from collections.abc import Callable
from functools import reduce
from typing import Any

from django.contrib.auth import get_permission_codename, get_user_model
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet

Rule = Callable[[QuerySet[Any]], QuerySet[Any]]
"""Narrows members of staff to those who are bound to confidentiality now."""

_rules: list[Rule] = []
_guarded: set[str] = set()


class NotBound(PermissionDenied):
    """A member of staff reached for personal data without being bound to confidentiality."""


def binds_staff(rule: Rule) -> Rule:
    """Let a room above say who is bound. Without one nobody is."""
    _rules.append(rule)
    return rule


def guard(model: type[Model]) -> None:
    """Close all permissions on a model to who is not bound."""
    opts = model._meta
    names = [get_permission_codename(action, opts) for action in opts.default_permissions]
    names += [name for name, _label in opts.permissions]
    _guarded.update(f"{opts.app_label}.{name}" for name in names)


def is_guarded(permission: str) -> bool:
    return permission in _guarded


def bound(staff: QuerySet[Any]) -> QuerySet[Any]:
    """Narrow members of staff to those who may see personal data now."""
    return reduce(lambda rows, rule: rule(rows), _rules, staff) if _rules else staff.none()


def may_see_data(user: Any) -> bool:
    """Say whether somebody is bound, or is no member of staff.

    Asked once of each user as loaded, which is once in a request: whoever loses it in an open
    session has lost it with the next one.
    """
    if not (user.is_staff or user.is_superuser):
        return True
    if not hasattr(user, "_is_bound"):
        staff = get_user_model()._default_manager.filter(pk=user.pk)
        user._is_bound = bound(staff).exists()
    return bool(user._is_bound)


def refuse_unbound(user: Any) -> None:
    """Raises NotBound."""
    if not may_see_data(user):
        raise NotBound


def lacks_undertaking(user: Any) -> bool:
    """Say whether the roles of somebody would open personal data, and the gate is closed."""
    return not may_see_data(user) and not _guarded.isdisjoint(user.get_all_permissions())
