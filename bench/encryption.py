"""Encryption of columns and files: what a value, a page of customers and a file cost."""

import io
from collections.abc import Callable, Iterator
from functools import partial
from statistics import median
from time import perf_counter

from django.db.models import QuerySet

from accounts.models import Customer
from bench.registry import Row
from common.encryption import open_text, seal_text
from common.encryption.files import SealedFile, sealed_chunks
from common.personal_data import declaration_of

VALUES, QUICK_VALUES = 20_000, 500
MEGABYTES, QUICK_MEGABYTES = 50, 2
PAGE = 50  # customers on a page of the desk
ROUNDS = 3
TEXT, CONTEXT, ROW = "12 Lê Lợi, phường Vĩnh Ninh, Huế", "bench.Text.value", "0" * 32
KEY, PATH = b"k" * 32, "bench/file"
MILLISECONDS = 1000


def measure(quick: bool) -> Iterator[Row]:
    values = QUICK_VALUES if quick else VALUES
    sealed = seal_text(TEXT, CONTEXT, row=ROW)
    for verb, work in (
        ("sealed", partial(seal_text, TEXT, CONTEXT, row=ROW)),
        ("opened", partial(open_text, sealed, CONTEXT, row=ROW)),
    ):
        yield Row(f"values {verb} per second", _speed(work, values), "at least 20,000")
    yield from _page()
    yield from _files(QUICK_MEGABYTES if quick else MEGABYTES)


def _page() -> Iterator[Row]:
    """Compare a page that opens phone and address of each customer with one that opens neither."""
    Customer.objects.bulk_create(
        Customer(full_name="Ưng", email=f"sealed{n}@example.com", phone=f"+849{n:08}", address=TEXT)
        for n in range(PAGE)
    )
    customers = Customer.objects.filter(email__startswith="sealed").order_by("pk")
    masks = declaration_of(Customer).personal
    clear = [name for name in masks if name not in ("phone", "address")]
    opened = _seconds(lambda: _show(customers, list(masks)))
    closed = _seconds(lambda: _show(customers, clear))
    yield Row(f"a page of {PAGE} customers, both details masked, ms", opened * MILLISECONDS)
    yield Row("the same page without them, ms", closed * MILLISECONDS)
    yield Row("what opening them adds, ms", (opened - closed) * MILLISECONDS, "at most 10")


def _show(customers: QuerySet[Customer], names: list[str]) -> None:
    declaration = declaration_of(Customer)
    for customer in customers.all():
        for name in names:
            declaration.masked(customer, name)


def _files(megabytes: int) -> Iterator[Row]:
    plain = bytes(megabytes * 1024 * 1024)
    sealed = b"".join(sealed_chunks(io.BytesIO(plain), KEY, PATH))
    writing = _seconds(lambda: list(sealed_chunks(io.BytesIO(plain), KEY, PATH)))
    reading = _seconds(lambda: SealedFile(io.BytesIO(sealed), KEY, PATH).read())
    yield Row("megabytes of a file sealed per second", megabytes / writing, "at least 200")
    yield Row("megabytes of a file opened per second", megabytes / reading, "at least 200")


def _speed(work: Callable[[], object], times: int) -> float:
    def repeat() -> None:
        for _time in range(times):
            work()

    return times / _seconds(repeat)


def _seconds(work: Callable[[], object]) -> float:
    """Return the median of a few rounds."""
    return median(_once(work) for _round in range(ROUNDS))


def _once(work: Callable[[], object]) -> float:
    start = perf_counter()
    work()
    return perf_counter() - start
