"""Announcing a significant policy version: how fast mails are written, and in how much memory."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from statistics import median
from time import perf_counter

from django.db import connection
from django.utils import timezone

from accounts.announcements import announce_policies, versions_to_announce
from accounts.models import Customer, PolicyAnnouncement, User
from bench.memory import peak_of
from bench.registry import Row
from notices.models import Notice
from policies.models import PolicyVersion, Significance
from policies.publishing import publish_version, save_draft

SIZES = (10_000, 100_000)  # customers
QUICK_SIZES = (300, 3_000)
ROUNDS = 3

RAW_NOTICES = """
    INSERT INTO notices_notice (
        key, mailing, template, recipient, context, priority, state,
        purpose, address, subject, body, error, attempts, queued_at, send_after
    )
    SELECT 'policy-raw-' || public_id, 'policy-raw', 'policy_published', public_id,
           '{"version": 2}'::jsonb, 1, 'queued', '', '', '', '', '', 0, now(), now()
    FROM accounts_customer
    WHERE closed_at IS NULL
    ORDER BY id
"""


def measure(quick: bool) -> Iterator[Row]:
    few, many = QUICK_SIZES if quick else SIZES
    _publish()
    _make_customers(1, few)
    low = _peak(few)
    yield Row(f"peak memory at {few:,} customers, MB", low)
    _make_customers(few + 1, many)
    high = _peak(many)
    yield Row(f"peak memory at {many:,} customers, MB", high)
    yield Row("the second peak as a multiple of the first", high / low, "at most 1.10")
    portal, raw = _speeds(many)
    yield Row(f"mails written per second, {many:,} customers", portal)
    yield Row("the same rows per second by one raw statement", raw)
    yield Row("the portal's speed as a share of the raw one", portal / raw, "at least 0.50")


def announce_all() -> None:
    """Write every mail that is due, in as many runs as the job would need."""
    while versions_to_announce().exists():
        announce_policies()


def insert_raw() -> None:
    with connection.cursor() as cursor:
        cursor.execute(RAW_NOTICES)


def _peak(customers: int) -> float:
    _forget_mails()
    peak = peak_of(announce_all)
    _expect_mails(customers)
    return peak


def _speeds(customers: int) -> tuple[float, float]:
    """Return mails per second of the portal and of the raw insert, which take turns."""
    turns = [(_time(announce_all, customers), _time(insert_raw, customers)) for _ in range(ROUNDS)]
    portal, raw = (median(seconds) for seconds in zip(*turns, strict=True))
    return customers / portal, customers / raw


def _time(work: Callable[[], None], customers: int) -> float:
    """Return the seconds that it takes on an empty outbox."""
    _forget_mails()
    start = perf_counter()
    work()
    seconds = perf_counter() - start
    _expect_mails(customers)
    return seconds


def _expect_mails(count: int) -> None:
    written = Notice.objects.count()
    if written != count:
        raise RuntimeError(f"{written} mails instead of {count}: the figures would mean nothing.")


def _forget_mails() -> None:
    PolicyAnnouncement.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE notices_notice")


def _make_customers(first: int, last: int) -> None:
    opened_at = timezone.now() - timedelta(days=365)
    Customer.objects.bulk_create(
        (
            Customer(
                public_id=f"{number:032}",
                full_name="Nguyễn Văn Ưng",
                email=f"customer{number}@example.com",
                opened_at=opened_at,
            )
            for number in range(first, last + 1)
        ),
        batch_size=5_000,
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE accounts_customer")


def _publish() -> None:
    """Publish a significant second version the way the DPO does."""
    dpo = User.objects.create_user(email="dpo@example.com", is_staff=True)
    first = PolicyVersion.objects.current()
    draft = save_draft(
        None,
        number="2",
        significance=Significance.SIGNIFICANT,
        summary={"vi": "Bản 2.", "en": "Version 2."},
        texts={text.language: text.body for text in first.texts.all()},
        by=dpo,
    )
    publish_version(
        draft,
        effective_on=timezone.localdate() + timedelta(days=30),
        compared={text.language: text.sha256 for text in draft.texts.all()},
        by=dpo,
    )
