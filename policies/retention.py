"""Which retention rule applies to a kind of data, and until when it keeps."""

from collections.abc import Collection
from datetime import date, datetime

from django.utils.translation import gettext as _

from common.personal_data import DataCategory
from policies.counting import add_months, local_day
from policies.exceptions import NotConfigured
from policies.models import RetentionAction, RetentionRule, RetentionTrigger

# Closing the account ends the service and asks for deletion, whichever words the policy uses.
SET_OFF_BY_CLOSING = (
    RetentionTrigger.ACCOUNT_CLOSED,
    RetentionTrigger.SERVICE_ENDED,
    RetentionTrigger.ON_REQUEST,
)


def rule_after_closing(on: date) -> RetentionRule:
    """Return the rule under which a closed account is deleted: the strictest in force.

    Raises NotConfigured.
    """
    rule = deletion_rule(DataCategory.ACCOUNT, SET_OFF_BY_CLOSING, on)
    if rule is None:
        raise NotConfigured(_("No retention rule says how long closed accounts are kept."))
    return rule


def deletion_rule(
    category: DataCategory, triggers: Collection[RetentionTrigger], on: date
) -> RetentionRule | None:
    """Return the strictest rule in force that deletes such data after one of these events."""
    rules = RetentionRule.objects.in_force(on).filter(
        category=category, trigger__in=triggers, action=RetentionAction.DELETE
    )
    found: RetentionRule | None = rules.order_by("months", "pk").first()
    return found


def kept_until(rule: RetentionRule, closed_at: datetime) -> date:
    """Return the last local day on which the data of an account closed then is kept."""
    return add_months(local_day(closed_at), rule.months)
