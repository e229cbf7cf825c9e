"""The officers' page of complaints and their figures, among ever more of them.

A thousand are open; all others were closed, one in five minutes, as after years of work. The last
figure has one open among a hundred. The pages are asked for as a browser does it, by an officer
who has signed in. The figures tell of twelve months: from 100 000 on there are no more in those.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from statistics import median
from time import perf_counter
from typing import Any, NamedTuple

from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from access.roles import COMPLAINT_OFFICER
from accounts.models import Customer, User
from bench.registry import Row
from bench.servers import plain_static
from casework.clocks import start_clocks
from casework.models import CaseKind
from complaints.intake import CLOCKS
from complaints.models import ANSWER, Complaint, ComplaintCategory, ComplaintState, Outcome
from staff.undertakings import sign_undertaking
from tests.clients import PortalClient

SIZES, QUICK_SIZES = (1_000, 100_000, 1_000_000), (50, 500, 2_000)  # complaints
OPEN, QUICK_OPEN = 900, 40
SHARE = 100  # of so many complaints one is open in the last figure
CUSTOMERS, OFFICERS = 2_000, 5
ROUNDS, QUICK_ROUNDS = 15, 1
MILLISECONDS = 1000
FIGURES = "figures"

TABLES = (  # what grows
    *("casework_case", "complaints_complaint", "casework_clock", "casework_caseconflict"),
)

# Each copies a complaint that the portal wrote, so that a new column needs no word here.
CASES = """
    INSERT INTO casework_case
    SELECT copied.* FROM casework_case AS pattern, generate_series(%(first)s, %(last)s) AS n,
    LATERAL (SELECT CASE WHEN %(is_open)s THEN 0 ELSE n END * interval '5 minutes' AS ago) AS past,
    LATERAL jsonb_populate_record(pattern, jsonb_build_object(
        'id', n, 'reference', 'KN-' || n,
        'public_id', lpad(n::text, 32, '0'), 'submission', lpad(n::text, 32, '0'),
        'customer_id', (%(customers)s::int[])[1 + n %% cardinality(%(customers)s::int[])],
        'handler_id', (%(handlers)s::int[])[1 + n %% cardinality(%(handlers)s::int[])],
        'received_at', pattern.received_at - (n %% 20) * interval '1 day' - ago,
        'closed_at', pattern.closed_at - ago,
        'late_from', pattern.late_from + (n %% 500 - 100) * interval '1 hour'
    )) AS copied
    WHERE pattern.id = %(pattern)s
"""
COMPLAINTS = """
    INSERT INTO complaints_complaint
    SELECT copied.* FROM complaints_complaint AS pattern,
    generate_series(%(first)s, %(last)s) AS n,
    LATERAL jsonb_populate_record(pattern, jsonb_build_object(
        'case_ptr_id', n, 'text', pattern.text || ' w' || n
    )) AS copied
    WHERE pattern.case_ptr_id = %(pattern)s
"""
CLOCKS_OF_THEM = """
    INSERT INTO casework_clock
    SELECT copied.* FROM casework_clock AS pattern, casework_case AS owner,
    LATERAL jsonb_populate_record(pattern, jsonb_build_object(
        'id', nextval('casework_clock_id_seq'), 'case_id', owner.id, 'met_at', owner.closed_at,
        'late_from',
        coalesce(owner.closed_at, owner.late_from) + (owner.id %% 7 - 1) * interval '1 day',
        'explanation', '{}'::jsonb
    )) AS copied
    WHERE pattern.case_id = %(pattern)s AND owner.id BETWEEN %(first)s AND %(last)s
"""
CONFLICTS = """
    INSERT INTO casework_caseconflict (case_id, staff_id, cause, at)
    SELECT n, (%(handlers)s::int[])[1], CASE WHEN n %% 2 = 0 THEN 'decided' ELSE 'declared' END,
           now()
    FROM generate_series(%(first)s, %(last)s, 37) AS n
