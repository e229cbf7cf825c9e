"""The purge of closed accounts against raw SQL that removes the same rows in the same batches.

All customers are copies of one that the portal made. Each run erases others, chosen by chance over
all pages; new ones take their place, so that their number stays. The ways take turns. Raw SQL
removes no files and searches for no residue, whose cost depends on what is left: both are told
apart.
"""

import pkgutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from statistics import median
from time import perf_counter
from typing import Any
from unittest.mock import patch

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.utils import timezone

from access.roles import COMPLAINT_OFFICER
from accounts.accuracy import confirm_details
from accounts.consents import decide_consent
from accounts.details import correct_details
from accounts.models import ConsentDecision, Customer, KnownDevice, PolicyEvent
from bench.copies import Copies
from bench.memory import peak_of
from bench.registry import Row
from bench.servers import own_database
from casework.models import Evidence
from casework.services import write_as_customer, write_to_customer
from common.erasure import allow_erasure
from common.files import remove_doomed_files
from common.models import FileKey
from common.personal_data import children_first
from complaints.intake import file_complaint
from complaints.services import acknowledge_complaint
from notices.models import Notice
from policies.counting import local_day
from policies.models import PolicyText, Purpose
from policies.retention import rule_after_closing
from retention import purge
from retention.batches import BATCH
from retention.due import due_under, free_to_go
from tests.factories import answer, approve, decide, make_customer, make_evidence, make_staff

CUSTOMERS, DUE, ROUNDS = 200_000, 20_000, 3
QUICK_CUSTOMERS, QUICK_DUE, QUICK_ROUNDS = 200, 20, 1
SIZES, QUICK_SIZES = (20_000, 200_000, 1_000_000), (100, 200)
FEW, QUICK_FEW = 2_000, 10  # due at each size
BY_DJANGO, QUICK_BY_DJANGO = 200, 5  # due where it takes long
# Where the search for residue is in the measure too: it reads everything.
SEARCHED, QUICK_SEARCHED = 24_000, 200  # customers
DUE_THERE, QUICK_DUE_THERE = (8_000, 20_000), (10, 40)  # more than is searched for in one pass

SEARCH = ("retention.watch.renew_statistics", "retention.watch.Search.run")
FILES = "retention.purge.remove_doomed_files"

Way = Callable[[Copies, Sequence[int]], None]
"""Erases these customers (primary keys), who are due."""


def measure(quick: bool) -> Iterator[Row]:
    with own_database("bench_purge"):
        yield from _speed(quick)
    with own_database("bench_purge"):
        yield from _growth(quick)


def _speed(quick: bool) -> Iterator[Row]:
    customers, due, rounds, few = (
        (QUICK_CUSTOMERS, QUICK_DUE, QUICK_ROUNDS, QUICK_BY_DJANGO)
        if quick
        else (CUSTOMERS, DUE, ROUNDS, BY_DJANGO)
    )
    copies = _copies_of(_make_customer())
    yield Row("rows of each customer", copies.rows_of_each)
    yield from _with_search(copies, quick)
    seconds = _in_turns({"portal": by_portal, "raw": by_raw_sql}, copies, customers, due, rounds)
    speed = {way: due * copies.rows_of_each / each for way, each in seconds.items()}
    yield Row(f"the portal, {due:,} of {customers:,} due: rows a second", speed["portal"])
    yield Row("raw SQL: rows a second", speed["raw"])
    share = speed["portal"] / speed["raw"]
    yield Row("the portal's speed as a share of the raw", share, "at least 0.70")
    alone = _in_turns({"queryset": by_querysets}, copies, customers, few, rounds)
    by_django = few * copies.rows_of_each / alone["queryset"]
    yield Row("queryset.delete(): rows a second", by_django)
    yield Row("how many times as fast the portal is", speed["portal"] / by_django, "at least 3")


