"""Time limits and retention rules, brought in line by new rows and ends, never by edits."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.utils import timezone

from common.history import save_all_as
from policies import profile_rules, profile_schema
from policies.loading.rows import LOADED, two_columns
from policies.models import DatedRule, RetentionRule, RuleFamily, TimeLimit

ONE_DAY = timedelta(days=1)
EITHER = {"valid_from", "source_checked"}  # by which no rule is another


def load_limits(limits: Iterable[profile_rules.TimeLimit], family: RuleFamily) -> int:
    rows = [
        {
            **limit.model_dump(exclude={"source", "promises"}),
            **two_columns("source", limit.source),
        }
        for limit in limits
    ]
    return _put_rules(TimeLimit, family, rows, key="kind")


def load_promised_limits(profile: profile_schema.Profile) -> int:
    return load_limits(profile.time_limits, RuleFamily.PROMISE)


def load_retention(rules: Iterable[profile_rules.RetentionRule], family: RuleFamily) -> int:
    rows = [
        {
            **rule.model_dump(exclude={"source", "promises"}),
            **two_columns("source", rule.source),
            "family": family,
            "valid_to": None,
        }
        for rule in rules
    ]
    return _put_rules(RetentionRule, family, rows, key="category")


def load_promised_retention(profile: profile_schema.Profile) -> int:
    return load_retention(profile.retention_rules, RuleFamily.PROMISE)


def _put_rules(
    model: type[DatedRule], family: RuleFamily, rows: list[dict[str, Any]], key: str
) -> int:
    """Bring the rules of ``family`` in line with ``rows``, by new rows and ends, never by edits.

    What is new begins today at the earliest where there was a rule of the same ``key`` before.
    A source that somebody confirmed stays so, whatever the file says.
    """
    ours = list(model.objects.filter(family=family))
    existing = [next((rule for rule in ours if _says(rule, row)), None) for row in rows]
    others = [rule for rule in ours if rule not in existing]
    known = {getattr(rule, key) for rule in others}
    ended = [rule for rule in others if _end(rule)]
    begun, confirmed = [], []
    for row, rule in zip(rows, existing, strict=True):
        if rule is None:
            begun += _beginning(model, row, not_before_today=row[key] in known)
        elif row["source_checked"] and not rule.source_checked:
            rule.source_checked = True
            confirmed.append(rule)
    save_all_as(ended, by=None, reason="superseded", fields=["valid_to"])
    save_all_as(begun, by=None, reason=LOADED)
    save_all_as(confirmed, by=None, reason=LOADED, fields=["source_checked"])
    return len(ended) + len(begun) + len(confirmed)


def _says(rule: DatedRule, row: dict[str, Any]) -> bool:
    return all(getattr(rule, name) == row[name] for name in row.keys() - EITHER)


def _beginning(
    model: type[DatedRule], row: dict[str, Any], *, not_before_today: bool
) -> list[DatedRule]:
    """Return the rule, or none if it is over already: what applied so far stays as recorded."""
    if not_before_today:
        row = {**row, "valid_from": max(row["valid_from"], timezone.localdate())}
    is_over = row["valid_to"] and row["valid_to"] < row["valid_from"]
    return [] if is_over else [model(**row)]


def _end(rule: DatedRule) -> bool:
    """End a rule with yesterday, or before it begins; return whether it was not over already."""
    last_day = max(rule.valid_from, timezone.localdate()) - ONE_DAY
    if rule.valid_to is not None and rule.valid_to <= last_day:
        return False
    rule.valid_to = last_day
    return True
