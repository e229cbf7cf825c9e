"""Where a law demands to store longer than the company promised to keep, and what was decided.

Like is compared with like: of two rules that count from the same event the months say which is
longer. Where they count from different events, nobody can say it beforehand, and it is a conflict.
Until the data protection officer has decided, no rule is approved that would delete such data, and
none that is approved already deletes: a law may come later.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.db.models import Max, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Customer, User
from common.history import save_as
from common.periods import Expiry, expiries, parts_of
from common.personal_data import DataCategory, Stay, declarations
from common.remembering import remembered
from policies.calendars import load_calendar
from policies.counting import ONE_DAY, add_months, first_kept, local_day
from policies.models import DayKind, RetentionAction, RetentionRule, RetentionTrigger, RuleFamily
from policies.periods import ERASING, are_there, bound, judged, swept_under
from policies.retention import SET_OFF_BY_CLOSING
from retention.exceptions import DecisionRefused
from retention.models import DecisionOutcome, RetentionDecision

# The events that a row of its own sets off, not its customer.
BY_ROW = (RetentionTrigger.CREATED, RetentionTrigger.YEAR_ENDED)


@dataclass(frozen=True)
class Conflict:
    """A promise that ends before a law lets it, or may; decision: None until there is one."""

    promise: RetentionRule
    statute: RetentionRule
    decision: RetentionDecision | None

    @property
    def is_held(self) -> bool:
        """Say whether the portal holds such data at all; what it does not, waits for nobody."""
        return self.statute.category in held_categories()

    @property
    def counts_alike(self) -> bool:
        return self.promise.trigger == self.statute.trigger


def conflicts(on: date | None = None) -> list[Conflict]:
    """Return every conflict of the laws in force on that day (default: today), by kind of data.

    A promise that is over stands beside the others as long as it judges anything.
    """
    day = on or local_day(timezone.now())
    decided = {
        (each.promise_id, each.statute_id): each
        for each in RetentionDecision.objects.select_related("decided_by")
    }
    promises, statutes = _by_category(RetentionRule.objects.in_force(day))
    former, _laws = _by_category(_former(day) if statutes else [])
    of_account = [*promises[DataCategory.ACCOUNT], *former[DataCategory.ACCOUNT]]
    return [
        Conflict(promise, statute, decided.get((promise.pk, statute.pk)))
        for category in DataCategory
        for statute in statutes[category]
        for promise in dict.fromkeys([*(promises[category] or of_account), *former[category]])
        if promise.trigger != statute.trigger or promise.months < statute.months
    ]


def _former(day: date) -> Iterator[RetentionRule]:
    """Yield the rules that were over by that day and still judge what began under them."""
    for rule in RetentionRule.objects.filter(valid_to__lt=day, family=RuleFamily.PROMISE):
        if still_judges(rule):
            yield rule


def still_judges(rule: RetentionRule) -> bool:
    """Say whether there is a closed account, or a row, of whose last day this rule decides."""
    return Customer.objects.filter(closing_rule=rule).exists() or any(
        are_there(expiry.rows().filter(judged(expiry, term)), expiry.begins)
        for expiry, term in swept_under(rule)
    )


def held_categories() -> set[str]:
    """Return the categories of which the portal holds anything, of customers or of nobody."""
    return {each.category for each in declarations()} | {each.category for each in expiries()}


def _by_category(
    rules: Iterable[RetentionRule],
) -> tuple[Mapping[str, list[RetentionRule]], Mapping[str, list[RetentionRule]]]:
    """Return the promises that delete, the strictest first, and the laws, the longest first."""
    promises: dict[str, list[RetentionRule]] = defaultdict(list)
    statutes: dict[str, list[RetentionRule]] = defaultdict(list)
    for rule in sorted(rules, key=lambda rule: (rule.months, rule.pk)):
        if rule.family == RuleFamily.PROMISE and rule.action in ERASING:
            promises[rule.category].append(rule)
        elif rule.family == RuleFamily.STATUTE and rule.action == RetentionAction.RESTRICT:
            statutes[rule.category].insert(0, rule)
    return promises, statutes


def undecided(rule: RetentionRule, among: Collection[Conflict] | None = None) -> list[Conflict]:
    """Return what must be decided before this rule may delete, of all conflicts or these.

    With a closed account everything goes that the portal holds of the customer, with a case its
    parts.
    """
    taken = _taken_along(rule)
    return [
        each
        for each in (conflicts() if among is None else among)
        if each.decision is None
        and each.is_held
        and (each.promise == rule or each.statute.category in taken)
    ]


def _taken_along(rule: RetentionRule) -> set[str]:
    if set_off_by_closing(rule):
        return {each.category for each in declarations()}
    swept = [expiry for expiry, _term in swept_under(rule)]
    return {part.category for expiry in swept for part in parts_of(expiry)}


def set_off_by_closing(rule: RetentionRule) -> bool:
    return rule.category == DataCategory.ACCOUNT and rule.trigger in SET_OFF_BY_CLOSING


@transaction.atomic
def decide_conflict(
    promise: RetentionRule, statute: RetentionRule, *, outcome: str, reason: str, by: User
) -> RetentionDecision:
    """Say which of the two goes; a later word replaces it, and the history keeps both.

    Raises DecisionRefused where the two do not contradict each other, or no longer.
    """
    promise.refresh_from_db(from_queryset=RetentionRule.objects.select_for_update())
    if not any((each.promise, each.statute) == (promise, statute) for each in conflicts()):
        raise DecisionRefused(_("These two rules do not contradict each other any more."))
    known = RetentionDecision.objects.filter(promise=promise, statute=statute).first()
    decision = known or RetentionDecision(promise=promise, statute=statute)
    decision.outcome, decision.reason = outcome, reason
    decision.decided_by, decision.decided_at = by, timezone.now()
    save_as(decision, by=by, reason="decided")
    return decision


@remembered
def to_be_stored() -> list[RetentionDecision]:
    """Return the decisions by which a law's day is waited for."""
    decided = RetentionDecision.objects.filter(outcome=DecisionOutcome.STORE)
    return list(decided.select_related("promise", "statute").order_by("pk"))


