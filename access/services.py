"""Writing down who looked. A record that cannot be written lets nothing be shown."""

from collections.abc import Iterable
from typing import Any

from access.models import AccessAction, AccessRecord
from common.personal_data import DataCategory
from common.requests import request_id


def record_access(
    *,
    by: Any,
    action: AccessAction,
    customer: str,
    purpose: str,
    field_groups: Iterable[DataCategory],
    case_reference: str = "",
) -> AccessRecord:
    """Record that ``by`` sees data of ``customer`` (a public id).

    Call it in the transaction that reads, before anything is shown.
    """
    return AccessRecord.objects.create(
        actor=by,
        role=role_of(by),
        action=action,
        customer=customer,
        purpose=purpose,
        case_reference=case_reference,
        field_groups=sorted(field_groups),
        request_id=request_id.get(),
    )


def record_list(
    *,
    by: Any,
    purpose: str,
    field_groups: Iterable[DataCategory],
    count: int,
    filters: Iterable[str] = (),
    searched: bool = False,
) -> AccessRecord:
    """Record a masked list: how many people, and the names of the filters, never their values."""
    return AccessRecord.objects.create(
        actor=by,
        role=role_of(by),
        action=AccessAction.SEARCH if searched else AccessAction.LIST,
        purpose=purpose,
        field_groups=sorted(field_groups),
        filters=sorted(filters),
        count=count,
        request_id=request_id.get(),
    )


def role_of(user: Any) -> str:
    """Return the role under which a member of staff acts: the first of their groups."""
    if user.is_superuser:
        return "administrator"
    return user.groups.order_by("name").values_list("name", flat=True).first() or "staff"
