"""Unusual accesses, found in the access records by the company's own thresholds.

Computed anew at each look, from a bounded stretch of days that the index by moment finds, in one
query for each kind; nothing is stored but that somebody looked into it. Systems of the company,
which are no members of staff, are left out.
"""

from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.db import transaction
from django.db.models import Count, Exists, F, OuterRef, Q, Sum
from django.db.models.functions import ExtractHour, TruncDate, TruncHour
from django.utils import timezone
from django.utils.translation import gettext as _

from access.models import AccessAction, AccessRecord
from accounts.models import User
from common.history import delete_as, save_as
from policies.calendars import load_calendar
from policies.clocks import the_company
from policies.counting import local_day, midnight
from policies.models import Company, DayKind
from staff.exceptions import LookRefused
from staff.models import FlaggedRecord, UnusualAccess, UnusualKind

DAYS = (7, 30, 92)  # stretches that may be looked at
FEWEST = 10  # accesses of a day below which a share says nothing
LISTED = 100  # people on lists, who are masked, for each one who may be opened in an hour
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Unusual:
    """What was unusual about a member's accesses on a day; ``settled`` once looked into.

    number: of accesses; of customers, in the busiest hour, where there were many; of people on
    lists and in files, as often as they were there.
    """

    kind: UnusualKind
    day: date
    member: User
    number: int
    settled: UnusualAccess | None = None


def unusual_accesses(days: int) -> list[Unusual]:
    """Return what was unusual in the last ``days``, today included, the newest first."""
    since = local_day(timezone.now()) - timedelta(days=days - 1)
    found = [(kind, *row) for kind in UnusualKind for row in _rows(kind, since)]
    members = User.objects.in_bulk({actor for _kind, _day, actor, _number in found})
    looked = UnusualAccess.objects.filter(day__gte=since).select_related("looked_by")
    settled = {(each.kind, each.day, each.member_id): each for each in looked}
    rows = [
        Unusual(kind, day, members[actor], number, settled.get((kind, day, actor)))
        for kind, day, actor, number in found
    ]
    return sorted(rows, key=lambda row: (row.day, row.kind, str(row.member)), reverse=True)


def _rows(kind: UnusualKind, since: date) -> Iterator[tuple[date, int, int]]:
    """Yield day, member (primary key) and number."""
    staff = Q(actor__is_staff=True) | Q(actor__is_superuser=True)
    records = AccessRecord.objects.filter(staff, at__gte=midnight(since)).order_by()
    records = records.annotate(day=TruncDate("at"))
    yield from FINDERS[kind](records, the_company(), since)


def _out_of_hours(records: Any, company: Company, since: date) -> Iterator[Any]:
    outside = Q(hour__lt=company.work_from_hour) | Q(hour__gte=company.work_to_hour)
    rest = Q(day__in=list(_days_of_rest(DayKind(company.day_kind), since)))
    rows = records.annotate(hour=ExtractHour("at")).filter(outside | rest)
    yield from rows.values_list("day", "actor").annotate(number=Count("*"))


def _many(records: Any, company: Company, since: date) -> Iterator[Any]:
    """Find the fullest hour, whenever it begins, where two hours of the clock are full together."""
    most = company.customers_per_hour
    opened = records.exclude(customer="")
    hours = opened.annotate(hour=TruncHour("at")).values_list("actor", "hour")
    numbers = {
        (actor, hour): number
        for actor, hour, number in hours.annotate(number=Count("customer", distinct=True))
    }
    close = [
        (actor, hour)
        for (actor, hour), number in numbers.items()
        if number + numbers.get((actor, hour + HOUR), 0) > most
    ]
    days = {local_day(each) for _actor, hour in close for each in (hour, hour + HOUR)}
    looks = opened.filter(actor__in={actor for actor, _hour in close}, day__in=days)
    looks = looks.order_by("actor", "at").values_list("actor", "at", "customer")
    busy: dict[tuple[date, int], int] = {}
    for actor, rows in groupby(looks, key=itemgetter(0)):
        for at, number in _within_an_hour(rows):
            if number > most:
                key = local_day(at), actor
                busy[key] = max(busy.get(key, 0), number)
    yield from ((*key, number) for key, number in busy.items())


