"""Where a law demands to store longer than the company promised to keep, and what was decided.

Like is compared with like: of two rules that count from the same event the months say which is
longer. Where they count from different events, nobody can say it beforehand, and it is a conflict.
Until the data protection officer has decided, no rule is approved that would delete such data.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from common.history import save_as
from common.personal_data import DataCategory, declarations
from policies.counting import local_day
from policies.models import RetentionAction, RetentionRule, RuleFamily
from policies.periods import ERASING
from policies.retention import SET_OFF_BY_CLOSING
from retention.exceptions import DecisionRefused
from retention.models import RetentionDecision


@dataclass(frozen=True)
class Conflict:
    """A promise that ends before a law lets it, or may; decision: None until there is one."""

    promise: RetentionRule
    statute: RetentionRule
    decision: RetentionDecision | None

    @property
    def counts_alike(self) -> bool:
        return self.promise.trigger == self.statute.trigger


def conflicts(on: date | None = None) -> list[Conflict]:
    """Return every conflict of rules in force on that day (default: today), by kind of data."""
    rules = list(RetentionRule.objects.in_force(on or local_day(timezone.now())))
    decided = {
        (each.promise_id, each.statute_id): each
        for each in RetentionDecision.objects.select_related("decided_by")
    }
    promises, statutes = _by_category(rules)
    return [
        Conflict(promise, statute, decided.get((promise.pk, statute.pk)))
        for category in DataCategory
        for statute in statutes[category]
        for promise in promises[category] or promises[DataCategory.ACCOUNT]
        if promise.trigger != statute.trigger or promise.months < statute.months
    ]


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

    With a closed account everything goes that the portal holds of the customer.
    """
    held = {each.category for each in declarations()} if set_off_by_closing(rule) else set()
    return [
        each
        for each in (conflicts() if among is None else among)
        if each.decision is None and (each.promise == rule or each.statute.category in held)
    ]


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
