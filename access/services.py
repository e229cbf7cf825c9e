"""Writing down who looked. A record that cannot be written lets nothing be shown."""

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date
from functools import partial
from typing import Any

from access.gate import refuse_unbound
from access.models import AccessAction, AccessRecord
from access.roles import ADMINISTRATOR, BY_REACH, NO_ROLE
from common.networks import network
from common.personal_data import DataCategory
from common.requests import request_id

SecretUntil = Callable[[Any, Collection[str]], Mapping[str, date]]
"""Takes who looks and public ids of customers; returns the last day on which the look is kept from
each of them, where it is."""

_delays: list[SecretUntil] = []


def delays_showing(delay: SecretUntil) -> SecretUntil:
    """Let a room above say which looks customers are told of later, as an authority ordered."""
    _delays.append(delay)
    return delay


def _secret_until(by: Any, customers: Collection[str]) -> Mapping[str, date]:
    return {key: day for delay in _delays for key, day in delay(by, customers).items()}


def record_access(
    *,
    by: Any,
    action: AccessAction,
    customer: str,
    purpose: str,
    field_groups: Iterable[DataCategory],
    case_reference: str = "",
    reason: str = "",
    role: str = "",
    secret_until: date | None = None,
) -> AccessRecord:
    """Record that ``by`` sees data of ``customer`` (a public id), "" if it reaches nobody.

    ``role`` is for who has no role of staff. ``secret_until`` is for what is about an order of
    secrecy itself; looks under one are found to be secret without it.
    Call it in the transaction that reads, before anything is shown.

    Raises NotBound.
    """
    refuse_unbound(by)
    return AccessRecord.objects.create(
        actor=by,
        role=role or role_of(by),
        action=action,
        customer=customer,
        purpose=purpose,
        case_reference=case_reference,
        reason=reason,
        field_groups=sorted(field_groups),
        count=1 if customer else 0,
        request_id=request_id.get(),
        address=network.get(),
        secret_until=secret_until or _secret_until(by, [customer]).get(customer),
    )


def record_list(
    *,
    by: Any,
    customers: Collection[str],
    purpose: str,
    field_groups: Iterable[DataCategory],
    filters: Iterable[str] = (),
    searched: bool = False,
) -> None:
    """Record a masked list: one line with how many people, or who was found by a search.

    ``customers`` are public ids. A search is for one person in particular, so
    each one found gets a line, which they can see; a search that finds nobody
    is one line too. ``filters`` are names, never values.

    Raises NotBound.
    """
    line = _line(by, purpose, field_groups, filters)
    if searched and customers:
        secret = _secret_until(by, customers)
        lines = [
            line(action=AccessAction.SEARCH, customer=each, secret_until=secret.get(each))
            for each in sorted(customers)
        ]
    else:
        action = AccessAction.SEARCH if searched else AccessAction.LIST
        lines = [line(action=action, count=len(customers))]
    AccessRecord.objects.bulk_create(lines)


def record_export(
    *,
    by: Any,
    count: int,
    purpose: str,
    field_groups: Iterable[DataCategory],
    filters: Iterable[str] = (),
) -> None:
    """Record a file of many rows, about ``count`` people, that shows what lists show.

    Raises NotBound.
    """
    line = _line(by, purpose, field_groups, filters)
    line(action=AccessAction.EXPORT, count=count).save()


def _line(
    by: Any, purpose: str, field_groups: Iterable[DataCategory], filters: Iterable[str]
) -> Callable[..., AccessRecord]:
    refuse_unbound(by)
    return partial(
        AccessRecord,
        actor=by,
        role=role_of(by),
        purpose=purpose,
        field_groups=sorted(field_groups),
        filters=sorted(filters),
        request_id=request_id.get(),
        address=network.get(),
    )


def role_of(user: Any) -> str:
    """Return the role under which a member of staff acts."""
    if user.is_superuser:
        return ADMINISTRATOR
    roles = set(user.groups.values_list("name", flat=True))
    return next((role for role in BY_REACH if role in roles), NO_ROLE)
