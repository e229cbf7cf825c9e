"""What the hosting system reports: all of a list, or nothing of it while one row is wrong.

The rows are judged first and written then, in batches, so that no customer waits for a long list.
Whoever is killed in between runs again with the same list.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from simple_history.utils import bulk_create_with_history

from accounts.merging import public_ids_of
from accounts.models import Customer, CustomerMerge, CustomerQuerySet, MergeState
from common.csv_files import decoded, numbered_rows
from common.history import save_as
from common.personal_data import erased_among
from downstream.withdrawing import withdraw_unwanted
from hosting.exceptions import ImportRefused
from hosting.forms import ReportForm
from hosting.models import HostedService

REQUIRED = ("external_id", "customer", "kind", "label")
FIELDS = tuple(ReportForm.base_fields)
LARGEST_FILE = 10 * 1024 * 1024  # bytes
MOST_ROWS = 50_000
BATCH = 200  # rows a transaction
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
    """``faults``: what is wrong, by line; with any, nothing was done.

    ``left``: rows of customers whose account is closed or erased, of which nothing is kept.
    """

    added: int = 0
    changed: int = 0
    same: int = 0
    left: int = 0
    faults: list[tuple[int, str]] = field(default_factory=list)


def import_services(content: bytes) -> Outcome:
    """Bring the inventory in line with a list. Repeated, it finds everything the same.

    A service that is over and unknown is left out: nothing is kept of it any more.

    Raises FileRefused, ImportRefused.
    """
    outcome = Outcome()
    rows = _judge(list(_read(content, outcome)), outcome)
    outcome.faults.sort()
    if not outcome.faults:
        for start in range(0, len(rows), BATCH):
            _write(rows[start : start + BATCH], outcome)
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
        form = ReportForm({name: row.get(name, "") for name in FIELDS})
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


def _said(form: ReportForm) -> Iterator[str]:
    for name, errors in form.errors.items():
        yield f"{name}: {' '.join(map(str, errors))}"


def _judge(rows: Sequence[Row], outcome: Outcome) -> list[Row]:
    """Return what is to be written, customer by customer; say what is wrong with the rest."""
    public_ids = {row.customer for row in rows}
    people, erased = _people(public_ids, Customer.objects.all()), erased_among(public_ids)
    known = HostedService.objects.filter(external_id__in=[row.external_id for row in rows])
    owners = dict(known.values_list("external_id", "customer"))
    good: list[tuple[int, Row]] = []
    for row in rows:
        customer = people.get(row.customer)
        if customer is None and row.customer not in erased:
            outcome.faults.append((row.line, _("There is no customer with this public id.")))
        elif customer is None or not customer.is_open:
            outcome.left += 1
        elif owners.get(row.external_id, customer.pk) != customer.pk:
            outcome.faults.append((row.line, _("This service is another customer's.")))
        else:
            good.append((customer.pk, row))
    return [row for _key, row in sorted(good, key=itemgetter(0))]


@transaction.atomic
def _write(rows: Sequence[Row], outcome: Outcome) -> None:
    """Write rows that were good; whose account was closed meanwhile has left."""
    locked = Customer.objects.open().select_for_update(of=("self",)).order_by("pk")
    customers = _people({row.customer for row in rows}, locked)
    here = [row for row in rows if row.customer in customers]
    ids = [row.external_id for row in here]
    theirs = HostedService.objects.filter(external_id__in=ids, customer__in=customers.values())
    known = {each.external_id: each for each in theirs}
    new = [row for row in here if row.external_id not in known and not row.values["ended_on"]]
    _add(new, customers)
    changed = sum(
        _bring_up_to_date(known[each.external_id], each)
        for each in here
        if each.external_id in known
    )
    outcome.added += len(new)
    outcome.changed += changed
    outcome.same += len(here) - len(new) - changed
    outcome.left += len(rows) - len(here)


def _people(public_ids: Collection[str], among: CustomerQuerySet) -> dict[str, Customer]:
    """Return the customers of these public ids, also of records that became theirs."""
    merged = CustomerMerge.objects.filter(
        duplicate_public_id__in=public_ids, state=MergeState.MERGED
    )
    survivors = dict(merged.values_list("duplicate_public_id", "survivor"))
    people = among.filter(Q(public_id__in=public_ids) | Q(pk__in=survivors.values())).in_bulk()
    found = {each.public_id: each for each in people.values()}
    return found | {old: people[pk] for old, pk in survivors.items() if pk in people}


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
    if "ended_on" in changed:
        withdraw_unwanted(public_ids_of(service.customer))
    return bool(changed)
