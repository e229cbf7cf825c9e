"""Where each value that is held came from, and since when: read from the history."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Model
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from common.personal_data import Declaration

LONGEST_PAST = 500  # lines of history read for one table; older ones say no more than "before"

FROM_CUSTOMER = _("from you")
FROM_STAFF = _("from a member of staff")
FROM_COMPANY = _("from the company's records")


@dataclass(frozen=True)
class Origin:
    """``since`` is None when it is not known any more."""

    source: str | Promise
    since: datetime | None


def origins_of(
    declaration: Declaration, rows: Collection[Any], *, most: int | None = LONGEST_PAST
) -> Mapping[tuple[Any, str], Origin]:
    """Return the origin of each personal field of these rows, by primary key and field name.

    A table with history says who wrote the present value and when, and what nobody signed
    in wrote came from where it declares; any other declares it for all its rows. Asks one
    query at most, for so many lines of history.
    """
    if not rows or not declaration.personal:
        return {}
    if declaration.history is not None:
        return _from_history(declaration, declaration.history, rows, most)
    return {
        (row.pk, name): Origin(declaration.origin, getattr(row, declaration.since, None))
        for row in rows
        for name in declaration.personal
    }


def _from_history(
    declaration: Declaration, history: type[Model], rows: Collection[Any], most: int | None
) -> dict[tuple[Any, str], Origin]:
    """Go back in time, for each value as long as it was the same."""
    key = declaration.model._meta.pk.attname
    present = {row.pk: row for row in rows}
    past: Iterable[Any] = (
        history._base_manager.filter(**{f"{key}__in": list(present)})
        .select_related("history_user")
        .order_by("-history_date", "-history_id")[:most]
    )
    origins: dict[tuple[Any, str], Origin] = {}
    settled = set()
    for then in past:
        row = present[getattr(then, key)]
        for name in declaration.personal:
            field = (row.pk, name)
            if field in settled:
                continue
            if getattr(then, name) != getattr(row, name):
                settled.add(field)
            else:
                origins[field] = Origin(_source(then, declaration), then.history_date)
    return origins


def _source(then: Any, declaration: Declaration) -> str | Promise:
    if then.history_user is None:
        return declaration.origin or FROM_COMPANY
    return FROM_STAFF if then.history_user.is_staff else FROM_CUSTOMER