def _with_search(copies: Copies, quick: bool) -> Iterator[Row]:
    """Measure whole runs, and what goes on behind their last commit."""
    customers = QUICK_SEARCHED if quick else SEARCHED
    few, many = QUICK_DUE_THERE if quick else DUE_THERE
    due = _let_be_due(copies, customers, few)
    for path in Evidence.objects.filter(case__customer__in=due).values_list("file", flat=True):
        default_storage.save(path, ContentFile(b"sealed"))
    with ExitStack() as stack:
        search = [stack.enter_context(_timed(name)) for name in SEARCH]
        files = stack.enter_context(_timed(FILES))
        (run,) = purge.purge_closed_accounts()
    run.refresh_from_db()
    assert run.residue == []  # noqa: S101
    searched = run.searched["rows"] * len(search[-1])
    yield Row("rows searched for residue a second", searched / sum(map(sum, search)))
    yield Row("files removed a second", sum(run.files.values()) / sum(files))
    peaks = []
    for number in (many,) if quick else (few, many):
        _let_be_due(copies, customers, number)
        peaks.append(peak_of(erase_who_is_due))
        yield Row(f"peak memory, {number:,} due, MB", peaks[-1])
    yield Row("the last peak as a multiple of the first", peaks[-1] / peaks[0], "at most 1.10")


def _growth(quick: bool) -> Iterator[Row]:
    due, rounds = (QUICK_FEW, QUICK_ROUNDS) if quick else (FEW, ROUNDS)
    sizes = QUICK_SIZES if quick else SIZES
    copies = _copies_of(_make_customer(has_complained=False))
    yield Row("rows of each customer, where their number grows", copies.rows_of_each)
    found = {}
    for size in sizes:
        found[size] = _in_turns({"portal": by_portal, "raw": by_raw_sql}, copies, size, due, rounds)
        for way, seconds in found[size].items():
            yield Row(f"{way}, {due:,} due of {size:,} customers, seconds", seconds)
        going = _let_be_due(copies, size, due)
        yield Row(f"found by index only, {size:,} customers", _are_found_by_index(), "1")
        by_raw_sql(copies, going)
    first, last = found[sizes[0]], found[sizes[-1]]
    growth = {way: last[way] / first[way] for way in first}
    yield Row("growth of the portal's time", growth["portal"])
    yield Row("growth of the raw SQL's time", growth["raw"])
    as_raw = growth["portal"] / growth["raw"]
    yield Row("the portal's as a multiple of the raw SQL's", as_raw, "at most 1.10")