def _within_an_hour(looks: Iterable[tuple[int, datetime, str]]) -> Iterator[tuple[datetime, int]]:
    """Yield of each look, in their order, how many customers the hour that ends with it holds."""
    hour: deque[tuple[datetime, str]] = deque()
    customers: Counter[str] = Counter()
    for _actor, at, customer in looks:
        hour.append((at, customer))
        customers[customer] += 1
        while hour[0][0] <= at - HOUR:
            customers[hour.popleft()[1]] -= 1
        yield at, len(+customers)


def _bulk(records: Any, company: Company, since: date) -> Iterator[Any]:
    rows = records.filter(action__in=(AccessAction.LIST, AccessAction.EXPORT))
    listed = rows.values_list("day", "actor").annotate(number=Sum("count"))
    yield from listed.filter(number__gt=most_listed(company))


def most_listed(company: Company) -> int:
    """Return how many people a member's lists and files of a day may name, each time counted."""
    return LISTED * company.customers_per_hour


def _command_line(records: Any, company: Company, since: date) -> Iterator[Any]:
    opened = records.filter(action=AccessAction.SHELL)
    yield from opened.values_list("day", "actor").annotate(number=Count("*"))


def _flagged(records: Any, company: Company, since: date) -> Iterator[Any]:
    flags = FlaggedRecord.objects.filter(
        member=OuterRef("actor"), customer__public_id=OuterRef("customer")
    )
    rows = records.exclude(customer="").filter(Exists(flags))
    yield from rows.values_list("day", "actor").annotate(number=Count("*"))


def _without_case(records: Any, company: Company, since: date) -> Iterator[Any]:
    """A search names a case never: it finds the customer whose case it is."""
    rows = records.exclude(customer="").exclude(action=AccessAction.SEARCH)
    counted = rows.values("day", "actor").annotate(
        number=Count("pk", filter=Q(case_reference="")), total=Count("pk")
    )
    unusual = counted.filter(
        total__gte=FEWEST, number__gt=F("total") * company.caseless_percent / 100
    )
    yield from unusual.values_list("day", "actor", "number")


FINDERS = {
    UnusualKind.OUT_OF_HOURS: _out_of_hours,
    UnusualKind.MANY: _many,
    UnusualKind.FLAGGED: _flagged,
    UnusualKind.WITHOUT_CASE: _without_case,
    UnusualKind.BULK: _bulk,
    UnusualKind.COMMAND_LINE: _command_line,
}


def _days_of_rest(kind: DayKind, since: date) -> Iterator[date]:
    calendar = load_calendar(kind)
    for n in range((local_day(timezone.now()) - since).days + 1):
        day = since + timedelta(days=n)
        if calendar.reason_off(day) is not None:
            yield day


def is_over(day: date) -> bool:
    return day < local_day(timezone.now())


@transaction.atomic
def settle(kind: str, day: date, member: User, *, finding: str, by: User) -> UnusualAccess:
    """Write down that somebody looked into it, and what it was, once the day is over.

    Raises LookRefused.
    """
    if not is_over(day):
        raise LookRefused(_("This day is not over yet."))
    member = User.objects.select_for_update().get(pk=member.pk)
    _refuse_own(member, by)
    if UnusualAccess.objects.filter(kind=kind, day=day, member=member).exists():
        raise LookRefused(_("Somebody has looked into this already."))
    settled = UnusualAccess(kind=kind, day=day, member=member, finding=finding, looked_by=by)
    save_as(settled, by=by, reason="looked into")
    return settled


@transaction.atomic
def flag_record(member: User, *, customer: Any, tie: str, by: User) -> FlaggedRecord:
    """Flag a customer's record for a member of staff; a second time changes nothing.

    Raises LookRefused.
    """
    _refuse_own(member, by)
    known = FlaggedRecord.objects.filter(member=member, customer=customer).first()
    if known is not None:
        return known
    flag = FlaggedRecord(member=member, customer=customer, tie=tie, flagged_by=by)
    save_as(flag, by=by, reason="flagged")
    return flag


def unflag_record(flag: FlaggedRecord, *, by: User) -> None:
    """Raises LookRefused."""
    _refuse_own(flag.member, by)
    delete_as(flag, by=by, reason="flag removed")


def _refuse_own(member: User, by: User) -> None:
    if member == by:
        raise LookRefused(_("Somebody else looks into your own accesses."))
