"""A copy of all of a customer's data: how fast it is made, and in how much memory."""

from collections.abc import Iterator
from time import perf_counter

from django.utils import timezone

from accounts.models import Customer, User
from bench.memory import peak_of
from bench.registry import Row
from hosting.models import HostedService
from rights.exports import ask_export, make_next_export
from rights.models import ExportState

SIZES = (1_000, 10_000)  # rows of one customer, each with a line of history
QUICK_SIZES = (20, 200)
EMAIL = "copied@example.com"


def measure(quick: bool) -> Iterator[Row]:
    few, many = QUICK_SIZES if quick else SIZES
    user = User.objects.create_user(email=EMAIL)
    Customer.objects.create(user=user, full_name="Nguyễn Văn Ưng", email=EMAIL)
    _make_rows(user, range(few))
    low = peak_of(make_copy)
    yield Row(f"peak memory for a copy of {few:,} rows, MB", low)
    _make_rows(user, range(few, many))
    high = peak_of(make_copy)
    yield Row(f"peak memory for a copy of {many:,} rows, MB", high)
    yield Row("that peak as a multiple of the smaller one's", high / low, "at most 1.10")
    start = perf_counter()
    make_copy()
    yield Row(f"a copy of {many:,} rows, seconds", perf_counter() - start, "at most 60")


def make_copy() -> None:
    user = User.objects.get(email=EMAIL)
    export = ask_export(Customer.objects.get(user=user), by=user)
    make_next_export()
    export.refresh_from_db()
    if export.state != ExportState.READY:
        raise RuntimeError("The copy is not ready: the figures would mean nothing.")


def _make_rows(user: User, numbers: range) -> None:
    customer = Customer.objects.get(user=user)
    made = HostedService.objects.bulk_create(
        (
            HostedService(customer=customer, kind="vps", label=f"VPS {number}", size_mb=number)
            for number in numbers
        ),
        batch_size=5_000,
    )
    HostedService.history.bulk_history_create(
        made, batch_size=5_000, default_user=user, default_date=timezone.now()
    )
