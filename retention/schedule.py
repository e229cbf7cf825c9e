"""What falls due in the next months under each rule, and what other months would change.

Each line is counted in one query over the rows whose last day comes before the horizon: a range of
an index. Nothing here writes.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from django.db.models import Count, Min, Q, QuerySet
from django.utils.formats import date_format
from django.utils.functional import Promise, cached_property
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from access.models import AccessRecord
from accounts.models import Customer
from common import personal_data
from common.charts import HEIGHT, WIDTH, scaled
from common.periods import Expiry, expiries
from common.personal_data import DataCategory, RetentionTrigger
from policies.counting import ONE_DAY, add_months, first_kept, local_day, midnight
from policies.models import RetentionRule
from policies.periods import Term, bound, is_over, judged, terms_or_none
from policies.retention import deletion_rule, rule_after_closing
from retention.access_records import LEAST_MONTHS, kept_records
from retention.conflicts import Conflict, conflicts, undecided
from retention.due import held
from retention.kept_rows import held_rows, needed_rows
from retention.models import PurgeApproval

AHEAD = (0, 30, 60, 90)  # days
HORIZON = AHEAD[-1]
WEEKS = [*range(0, HORIZON, 7), HORIZON]

IsOver = Callable[[date], Q]
"""Takes a day; returns what is asked of a row whose last day lies before it."""


@dataclass(frozen=True)
class Stock:
    """Rows that go under one rule, or by a setting, before anything is counted.

    sooner: takes a day and months; returns what is asked of a row that would be over by then.
    first: the day on which the first of these rows goes.
    """

    label: str | Promise
    category: DataCategory
    rule: RetentionRule | None
    rows: QuerySet[Any]
    is_over: IsOver
    sooner: Callable[[date, int], Q]
    first: Callable[[QuerySet[Any]], date | None]
    held: Callable[[Any], QuerySet[Any]]
    waiting: Callable[[QuerySet[Any]], Mapping[str, QuerySet[Any]]]


@dataclass(frozen=True)
class Line:
    """One line of the schedule. due: now, and in 30, 60 and 90 days; weeks: what each adds.

    next_day: the day on which the first row falls due; it is over where something is due now.
    """

    stock: Stock
    due: list[int]
    weeks: list[int]
    held: int
    waiting: dict[str, int]
    next_day: date | None
    approved: PurgeApproval | None
    conflicts: list[Conflict] = field(default_factory=list)

    @property
    def label(self) -> str | Promise:
        return self.stock.label

    @property
    def rule(self) -> RetentionRule | None:
        return self.stock.rule

    @property
    def rule_text(self) -> str:
        return self.rule.text if self.rule else str(_("by a setting"))

    @property
    def deferred(self) -> int:
        return sum(self.waiting.values())

    @cached_property
    def may_be_approved(self) -> bool:
        return self.rule is not None and self.approved is None and not self.conflicts


def schedule(today: date) -> list[Line]:
    """Return what falls due, rule by rule; what goes by a setting stands at the end."""
    stocks = list(stocks_of(today))
    rules = [stock.rule for stock in stocks if stock.rule]
    approvals = PurgeApproval.objects.filter(rule__in=rules).select_related("approved_by")
    approved = {approval.rule_id: approval for approval in approvals}
    all_conflicts = conflicts()
    return [_line(stock, today, approved, all_conflicts) for stock in stocks]


def stocks_of(today: date) -> Iterator[Stock]:
    yield from map(_of_closed_accounts, closing_rules(today))
    if rule := deletion_rule(DataCategory.ACCESS_RECORD, [RetentionTrigger.CREATED], today):
        yield _of_access_records(rule)
    for expiry in sorted(expiries(), key=lambda each: each.trigger is None):
        yield from (_of_expiry(expiry, term) for term in terms_or_none(expiry))


def closing_rules(today: date) -> list[RetentionRule]:
    """Return the rules under which accounts are closed, and the one for the next."""
    rules = RetentionRule.objects.filter(category=DataCategory.ACCOUNT).order_by("pk")
    in_use = [rule for rule in rules if Customer.objects.filter(closing_rule=rule).exists()]
    next_one = rule_after_closing(today)
    return in_use if next_one in in_use else [*in_use, next_one]


def _line(
    stock: Stock,
    today: date,
    approved: Mapping[int, PurgeApproval],
    all_conflicts: Collection[Conflict],
) -> Line:
    steps = {n: today + timedelta(days=n) for n in {*AHEAD, *WEEKS}}
    coming = stock.rows.filter(stock.is_over(steps[HORIZON])).order_by()
    counted = {f"by_{n}": Count("pk", filter=stock.is_over(day)) for n, day in steps.items()}
    by = coming.aggregate(**counted)
    now = stock.rows.filter(stock.is_over(today)).order_by()
    has_due = bool(by["by_0"])
    return Line(
        stock,
        due=[by[f"by_{n}"] for n in AHEAD],
        weeks=[by[f"by_{last}"] - by[f"by_{first}"] for first, last in pairwise(WEEKS)],
        held=stock.held(now).count() if has_due else 0,
        waiting={why: rows.count() for why, rows in stock.waiting(now).items()} if has_due else {},
        next_day=stock.first(now if has_due else stock.rows.exclude(stock.is_over(today))),
        approved=approved.get(stock.rule.pk) if stock.rule else None,
        conflicts=undecided(stock.rule, all_conflicts) if stock.rule else [],
    )


@dataclass(frozen=True)
class WhatIf:
    """What other months would change of a line: how many would be due now, and in 90 days."""

    line: Line
    months: int
    now: int
    ahead: int

    @property
    def now_text(self) -> str:
        return _beside(self.now, self.line.due[0])

    @property
    def ahead_text(self) -> str:
        return _beside(self.ahead, self.line.due[-1])


def _beside(number: int, present: int) -> str:
    """Write a number, and what it is more or less than under the rule as it is."""
    if number == present:
        return gettext("%(n)d, as many as under the rule as it is") % {"n": number}
    if number > present:
        words = gettext("%(n)d, %(m)d more than under the rule as it is")
    else:
        words = gettext("%(n)d, %(m)d fewer than under the rule as it is")
    return words % {"n": number, "m": abs(number - present)}


def what_if(line: Line, months: int, today: date) -> WhatIf:
    """Count what would be due if a rule said so many months; nothing is changed."""
    rows, sooner = line.stock.rows.order_by(), line.stock.sooner
    ahead = today + timedelta(days=AHEAD[-1])
    counts = rows.filter(sooner(ahead, months)).aggregate(
        now=Count("pk", filter=sooner(today, months)), ahead=Count("pk")
    )
    return WhatIf(line, months, **counts)


def _of_expiry(expiry: Expiry, term: Term | None) -> Stock:
    def sooner(on: date, months: int) -> Q:
        begun = Q(**{f"{expiry.begins}__lt": bound(expiry, expiry.begins, first_kept(on, months))})
        return begun & judged(expiry, term)

    def first(rows: QuerySet[Any]) -> date | None:
        lookup = expiry.until or expiry.begins
        earliest = rows.filter(judged(expiry, term)).aggregate(first=Min(lookup))["first"]
        if earliest is None:
            return None
        day: date = earliest if expiry.is_day(lookup) else local_day(earliest)
        if expiry.until:
            return day + ONE_DAY
        if term is None:
            return day + timedelta(days=1 + (expiry.days() if expiry.days else 0))
        return add_months(day, term.rule.months) + ONE_DAY

    return Stock(
        expiry.label,
        expiry.category,
        term.rule if term else None,
        expiry.rows(),
        lambda on: is_over(expiry, term, on),
        sooner,
        first,
        lambda rows: held_rows(expiry, rows),
        lambda rows: needed_rows(expiry, rows),
    )


def _of_closed_accounts(rule: RetentionRule) -> Stock:
    def sooner(on: date, months: int) -> Q:
        """The days of grace are promised, whatever the months."""
        begun = Q(closed_at__lt=midnight(first_kept(on, months)))
        return begun & (Q(grace_until=None) | Q(grace_until__lt=on))

    def first(customers: QuerySet[Any]) -> date | None:
        earliest: date | None = customers.aggregate(first=Min("kept_until"))["first"]
        return earliest and earliest + ONE_DAY

    return Stock(
        _("closed accounts"),
        DataCategory.ACCOUNT,
        rule,
        Customer.objects.filter(closing_rule=rule).exclude(kept_until=None),
        lambda on: Q(kept_until__lt=on),
        sooner,
        first,
        held,
        personal_data.deferred,
    )


def _of_access_records(rule: RetentionRule) -> Stock:
    def sooner(on: date, months: int) -> Q:
        return Q(at__lt=midnight(add_months(on, -max(months, LEAST_MONTHS))))

    def first(records: QuerySet[Any]) -> date | None:
        earliest = records.aggregate(first=Min("at"))["first"]
        return (
            earliest and add_months(local_day(earliest), max(rule.months, LEAST_MONTHS)) + ONE_DAY
        )

    return Stock(
        AccessRecord._meta.verbose_name_plural or "",
        DataCategory.ACCESS_RECORD,
        rule,
        AccessRecord.objects.all(),
        lambda on: sooner(on, rule.months),
        sooner,
        first,
        lambda records: records.filter(pk__in=kept_records()),
        lambda records: {},
    )


@dataclass(frozen=True)
class Column:
    """A week of the chart, or what is due already: how much that is, by kind of data."""

    label: str
    place: int
    number: int
    highest: int
    parts: list[tuple[str, int]]

    @property
    def x(self) -> int:
        return self.place * WIDTH + 1

    @property
    def height(self) -> int:
        return scaled(self.number, self.highest)

    @property
    def y(self) -> int:
        return HEIGHT - self.height


def columns(lines: Collection[Line], today: date) -> list[Column]:
    """Return what is due already, then the weeks from tomorrow on."""
    steps = [[line.due[0], *line.weeks] for line in lines]
    parts = [
        [(str(line.label), step[n]) for line, step in zip(lines, steps, strict=True) if step[n]]
        for n in range(len(WEEKS))
    ]
    begins = (today + timedelta(days=first + 1) for first in WEEKS[:-1])
    labels = [_("due now"), *(date_format(day, "SHORT_DATE_FORMAT") for day in begins)]
    numbers = [sum(number for _label, number in part) for part in parts]
    return [
        Column(str(labels[n]), n, numbers[n], max(numbers), part) for n, part in enumerate(parts)
    ]
