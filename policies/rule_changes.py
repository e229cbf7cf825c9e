"""What people do to dated rules: begin, change from a day on, end, confirm. None is ever edited.

All who begin, change or end a rule wait for one another, so that whether one is
left for closed accounts is judged by what is really there.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, TypeVar

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from common.database import wait_for_others
from common.history import save_as
from policies.exceptions import ChangeRefused
from policies.models import DatedRule, RetentionRule
from policies.refusals import save_or_refuse
from policies.retention import rule_after_closing

RULES = "policies.rules"
ONE_DAY = timedelta(days=1)
LONGEST_WAIT = timedelta(days=366)  # until a change applies, as for a policy version
OF_ONE_ROW = {"id", "valid_from", "valid_to", "source_checked"}

Rule = TypeVar("Rule", bound=DatedRule)


@transaction.atomic
def add_rule(rule: Rule, *, by: AbstractBaseUser) -> Rule:
    """Begin a rule (an unsaved row) of a kind that has none on its days.

    Raises ChangeRefused.
    """
    wait_for_others(RULES)
    _require_timely(rule.valid_from)
    save_or_refuse(rule, by=by, reason="added")
    return rule


@transaction.atomic
def change_rule(
    rule: Rule, *, values: Mapping[str, Any], valid_from: date, by: AbstractBaseUser
) -> Rule:
    """End a rule the day before ``valid_from`` and begin one that differs by ``values``.

    Cases and customers that ran under the old row keep it. Return the new one;
    its source counts as checked only if ``values`` say so.

    Raises ChangeRefused, and NotConfigured when no rule would be left for closed accounts.
    """
    wait_for_others(RULES)
    _require_open_end(rule)
    _require_timely(valid_from)
    if valid_from < rule.valid_from:
        raise ChangeRefused(
            _("This rule begins on %s; a change of it cannot begin before.") % _day(rule.valid_from)
        )
    successor = _successor(rule, values, valid_from)
    if _content(successor) == _content(rule):
        raise ChangeRefused(_("Nothing would change."))
    _end(rule, valid_from - ONE_DAY, by=by)
    save_or_refuse(successor, by=by, reason="changed")
    _require_rule_for_closing(rule, valid_from)
    return successor


@transaction.atomic
def end_rule(rule: Rule, *, last_day: date, by: AbstractBaseUser) -> None:
    """Let a rule apply until ``last_day``, with nothing after it; before its first day: never.

    Raises ChangeRefused, and NotConfigured when no rule would be left for closed accounts.
    """
    wait_for_others(RULES)
    _require_open_end(rule)
    _require_timely(last_day)
    over = max(last_day, rule.valid_from - ONE_DAY)
    _end(rule, over, by=by)
    _require_rule_for_closing(rule, over + ONE_DAY)


@transaction.atomic
def confirm_source(rule: Rule, *, by: AbstractBaseUser) -> None:
    """Say that the row was compared with the text of its source.

    Raises ChangeRefused.
    """
    _hold(rule)
    if rule.source_checked:
        raise ChangeRefused(_("The source of this rule is confirmed already."))
    rule.source_checked = True
    save_as(rule, by=by, reason="source confirmed", fields=["source_checked"])


def _hold(rule: Rule) -> None:
    rule.refresh_from_db(from_queryset=type(rule)._default_manager.select_for_update())


def _require_open_end(rule: Rule) -> None:
    """Hold the row, and make sure that nobody superseded or ended it meanwhile."""
    _hold(rule)
    if rule.valid_to is not None:
        raise ChangeRefused(
            _("This rule has an end already: %s. Change the one that follows it.")
            % _day(rule.valid_to)
        )


def _require_timely(day: date) -> None:
    """Refuse a day in the past, and a slip in the year: it would bar every other change."""
    today = timezone.localdate()
    if day < today:
        raise ChangeRefused(
            _("What applied before today stays as it was: choose %s or later.") % _day(today)
        )
    latest = today + LONGEST_WAIT
    if day > latest:
        raise ChangeRefused(_("That is too far ahead: choose %s or earlier.") % _day(latest))


def _require_rule_for_closing(rule: DatedRule, on: date) -> None:
    """Make sure that customers can still close their accounts."""
    if isinstance(rule, RetentionRule):
        rule_after_closing(on)


def _successor(rule: Rule, values: Mapping[str, Any], valid_from: date) -> Rule:
    fresh = {"valid_from": valid_from, "valid_to": None, "source_checked": False}
    return type(rule)(**{**_content(rule), **fresh, **values})


def _content(rule: DatedRule) -> dict[str, Any]:
    """Return the columns that say what a rule is, apart from when and whether it was checked."""
    names = [field.name for field in rule._meta.local_fields]
    return {name: getattr(rule, name) for name in names if name not in OF_ONE_ROW}


def _end(rule: DatedRule, last_day: date, *, by: AbstractBaseUser) -> None:
    rule.valid_to = last_day
    save_as(rule, by=by, reason="superseded", fields=["valid_to"])


def _day(day: date) -> str:
    return date_format(day, "SHORT_DATE_FORMAT")
