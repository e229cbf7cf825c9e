"""The officers' page of complaints, among ever more of them.

A thousand are open; all others were closed, as after years of work. The last figure has one open
among a hundred. The pages are asked for as a browser does it, by an officer who has signed in.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from statistics import median
from time import perf_counter
from typing import Any, NamedTuple

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Customer, User
from bench.registry import Row
from casework.models import CaseKind
from complaints.models import ANSWER, Complaint, ComplaintCategory, ComplaintState, Outcome
from privacyportal.roles import COMPLAINT_OFFICER
from tests.clients import PortalClient

SIZES, QUICK_SIZES = (1_000, 100_000, 1_000_000), (50, 500, 2_000)  # complaints
OPEN, QUICK_OPEN = 900, 40
SHARE = 100  # of so many complaints one is open in the last figure
CUSTOMERS, OFFICERS = 2_000, 5
ROUNDS, QUICK_ROUNDS = 15, 1
MILLISECONDS = 1000
PLAIN_STATIC = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}

# Each copies a complaint that the portal wrote, so that a new column needs no word here.
CASES = """
    INSERT INTO casework_case
    SELECT copied.* FROM casework_case AS pattern, generate_series(%(first)s, %(last)s) AS n,
    LATERAL jsonb_populate_record(pattern, jsonb_build_object(
        'id', n, 'reference', 'KN-' || n,
        'public_id', lpad(n::text, 32, '0'), 'submission', lpad(n::text, 32, '0'),
        'customer_id', (%(customers)s::int[])[1 + n %% cardinality(%(customers)s::int[])],
        'handler_id', (%(handlers)s::int[])[1 + n %% cardinality(%(handlers)s::int[])],
        'closed_at', pattern.closed_at + n * interval '1 minute',
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
    # Pages come as from a portal whose static files nobody has collected.
    with override_settings(STORAGES={**settings.STORAGES, "staticfiles": PLAIN_STATIC}):
        if quick:
            yield from _measure(QUICK_SIZES, QUICK_OPEN, QUICK_ROUNDS)
        else:
            yield from _measure(SIZES, OPEN, ROUNDS)


def _measure(sizes: tuple[int, ...], open_ones: int, rounds: int) -> Iterator[Row]:
    desk, found = Desk(), []
    for size in sizes:
        desk.fill_up(size, open_ones=open_ones)
        found.append({name: _median(page, rounds) for name, page in desk.pages().items()})
        for name, measured in found[-1].items():
            yield Row(f"{name}, {size:,} complaints, ms", measured.seconds * MILLISECONDS)
    for name, last in found[-1].items():
        ratio = last.seconds / found[0][name].seconds
        yield Row(f"{name}, the last as a multiple of the first", ratio, "at most 1.50")
        queries = [measured[name].queries for measured in found]
        yield Row(f"{name}, queries", queries[-1])
        yield Row(f"{name}, queries beyond those of the first", queries[-1] - queries[0], "0")
    desk.fill_up(sizes[-1], open_ones=sizes[-1] // SHARE)
    page = _median(desk.pages()["queue"], rounds)
    yield Row(f"queue, one of {SHARE} open, ms", page.seconds * MILLISECONDS)


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
        return complaint.pk

    def fill_up(self, size: int, *, open_ones: int) -> None:
        """Let there be at least ``size`` complaints, and so many of them open."""
        self._copy(open_ones - self.counts[True], is_open=True)
        self._copy(size - sum(self.counts.values()), is_open=False)
        with connection.cursor() as cursor:
            cursor.execute(
                "VACUUM ANALYZE casework_case, complaints_complaint, casework_caseconflict"
            )

    def pages(self) -> dict[str, Callable[[], Any]]:
        queue = reverse("admin:complaints_complaint_changelist")
        return {
            "queue": lambda: self.client.get(queue),
            "closed ones": lambda: self.client.get(queue, {"queue": "closed"}),
            "words of one": lambda: self.client.post(
                queue, {"q": f"quảng cáo w{self.first_copy + 1}"}
            ),
        }

    def _copy(self, number: int, *, is_open: bool) -> None:
        if number <= 0:
            return
        first = self.first_copy + sum(self.counts.values()) - len(self.counts)
        values = {
            "first": first,
            "last": first + number - 1,
            "pattern": self.patterns[is_open],
            "customers": [customer.pk for customer in self.customers],
            "handlers": [*(officer.pk for officer in self.officers), None],
        }
        with connection.cursor() as cursor:
            for statement in (CASES, COMPLAINTS, CONFLICTS):
                cursor.execute(statement, values)
        self.counts[is_open] += number


def _officer(number: int) -> User:
    name = f"officer{number}"
    user = User.objects.create_user(email=f"{name}@example.com", is_staff=True, staff_name=name)
    user.groups.add(Group.objects.get(name=COMPLAINT_OFFICER))
    return user


def _median(page: Callable[[], Any], rounds: int) -> Measured:
    _seconds(page)  # what is only made once: templates, connections
    with CaptureQueriesContext(connection) as captured:
        _seconds(page)
        queries = len(captured)
    return Measured(median(_seconds(page) for _round in range(rounds)), queries)


def _seconds(page: Callable[[], Any]) -> float:
    start = perf_counter()
    answer = page()
    seconds = perf_counter() - start
    if answer.status_code != 200 or not answer.context_data["cl"].result_list:
        raise RuntimeError("The page shows nothing: the figures would mean nothing.")
    return seconds