def kept_by_law(customers: Collection[int]) -> dict[int, list[Stay]]:
    """Return the kinds of data that stay of customers (primary keys) who are due, and until when.

    A kind stays until the law's period is over for the newest of it that the customer has.
    """
    statutes = {each.statute for each in to_be_stored()} if customers else set()
    today = local_day(timezone.now())
    kept: dict[int, list[Stay]] = defaultdict(list)
    for customer in Customer.objects.filter(pk__in=customers) if statutes else ():
        for statute in sorted(statutes, key=lambda each: (each.category, each.pk)):
            until = _last_day(customer, statute)
            if until is not None and until >= today:
                label = DataCategory(statute.category).label
                kept[customer.pk].append(Stay(label, statute.source, statute.category, until=until))
    return kept


def _last_day(customer: Customer, statute: RetentionRule) -> date | None:
    """Return until when the law keeps such data of a customer; None where there is none.

    What bears no moment of its own may have come until the account was closed.
    """
    closed = local_day(customer.closed_at or timezone.now())
    days = []
    for declaration in declarations():
        rows = declaration.about([customer.pk])
        if declaration.category == statute.category and rows.exists():
            counts_by_row = statute.trigger in BY_ROW and declaration.since
            newest = rows.aggregate(at=Max(declaration.since))["at"] if counts_by_row else None
            days.append(local_day(newest) if newest else closed)
    if not days:
        return None
    begun = max(days)
    if statute.trigger == RetentionTrigger.YEAR_ENDED:
        begun = begun.replace(month=12, day=31)
    return _off_days_of_rest(add_months(begun, statute.months))


def _off_days_of_rest(day: date) -> date:
    """Move a last day that a law sets to a working day; by weekends alone, after the calendar."""
    calendar = load_calendar(DayKind.STATE)
    while calendar.reason_off(day):
        day += ONE_DAY
    return day


def kept_by_law_among(expiry: Expiry) -> Q:
    """Return what is asked of rows past their promised day that a law lets nobody delete yet.

    Where no row says when the law's period began, all of them stay.
    """
    kept = Q()
    for each in to_be_stored():
        if (each.promise.category, each.promise.trigger) == (expiry.category, expiry.trigger):
            kept |= _not_over(expiry, each.statute)
    return kept


def _not_over(expiry: Expiry, statute: RetentionRule) -> Q:
    calendar, last = load_calendar(DayKind.STATE), local_day(timezone.now()) - ONE_DAY
    while calendar.reason_off(last):  # what ends on a day of rest is not over with it
        last -= ONE_DAY
    first = first_kept(last + ONE_DAY, statute.months)
    trigger = statute.trigger
    if trigger == RetentionTrigger.YEAR_ENDED:
        trigger, first = RetentionTrigger.CREATED, first.replace(month=1, day=1)
    table = expiry.rows().model
    for each in expiries():
        if (each.rows().model, each.trigger) == (table, trigger):
            return Q(**{f"{each.begins}__gte": bound(each, each.begins, first)})
    return Q(pk__isnull=False)
