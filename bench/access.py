"""What it costs to record a look, to seal records and to verify them.

The page is a customer's at the desk, asked for through the whole portal. The ways to record take
turns on it; the time inside of each is set against the page without any. django-auditlog writes
its "accessed" entry, django-pghistory an event with one column; both know who looked.
"""

from collections.abc import Callable, Iterator
from http import HTTPStatus
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any
from unittest.mock import patch

import pghistory
from auditlog.context import set_actor
from auditlog.registry import AuditlogModelRegistry
from auditlog.signals import accessed
from django.conf import settings
from django.db import connection
from django.db.models import Model

from access.admin import PersonalDataAdmin
from access.models import AccessRecord, AccessSeal
from access.outside_copy import copy_seals
from access.roles import COMPLAINT_OFFICER
from access.sealing import seal_records
from access.verification import verify_all
from accounts.models import Customer, User
from bench.registry import Row
from bench.servers import plain_static
from tests.clients import PortalClient
from tests.factories import make_staff

RECORDS, QUICK_RECORDS = 1_000_000, 2_000
ROUNDS, QUICK_ROUNDS = 60, 2
MILLISECONDS = 1000

Recording = Callable[..., None]
"""Takes what PersonalDataAdmin.record does."""

MANY = """
    INSERT INTO access_accessrecord (actor_id, role, action, customer, purpose, case_reference,
        field_groups, filters, count, request_id, address)
    SELECT %s, 'complaint officer', 'open', lpad(n::text, 32, '0'), 'customer_care', '',
        '{contact}', '{}', 1, md5(n::text), '203.0.113.0/24'
    FROM generate_series(1, %s) AS n
"""


def measure(quick: bool) -> Iterator[Row]:
    officer = make_staff(COMPLAINT_OFFICER)
    with plain_static():
        yield from _looks(officer, QUICK_ROUNDS if quick else ROUNDS)
    yield from _seals(officer, QUICK_RECORDS if quick else RECORDS)


def _looks(officer: User, rounds: int) -> Iterator[Row]:
    """Open the page in each way, in turns."""
    AuditlogModelRegistry(create=False, update=False, delete=False).register(Customer)
    customer = Customer.objects.create(full_name="Ưng", email="ung@example.com", address="Huế")
    page = f"/admin/accounts/customer/{customer.pk}/change/"
    client = PortalClient(SERVER_NAME="localhost")
    client.force_login(officer)
    ways: dict[str, Recording] = {
        "none": _nothing,
        "the portal": PersonalDataAdmin.record,
        "django-auditlog": _auditlog,
        "django-pghistory": _pghistory,
    }
    pages: dict[str, list[float]] = {name: [] for name in ways}
    inside: dict[str, list[float]] = {name: [] for name in ways}
    for _round in range(rounds + 1):
        for name, record in ways.items():
            whole, part = _open(client, page, record)
            pages[name].append(whole)
            inside[name].append(part)
    customer.delete()  # other benches count customers
    plain = median(pages["none"][1:])  # the first round made what is only made once
    yield Row("the page without a record, ms", plain * MILLISECONDS)
    for name in [*ways][1:]:
        target = "at most 5" if name == "the portal" else ""
        cost = median(inside[name][1:])
        yield Row(f"{name}: a record, ms", cost * MILLISECONDS)
        yield Row(f"{name}: a record, percent of the page", 100 * cost / plain, target)


def _open(client: PortalClient, page: str, record: Recording) -> tuple[float, float]:
    """Return the seconds of the page, and those of them inside of the recording."""
    inside = 0.0

    def timed(*arguments: Any, **details: Any) -> None:
        nonlocal inside
        start = perf_counter()
        record(*arguments, **details)
        inside += perf_counter() - start

    with patch.object(PersonalDataAdmin, "record", timed):
        start = perf_counter()
        answer = client.get(page)
        whole = perf_counter() - start
    assert answer.status_code == HTTPStatus.OK  # noqa: S101 -- else nothing was measured
    return whole, inside


def _nothing(*arguments: Any, **details: Any) -> None:
    """Show the page to nobody's knowledge."""


def _auditlog(admin: Any, request: Any, row: Customer, *arguments: Any, **details: Any) -> None:
    with set_actor(request.user):
        accessed.send(type(row), instance=row)


def _pghistory(admin: Any, request: Any, row: Customer, *arguments: Any, **details: Any) -> None:
    with pghistory.context(user=request.user.pk):
        pghistory.create_event(row, label="looked")


def _seals(officer: User, records: int) -> Iterator[Row]:
    seal_records()
    with connection.cursor() as cursor:
        cursor.execute(MANY, [officer.pk, records])
    sealing = _seconds(lambda: (seal_records(), copy_seals()))
    yield Row(f"{records:,} records sealed, seconds", sealing)
    yield Row("records sealed per second", records / sealing, "at least 50,000")
    verifying = _seconds(lambda: verify_all([Path(settings.ACCESS_SEALS_FILE)]))
    yield Row(f"{records:,} records verified, seconds", verifying)
    yield Row("records verified per second", records / verifying, "at least 50,000")
    yield Row("bytes of the seals for each record", _size_of(AccessSeal) / records)
    yield Row("bytes of the records themselves, each", _size_of(AccessRecord) / records)


def _size_of(model: type[Model]) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_total_relation_size(%s)", [model._meta.db_table])
        return int(cursor.fetchone()[0])


def _seconds(work: Callable[[], object]) -> float:
    start = perf_counter()
    work()
    return perf_counter() - start
