"""Which rule judges a row that goes by a period of its own, and which rows are over."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.periods import Expiry, deferred_rows, expiries, expiry_named, is_held, wanted_rows
from common.personal_data import DataCategory, RetentionTrigger
from common.remembering import remembered
from policies.counting import ONE_DAY, first_kept, local_day, midnight
from policies.models import RetentionAction, RetentionRule, RuleFamily
from policies.promises import Measure, Unit, at_risk, broken

UNAPPROVED = _("The DPO has not approved their rule, so that the next run deletes nothing.")
HELD_BESIDE = _("On legal hold beside these: %(n)d.")
ERASING = (RetentionAction.DELETE, RetentionAction.PSEUDONYMISE)


@dataclass(frozen=True)
class Term:
    """A rule, and the days on which a period begins that it judges: None has no end."""

    rule: RetentionRule
    first: date | None
    last: date | None

    def judges(self, day: date) -> bool:
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)


@remembered
def terms_of(category: DataCategory, trigger: RetentionTrigger) -> list[Term]:
    """Return the rules that were ever in force, each with its days.

    So no later rule lengthens or shortens what was promised. What began before the first one is
    judged by the first.
    """
    rules = RetentionRule.objects.filter(
        Q(valid_to=None) | Q(valid_to__gte=F("valid_from")),
        family=RuleFamily.PROMISE,
        category=category,
        trigger=trigger,
        action__in=ERASING,
        valid_from__lte=local_day(timezone.now()),
    ).order_by("valid_from", "pk")
    found = list(rules)
    return [
        Term(
            rule, None if rule.valid_from == found[0].valid_from else rule.valid_from, rule.valid_to
        )
        for rule in found
    ]


def terms_or_none(expiry: Expiry) -> list[Term | None]:
    """Return by what these rows go: rules, or None for what goes by a setting.

    And for rows that no rule judges, where their last day was written down and told all the same.
    """
    if expiry.trigger is None:
        return [None]
    terms = terms_of(expiry.category, expiry.trigger)
    is_alone = expiry.until and _leave_days(terms) and _are_alone(expiry.name)
    return [*terms, None] if is_alone else [*terms]


@remembered
def _are_alone(name: str) -> bool:
    """Say whether rows of this expiry bear a last day and are judged by no rule."""
    expiry = expiry_named(name)
    return are_there(expiry.rows().filter(_bears_its_day(expiry)), expiry.until)


def _leave_days(terms: Iterable[Term]) -> bool:
    """Say whether there are days that none of these, the earliest first, judges."""
    judged_to = date.min
    for term in terms:
        if term.first is not None and term.first - ONE_DAY > judged_to:
            return True
        judged_to = max(judged_to, term.last or date.max)
    return judged_to < date.max


def are_there(rows: QuerySet[Any], by: str) -> bool:
    """Say whether there is such a row, looking along the index of this field alone."""
    return bool(rows.order_by(by).values("pk")[:1])


def swept_under(rule: RetentionRule) -> list[tuple[Expiry, Term]]:
    """Return the rows that this rule judges, with its days."""
    return [
        (expiry, term)
        for expiry in expiries()
        if expiry.trigger == rule.trigger and expiry.category == rule.category
        for term in terms_of(expiry.category, expiry.trigger)
        if term.rule == rule
    ]


def rule_for(category: DataCategory, trigger: RetentionTrigger, day: date) -> RetentionRule | None:
    """Return the strictest rule that judges a period which begins on that day."""
    rules = [term.rule for term in terms_of(category, trigger) if term.judges(day)]
    return min(rules, key=lambda rule: rule.months, default=None)


def over(expiry: Expiry, term: Term | None, on: date) -> QuerySet[Any]:
    """Return the rows of a term, or of none, whose last day lies before ``on``."""
    return expiry.rows().filter(is_over(expiry, term, on))


def yesterday() -> date:
    """Return the day on which a row must have been over for the last night to erase it."""
    return local_day(timezone.now()) - ONE_DAY


def kept_too_long(expiry: Expiry, on: date) -> dict[str, QuerySet[Any]]:
    """Return the rows that are over before ``on``, for a control to count; no deferred ones.

    "late" are those that a nightly run had to erase, "unapproved" those whose rule waits for the
    approval without which it only reports; apart from both, "held" those on legal hold.
    """
    terms, approved = terms_or_none(expiry), _approved()
    waiting = {each for each in terms if each is not None and each.rule.pk not in approved}
    judging = [each for each in terms if each not in waiting]
    rows, held = expiry.rows(), is_held(expiry)
    for keeps in (*deferred_rows(expiry).values(), *wanted_rows(expiry).values()):
        rows = rows.exclude(keeps)
    return {
        "late": rows.filter(_any_over(expiry, judging, on), ~held),
        "unapproved": rows.filter(_any_over(expiry, waiting, on), ~held),
        "held": rows.filter(_any_over(expiry, terms, on), held),
    }


@remembered
def _approved() -> set[int]:
    rules = RetentionRule.objects.filter(approval__isnull=False)
    return set(rules.values_list("pk", flat=True))


def judge_kept(counts: Mapping[str, int], unit: Unit, link: str) -> Measure | None:
    """Judge what a control counted by kept_too_long(); None where there is nothing.

    What is on legal hold is told beside it, and breaks nothing.
    """
    if counts["late"]:
        beside = HELD_BESIDE % {"n": counts["held"]} if counts["held"] else ""
        return broken(counts["late"], unit, link=link, note=beside)
    if counts["unapproved"]:
        return at_risk(counts["unapproved"], unit, link=link, note=UNAPPROVED)
    return None


def _any_over(expiry: Expiry, terms: Iterable[Term | None], on: date) -> Q:
    return reduce(or_, (is_over(expiry, term, on) for term in terms), Q(pk__in=()))


def is_over(expiry: Expiry, term: Term | None, on: date) -> Q:
    """Return what is asked of a row of this term, or of a setting, that is over before ``on``."""
    if expiry.until:
        return _before(expiry, expiry.until, on) & judged(expiry, term)
    return _before(expiry, expiry.begins, _first_kept(expiry, term, on)) & judged(expiry, term)


def _first_kept(expiry: Expiry, term: Term | None, on: date) -> date:
    if term is not None:
        return first_kept(on, term.rule.months)
    return on - timedelta(days=expiry.days() if expiry.days else 0)


def judged(expiry: Expiry, term: Term | None) -> Q:
    """Return what is asked of a row whose period began on a day that the term judges."""
    if term is None:
        return _bears_its_day(expiry) if expiry.trigger else Q()
    begins = _since(expiry, term.first)
    return (
        begins
        if term.last is None
        else begins & _before(expiry, expiry.begins, term.last + ONE_DAY)
    )


def _bears_its_day(expiry: Expiry) -> Q:
    """Return what is asked of a row that has a last day of its own and is judged by no rule."""
    alone = Q(**{f"{expiry.until}__isnull": False})
    for term in terms_of(expiry.category, expiry.trigger) if expiry.trigger else ():
        alone &= ~(Q(pk__isnull=False) & judged(expiry, term))  # never an empty one, turned round
    return alone


def _since(expiry: Expiry, first: date | None) -> Q:
    if first is None:
        return Q()
    return Q(**{f"{expiry.begins}__gte": bound(expiry, expiry.begins, first)})


def _before(expiry: Expiry, lookup: str, day: date) -> Q:
    return Q(**{f"{lookup}__lt": bound(expiry, lookup, day)})


def bound(expiry: Expiry, lookup: str, day: date) -> Any:
    return day if expiry.is_day(lookup) else midnight(day)
