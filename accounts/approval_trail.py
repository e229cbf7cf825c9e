"""What staff saw and changed while a customer's record was open to them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.functional import Promise

from access.models import AccessAction, AccessRecord, AccessRecordQuerySet
from accounts.held import field_label, table_label
from accounts.models import AccessApproval, EmergencyAccess
from accounts.uses import accesses_told_to
from common.personal_data import Declaration, declarations


@dataclass(frozen=True)
class Made:
    """A change: when, in which table, and of what; the values are on the page of the data."""

    at: datetime
    table: str | Promise
    fields: list[str | Promise]


@dataclass(frozen=True)
class Trail:
    seen: list[AccessRecord]
    changed: list[Made]


def trail_of(opening: AccessApproval | EmergencyAccess) -> Trail:
    """Return what the customer may know of what was done, the newest first.

    Masks are open to staff without the customer's word.
    """
    if opening.opened_at is None:
        return Trail([], [])
    told = accesses_told_to(opening.customer).exclude(action=AccessAction.MASKED)
    seen = seen_under(opening, told)
    return Trail(list(seen), _changed(opening, (opening.opened_at, opening.closed_at)))


def seen_under(
    opening: AccessApproval | EmergencyAccess, among: AccessRecordQuerySet
) -> AccessRecordQuerySet:
    """Narrow records about a customer to the looks of who asked, while it was open to them."""
    if opening.opened_at is None:
        return among.none()
    window = (opening.opened_at, opening.closed_at)
    return among.filter(actor=opening.asked_by, at__range=window)


def _changed(
    opening: AccessApproval | EmergencyAccess, window: tuple[datetime, datetime]
) -> list[Made]:
    if not getattr(opening, "may_change", False):
        return []
    made = [
        change
        for declaration in declarations()
        if declaration.personal
        and declaration.history is not None
        and declaration.category in opening.field_groups
        for change in _changes_in(declaration, opening, window)
    ]
    return sorted(made, key=lambda change: change.at, reverse=True)


def _changes_in(
    declaration: Declaration,
    opening: AccessApproval | EmergencyAccess,
    window: tuple[datetime, datetime],
) -> list[Made]:
    rows = declaration.told_to(opening.customer_id)
    past = declaration.history_about([opening.customer_id], rows.values("pk"))
    by_staff = past.filter(history_user=opening.asked_by, history_date__range=window)
    return [
        Made(then.history_date, table_label(declaration), _fields(declaration, then))
        for then in by_staff
    ]


def _fields(declaration: Declaration, then: Any) -> list[str | Promise]:
    """Return which personal fields differ from the row before: all of a new or a deleted one."""
    before = then.prev_record
    return [
        field_label(declaration.model, name)
        for name in declaration.personal
        if then.history_type != "~"
        or before is None
        or getattr(before, name) != getattr(then, name)
    ]