def _in_turns(
    ways: Mapping[str, Way], copies: Copies, customers: int, due: int, rounds: int
) -> dict[str, float]:
    """Return the median of each way's seconds, over rounds in which each begins as often."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds):
        for name in sorted(ways, reverse=bool(number % 2)):
            going = _let_be_due(copies, customers, due)
            seconds[name].append(_seconds(ways[name], copies, going))
    return {name: median(each) for name, each in seconds.items()}


def _seconds(way: Way, copies: Copies, due: Sequence[int]) -> float:
    before = copies.count()
    start = perf_counter()
    way(copies, due)
    seconds = perf_counter() - start
    gone, wanted = before - copies.count(), len(due) * copies.rows_of_each
    if gone != wanted or Customer.objects.filter(pk__in=due).exists():
        raise RuntimeError(f"{gone} rows went instead of {wanted}: the figures mean nothing.")
    return seconds


def by_portal(copies: Copies, due: Sequence[int]) -> None:
    with ExitStack() as stack:
        for name in (*SEARCH, FILES):
            stack.enter_context(patch(name, _nothing))
        purge.purge_closed_accounts()


def _nothing(*arguments: Any) -> None:
    """Leave it for later."""


def by_raw_sql(copies: Copies, due: Sequence[int]) -> None:
    for first in range(0, len(due), BATCH):
        with transaction.atomic(), connection.cursor() as cursor:
            allow_erasure()
            _erase_raw(cursor, copies, due[first : first + BATCH])


def _erase_raw(cursor: Any, copies: Copies, batch: Sequence[int]) -> None:
    cursor.execute(
        "SELECT id, user_id, public_id FROM accounts_customer WHERE id = ANY(%s)"
        " FOR UPDATE SKIP LOCKED",
        [batch],
    )
    customers, users, recipients = map(list, zip(*cursor.fetchall(), strict=True))
    cursor.execute("SELECT id FROM casework_case WHERE customer_id = ANY(%s)", [customers])
    cases = [case for (case,) in cursor.fetchall()]
    keys = {"customers": customers, "users": users, "recipients": recipients, "cases": cases}
    for statement in copies.deletions():
        cursor.execute(statement, keys)


def by_querysets(copies: Copies, due: Sequence[int]) -> None:
    recipients = list(Customer.objects.filter(pk__in=due).values_list("public_id", flat=True))
    with transaction.atomic():
        allow_erasure()
        declared = children_first()
        keys = {each.model: list(each.about(due).values_list("pk", flat=True)) for each in declared}
        for each in declared:
            each.model._base_manager.filter(pk__in=keys[each.model]).delete()
        for each in declared:
            if each.history is not None:
                rows = {f"{each.model._meta.pk.attname}__in": keys[each.model]}
                each.history._base_manager.filter(**rows).delete()
        Notice.objects.filter(recipient__in=recipients).delete()
        FileKey.objects.filter(owner__in=recipients).delete()


def erase_who_is_due() -> None:
    """Run the purge, in a process of its own."""
    purge.purge_closed_accounts()


@contextmanager
def _timed(name: str) -> Iterator[list[float]]:
    """Yield a list that gets the seconds of each call of a function."""
    seconds: list[float] = []
    function = pkgutil.resolve_name(name)

    def timed(*arguments: Any) -> Any:
        start = perf_counter()
        try:
            return function(*arguments)
        finally:
            seconds.append(perf_counter() - start)

    with patch(name, timed):
        yield seconds


def _let_be_due(copies: Copies, customers: int, due: int) -> list[int]:
    """Let there be so many customers, and so many of them due; return these (primary keys)."""
    remove_doomed_files()  # what a measured run has left
    copies.fill_up(customers)
    today = timezone.localdate()
    return copies.let_be_due(due, rule_after_closing(today), today)


def _are_found_by_index() -> bool:
    rule, today = rule_after_closing(timezone.localdate()), local_day(timezone.now())
    due = free_to_go(due_under(rule, today)).order_by("kept_until", "pk")
    plan = due.values_list("pk", "kept_until")[:BATCH].explain()
    only, whole = "Index Only Scan using customer_kept_until", "Seq Scan on accounts_customer"
    return only in plan and whole not in plan


def _copies_of(customer: Customer) -> Copies:
    approve(rule_after_closing(timezone.localdate()))
    return Copies(customer)


def _make_customer(*, has_complained: bool = True) -> Customer:
    """Make one by the portal's own doors, so that all its histories are there."""
    customer = make_customer(is_verified=True)
    user: Any = customer.user
    text: Any = PolicyText.objects.first()
    for kind in ("shown", "accepted"):
        PolicyEvent.objects.create(customer=customer, kind=kind, text=text, channel="web")
    for purpose in Purpose.objects.asking_consent():
        decide_consent(customer, purpose, decision=ConsentDecision.GIVEN, by=user)
    details = {"full_name": customer.full_name, "phone": customer.phone}
    correct_details(customer, details={**details, "address": "2 Lê Lợi, Huế"}, by=user)
    confirm_details(customer)
    KnownDevice.objects.create(user=user, cookie_hash="0" * 64)
    if has_complained:
        _complain(customer)
    return customer


def _complain(customer: Customer) -> None:
    user, officer = customer.user, make_staff(COMPLAINT_OFFICER)
    complaint = file_complaint(
        customer, category="other", text="Tôi vẫn nhận quảng cáo.", submission="0" * 32, by=user
    )
    make_evidence(complaint)
    acknowledge_complaint(complaint, by=officer)
    write_to_customer(complaint, text="Bạn nhận khi nào?", is_question=True, by=officer)
    write_as_customer(complaint, text="Hôm qua, hai lần.", by=user)
    answer(decide(complaint, by=officer), by=officer)
