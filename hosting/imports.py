"""What the hosting system reports: all of a list, or nothing of it while one row is wrong."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from simple_history.utils import bulk_create_with_history

from accounts.models import Customer, CustomerMerge, MergeState
from common.csv_files import decoded, numbered_rows
from common.history import save_as
from hosting.exceptions import ImportRefused
from hosting.forms import SystemForm
from hosting.models import HostedService

REQUIRED = ("external_id", "customer", "kind", "label")
FIELDS = tuple(SystemForm.base_fields)
LARGEST_FILE = 10 * 1024 * 1024  # bytes
MOST_ROWS = 50_000
EXTERNAL_ID = re.compile(r"[\w.:/-]{1,64}")


@dataclass(frozen=True)
class Row:
    """A good row; ``customer`` is a public id."""

    line: int
    external_id: str
    customer: str
    values: Mapping[str, Any]


@dataclass
class Outcome:
    """``faults``: what is wrong, by line; with any, nothing was done."""

    added: int = 0
    changed: int = 0
    same: int = 0
    faults: list[tuple[int, str]] = field(default_factory=list)


def import_services(content: bytes) -> Outcome:
    """Bring the inventory in line with a list. Repeated, it finds everything the same.

    A service that is over and unknown is left out: nothing is kept of it any more.

    Raises FileRefused, ImportRefused.
    """
    outcome = Outcome()
    rows = list(_read(content, outcome))
    _write(rows, outcome)
    outcome.faults.sort()
    return outcome


def _read(content: bytes, outcome: Outcome) -> Iterator[Row]:
    if len(content) > LARGEST_FILE:
        raise ImportRefused(_("The file is larger than 10 MB."))
    (_line, head), *lines = [*numbered_rows(decoded(content))] or [(1, [])]
    names = [name.strip().lower() for name in head]
    if not set(REQUIRED) <= set(names) or len(set(names)) != len(names):
        raise ImportRefused(
            _("The first line must name each column once: %s at least.") % ", ".join(REQUIRED)
        )
    if len(lines) > MOST_ROWS:
        raise ImportRefused(_("The file has more than %(n)d services.") % {"n": MOST_ROWS})
    seen: dict[str, int] = {}
    for line, cells in lines:
        row = dict(zip(names, map(str.strip, cells), strict=False))
        told = row.get("external_id", "")
        form = SystemForm({name: row.get(name, "") for name in FIELDS})
        if not EXTERNAL_ID.fullmatch(told):
            outcome.faults.append((line, _("The external_id has 1 to 64 letters, digits or .:/-")))
        elif told in seen:
            text = _("It stands on line %(n)d already.") % {"n": seen[told]}
            outcome.faults.append((line, text))
        elif not form.is_valid():
            outcome.faults += [(line, text) for text in _said(form)]
        else:
            yield Row(line, told, row.get("customer", "").lower(), form.cleaned_data)
        seen.setdefault(told, line)


def _said(form: SystemForm) -> Iterator[str]:
    for name, errors in form.errors.items():
        yield f"{name}: {' '.join(map(str, errors))}"


@transaction.atomic
def _write(rows: Sequence[Row], outcome: Outcome) -> None:
    customers = _lock_customers({row.customer for row in rows})
    ids = [row.external_id for row in rows]
    known = {each.external_id: each for each in HostedService.objects.filter(external_id__in=ids)}
    for row in rows:
        customer, service = customers.get(row.customer), known.get(row.external_id)
        if customer is None:
            text = _("No customer with an open account has this public id.")
            outcome.faults.append((row.line, text))
        elif service and service.customer_id != customer.pk:
            outcome.faults.append((row.line, _("This service is another customer's.")))
    if outcome.faults:
        return
    new = [row for row in rows if row.external_id not in known and not row.values["ended_on"]]
    _add(new, customers)
    changed = sum(
        _bring_up_to_date(known[each.external_id], each)
        for each in rows
        if each.external_id in known
    )
    outcome.added, outcome.changed = len(new), changed
    outcome.same = len(rows) - outcome.added - outcome.changed


def _lock_customers(public_ids: Collection[str]) -> dict[str, Customer]:
    """Hold the open customers of these public ids, also of records that became theirs."""
    merged = CustomerMerge.objects.filter(
        duplicate_public_id__in=public_ids, state=MergeState.MERGED
    )
    survivors = dict(merged.values_list("duplicate_public_id", "survivor"))
    people = Customer.objects.open().select_for_update(of=("self",)).order_by("pk")
    held = people.filter(Q(public_id__in=public_ids) | Q(pk__in=survivors.values())).in_bulk()
    found = {each.public_id: each for each in held.values()}
    return found | {old: held[pk] for old, pk in survivors.items() if pk in held}


def _add(rows: Sequence[Row], customers: Mapping[str, Customer]) -> None:
    services = [
        HostedService(customer=customers[row.customer], external_id=row.external_id, **row.values)
        for row in rows
    ]
    bulk_create_with_history(
        services, HostedService, batch_size=1000, default_change_reason="reported"
    )


def _bring_up_to_date(service: HostedService, row: Row) -> bool:
    changed = [name for name, value in row.values.items() if getattr(service, name) != value]
    for name in changed:
        setattr(service, name, row.values[name])
    if changed:
        save_as(service, by=None, reason="reported", fields=changed)
    return bool(changed)
