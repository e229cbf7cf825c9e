"""Time limits and retention rules, brought in line by new rows and ends, never by edits."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db.models import F
from django.utils import timezone

from common.history import save_as
from policies import profile_rules, profile_schema
from policies.loading.rows import LOADED, two_columns
from policies.models import DatedRule, RetentionRule, RuleFamily, TimeLimit

ONE_DAY = timedelta(days=1)


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
    ours = model.objects.filter(family=family)
    either = {"valid_from": F("valid_from"), "source_checked": F("source_checked")}
    existing = [ours.filter(**{**row, **either}).first() for row in rows]
    kept = [rule.pk for rule in existing if rule is not None]
    ended = list(ours.exclude(pk__in=kept))
    known = {getattr(rule, key) for rule in ended}
    changed = sum(map(_supersede, ended))
    for row, rule in zip(rows, existing, strict=True):
        if rule is None:
            changed += _begin(model, row, not_before_today=row[key] in known)
        elif row["source_checked"] and not rule.source_checked:
            changed += _confirm(rule)
    return changed


def _begin(model: type[DatedRule], row: dict[str, Any], *, not_before_today: bool) -> int:
    """Add a rule; return 0 if it is over already: what applied so far stays as recorded."""
    if not_before_today:
        row = {**row, "valid_from": max(row["valid_from"], timezone.localdate())}
    if row["valid_to"] and row["valid_to"] < row["valid_from"]:
        return 0
    save_as(model(**row), by=None, reason=LOADED)
    return 1


def _confirm(rule: DatedRule) -> int:
    rule.source_checked = True
    save_as(rule, by=None, reason=LOADED, fields=["source_checked"])
    return 1


def _supersede(rule: DatedRule) -> int:
    """End a rule with yesterday, or before it begins; return 0 if it is over already, else 1."""
    last_day = max(rule.valid_from, timezone.localdate()) - ONE_DAY
    if rule.valid_to is not None and rule.valid_to <= last_day:
        return 0
    rule.valid_to = last_day
    save_as(rule, by=None, reason="superseded", fields=["valid_to"])
    return 1