"""


class Measured(NamedTuple):
    seconds: float
    queries: int


def measure(quick: bool) -> Iterator[Row]:
    with plain_static():
        if quick:
            yield from _measure(QUICK_SIZES, QUICK_OPEN, QUICK_ROUNDS)
        else:
            yield from _measure(SIZES, OPEN, ROUNDS)


def _measure(sizes: tuple[int, ...], open_ones: int, rounds: int) -> Iterator[Row]:
    desk, most = Desk(), sizes[-1]
    for size in sizes:
        desk.fill_up(size, open_ones=open_ones)
        if size < most:
            desk.set_aside(size)
    found = _in_turns(desk, sizes, rounds)
    for name in desk.pages():
        first, last = found[name, sizes[0]], found[name, most]
        which, size = ("one before", sizes[-2]) if name == FIGURES else ("first", sizes[0])
        ratio = last.seconds / found[name, size].seconds
        for size in sizes:
            seconds = found[name, size].seconds
            yield Row(f"{name}, {size:,} complaints, ms", seconds * MILLISECONDS)
        yield Row(f"{name}, the last as a multiple of the {which}", ratio, "at most 1.50")
        yield Row(f"{name}, queries", last.queries)
        yield Row(f"{name}, queries beyond those of the first", last.queries - first.queries, "0")
    desk.fill_up(most, open_ones=most // SHARE)
    page = _in_turns(desk, (most,), rounds)["queue", most]
    yield Row(f"queue, one of {SHARE} open, ms", page.seconds * MILLISECONDS)


def _in_turns(desk: "Desk", sizes: tuple[int, ...], rounds: int) -> dict[tuple[str, int], Measured]:
    """Return for each page and size the median of rounds in which all take turns."""
    _one_round(desk, sizes)  # what is only made once: templates, connections
    each = [_one_round(desk, sizes) for _round in range(rounds)]
    return {
        key: Measured(median(measured[key].seconds for measured in each), last.queries)
        for key, last in each[-1].items()
    }


def _one_round(desk: "Desk", sizes: tuple[int, ...]) -> dict[tuple[str, int], Measured]:
    measured = {}
    for size in sizes:
        desk.look_at(size)
        for name, page in desk.pages().items():
            measured[name, size] = _open(page)
    return measured


class Desk:
    """An officer who has signed in, and complaints: two of the portal's, and copies of them."""

    def __init__(self) -> None:
        self.officers = [_officer(n) for n in range(OFFICERS)]
        self.customers = Customer.objects.bulk_create(
            Customer(full_name="Nguyễn Văn Ưng", email=f"desk{n}@example.com")
            for n in range(CUSTOMERS)
        )
        now, answer = timezone.now(), dict.fromkeys(ANSWER, "x")
        self.patterns = {
            True: self._file(now, state=ComplaintState.VERIFYING, late_from=now),
            False: self._file(
                now, state=ComplaintState.RESOLVED, closed_at=now, outcome=Outcome.UPHELD, **answer
            ),
        }
        self.counts = dict.fromkeys(self.patterns, 1)
        self.first_copy = max(self.patterns.values()) + 1
        self.client = PortalClient(headers={"host": "localhost"})
        self.client.force_login(self.officers[0])

    def _file(self, now: datetime, **kwargs: Any) -> int:
        complaint: Complaint = Complaint.objects.create(
            kind=CaseKind.COMPLAINT,
            customer=self.customers[0],
            category=ComplaintCategory.MARKETING,
            text="Tôi vẫn nhận quảng cáo",
            received_at=now,
            **kwargs,
        )
        start_clocks(complaint, CLOCKS)
        complaint.clocks.update(met_at=complaint.closed_at)
        return complaint.pk

    def fill_up(self, size: int, *, open_ones: int) -> None:
        """Let there be at least ``size`` complaints, and so many of them open."""
        self._copy(open_ones - self.counts[True], is_open=True)
        self._copy(size - sum(self.counts.values()), is_open=False)
        _execute(f"VACUUM ANALYZE {', '.join(TABLES)}")

    def set_aside(self, size: int) -> None:
        """Keep the complaints of now in tables of their own."""
        _execute(f"CREATE SCHEMA of_{size}")
        for table in TABLES:
            _execute(f"CREATE TABLE of_{size}.{table} (LIKE public.{table} INCLUDING ALL)")
            _execute(f"INSERT INTO of_{size}.{table} TABLE public.{table}")
            _execute(f"VACUUM ANALYZE of_{size}.{table}")

    def look_at(self, size: int) -> None:
        """Show the portal the complaints that were set aside, or else its own."""
        _execute(f"SET search_path TO of_{size}, public")

    def pages(self) -> dict[str, Callable[[], Any]]:
        queue = reverse("admin:complaints_complaint_changelist")
        return {
            "queue": lambda: self.client.get(queue),
            "closed ones": lambda: self.client.get(queue, {"queue": "closed"}),
            "words of one": lambda: self.client.post(
                queue, {"q": f"quảng cáo w{self.first_copy + 1}"}
            ),
            FIGURES: lambda: self.client.get(reverse("admin:complaints_complaint_dashboard")),
        }

    def _copy(self, number: int, *, is_open: bool) -> None:
        if number <= 0:
            return
        first = self.first_copy + sum(self.counts.values()) - len(self.counts)
        values: dict[str, Any] = {
            "first": first,
            "last": first + number - 1,
            "is_open": is_open,
            "pattern": self.patterns[is_open],
            "customers": [customer.pk for customer in self.customers],
            "handlers": [*(officer.pk for officer in self.officers), None],
        }
        for statement in (CASES, COMPLAINTS, CLOCKS_OF_THEM, CONFLICTS):
            _execute(statement, values)
        self.counts[is_open] += number


def _shows_something(context: Any) -> bool:
    if "cl" in context:
        return bool(context["cl"].result_list)
    return bool(context["all_months"]["answered"].count)


def _execute(statement: str, values: dict[str, Any] | None = None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def _officer(number: int) -> User:
    name = f"officer{number}"
    user = User.objects.create_user(email=f"{name}@example.com", is_staff=True, staff_name=name)
    user.groups.add(Group.objects.get(name=COMPLAINT_OFFICER))
    sign_undertaking(user, number=1, name=name, language="vi")
    return user


def _open(page: Callable[[], Any]) -> Measured:
    with CaptureQueriesContext(connection) as queries:
        start = perf_counter()
        answer = page()
        seconds = perf_counter() - start
    if answer.status_code != 200 or not _shows_something(answer.context_data):
        raise RuntimeError("The page shows nothing: the figures would mean nothing.")
    return Measured(seconds, len(queries))
