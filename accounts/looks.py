"""Who looked at one person's data, as they are told: page by page, repeated looks as one.

However many records there are, a page reads few: it goes on from a record, counts nothing, and
stops looking for what is asked after LOOKED_THROUGH of them; the next page goes on from there.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import reduce
from operator import and_
from typing import Any, NamedTuple

from django.db.models import Q

from access.models import AccessRecord, AccessRecordQuerySet
from accounts.models import Customer
from accounts.uses import accesses_told_to
from policies.counting import midnight

A_PAGE = 50  # records
BATCH = 500
LOOKED_THROUGH = 5_000
TOGETHER = timedelta(hours=1)
APART = timedelta(minutes=1)  # at most: of two records, the one with the lower number is newer
ONE_DAY = timedelta(days=1)


FindQuestions = Callable[[Customer, Collection[int]], Mapping[int, Any]]
"""Takes a customer and records (primary keys); returns the case about each that is in question."""

_finders: list[FindQuestions] = []


def finds_questions(finder: FindQuestions) -> FindQuestions:
    """Let a room above say which records a customer has questioned."""
    _finders.append(finder)
    return finder


def questions_about(customer: Customer, records: Collection[int]) -> dict[int, Any]:
    return {key: case for find in _finders for key, case in find(customer, records).items()}


@dataclass(frozen=True)
class Asked:
    """Which records somebody wants to see, by local days; what is left out does not count."""

    since: date | None = None
    until: date | None = None
    purpose: str = ""
    action: str = ""

    @property
    def condition(self) -> Q:
        asked = [
            Q(at__gte=midnight(self.since)) if self.since else None,
            Q(at__lt=midnight(self.until + ONE_DAY)) if self.until else None,
            Q(purpose=self.purpose) if self.purpose else None,
            Q(action=self.action) if self.action else None,
        ]
        return reduce(and_, filter(None, asked), Q())


@dataclass
class Look:
    """Records of one person who looked at the same for the same reason, the newest first."""

    records: list[AccessRecord] = field(default_factory=list)

    @property
    def newest(self) -> AccessRecord:
        return self.records[0]

    @property
    def oldest(self) -> AccessRecord:
        return self.records[-1]


class Page(NamedTuple):
    """after: the record from which the next page goes on, None at the end."""

    looks: list[Look]
    after: AccessRecord | None


def records_asked_for(customer: Customer, asked: Asked) -> Iterator[AccessRecord]:
    """Yield them all, the newest first, in batches that are queries of their own."""
    records = accesses_told_to(customer).filter(asked.condition).order_by("-pk")
    batch = list(records[:BATCH])
    while batch:
        yield from batch
        batch = list(records.filter(pk__lt=batch[-1].pk)[:BATCH])


def page_of_looks(
    records: AccessRecordQuerySet, asked: Asked, *, after: AccessRecord | None = None
) -> Page:
    """Return the newest that are asked for, of those before ``after``."""
    first = after or _last_before(asked.until)
    rest = records.filter(pk__lt=first.pk) if first else records
    window = rest.order_by("-pk")[:LOOKED_THROUGH]
    found = AccessRecord.objects.filter(asked.condition, pk__in=window.values("pk"))
    rows = list(found.order_by("-pk")[: A_PAGE + 1])
    if len(rows) > A_PAGE:
        return Page(grouped(rows[:A_PAGE]), rows[A_PAGE - 1])
    last = next(iter(rest.order_by("-pk")[LOOKED_THROUGH - 1 : LOOKED_THROUGH]), None)
    is_over = last is None or (asked.since and last.at < midnight(asked.since) - APART)
    return Page(grouped(rows), None if is_over else last)


def _last_before(day: date | None) -> AccessRecord | None:
    """Return a record that is newer than all of ``day``, None if there is none."""
    if day is None:
        return None
    newer = AccessRecord.objects.filter(at__gte=midnight(day + ONE_DAY) + APART)
    return newer.order_by("at").first()


def grouped(records: Iterable[AccessRecord]) -> list[Look]:
    """Put records together, the newest first, that differ by the moment alone within an hour."""
    looks: list[Look] = []
    newest: dict[object, Look] = {}
    for record in records:
        kind = (
            record.actor_id,
            record.role,
            record.action,
            record.purpose,
            record.case_reference,
            record.reason,
            tuple(record.field_groups),
        )
        look = newest.get(kind)
        if look is None or look.newest.at - record.at > TOGETHER:
            look = newest[kind] = Look()
            looks.append(look)
        look.records.append(record)
    return looks
