"""Which retention rule applies to a kind of data, and until when it keeps."""

from collections import defaultdict
from collections.abc import Collection
from datetime import date, datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy

from common.personal_data import DataCategory
from policies.counting import add_months, local_day
from policies.exceptions import NotConfigured
from policies.models import RetentionAction, RetentionRule, RetentionTrigger, RuleFamily

# Closing the account ends the service and asks for deletion, whichever words the policy uses.
SET_OFF_BY_CLOSING = (
    RetentionTrigger.ACCOUNT_CLOSED,
    RetentionTrigger.SERVICE_ENDED,
    RetentionTrigger.ON_REQUEST,
)

# How long data is kept, said to the person it is about: at once (0 months), or after so many.
AT_ONCE = {
    RetentionTrigger.ACCOUNT_CLOSED: gettext_lazy("Until you close your account."),
    RetentionTrigger.SERVICE_ENDED: gettext_lazy("Until your service ends."),
    RetentionTrigger.ON_REQUEST: gettext_lazy("Until you ask us to erase it."),
    RetentionTrigger.NO_LONGER_NECESSARY: gettext_lazy("Until it is no longer necessary."),
    RetentionTrigger.CASE_CLOSED: gettext_lazy("Until the case is closed."),
    RetentionTrigger.CREATED: gettext_lazy("Until the end of the day on which it was recorded."),
    RetentionTrigger.YEAR_ENDED: gettext_lazy("Until the end of its accounting year."),
    RetentionTrigger.LAST_ACTIVITY: gettext_lazy("Until the end of the day of its last use."),
}
LATER = {
    RetentionTrigger.ACCOUNT_CLOSED: ngettext_lazy(
        "%(months)d month after you close your account.",
        "%(months)d months after you close your account.",
        "months",
    ),
    RetentionTrigger.SERVICE_ENDED: ngettext_lazy(
        "%(months)d month after your service ends.",
        "%(months)d months after your service ends.",
        "months",
    ),
    RetentionTrigger.ON_REQUEST: ngettext_lazy(
        "%(months)d month after you ask us to erase it.",
        "%(months)d months after you ask us to erase it.",
        "months",
    ),
    RetentionTrigger.NO_LONGER_NECESSARY: ngettext_lazy(
        "%(months)d month after it is no longer necessary.",
        "%(months)d months after it is no longer necessary.",
        "months",
    ),
    RetentionTrigger.CASE_CLOSED: ngettext_lazy(
        "%(months)d month after the case is closed.",
        "%(months)d months after the case is closed.",
        "months",
    ),
    RetentionTrigger.CREATED: ngettext_lazy(
        "%(months)d month after it was recorded.",
        "%(months)d months after it was recorded.",
        "months",
    ),
    RetentionTrigger.YEAR_ENDED: ngettext_lazy(
        "%(months)d month after the end of its accounting year.",
        "%(months)d months after the end of its accounting year.",
        "months",
    ),
    RetentionTrigger.LAST_ACTIVITY: ngettext_lazy(
        "%(months)d month after its last use.",
        "%(months)d months after its last use.",
        "months",
    ),
}
ONLY_STORED = gettext_lazy("The law demands that; until then it is only stored.")


def period_of(rule: RetentionRule) -> str:
    """Return how long the rule keeps, as a sentence to the person concerned."""
    period = period_in_words(RetentionTrigger(rule.trigger), rule.months)
    stays = (rule.family, rule.action) == (RuleFamily.STATUTE, RetentionAction.RESTRICT)
    return f"{period} {ONLY_STORED}" if stays else period


def period_in_words(trigger: RetentionTrigger, months: int) -> str:
    return str(LATER[trigger] % {"months": months} if months else AT_ONCE[trigger])


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


def rules_of(on: date) -> dict[DataCategory, list[RetentionRule]]:
    """Return the rules in force for each category, the shortest first, those of the law last.

    A category for which the company promised nothing is kept as the account is.
    """
    promised: dict[str, list[RetentionRule]] = defaultdict(list)
    by_law: dict[str, list[RetentionRule]] = defaultdict(list)
    for rule in RetentionRule.objects.in_force(on).order_by("months", "pk"):
        family = by_law if rule.family == RuleFamily.STATUTE else promised
        family[rule.category].append(rule)
    return {
        category: (promised[category] or promised[DataCategory.ACCOUNT]) + by_law[category]
        for category in DataCategory
    }


def kept_until(rule: RetentionRule, closed_at: datetime) -> date:
    """Return the last local day on which the data of an account closed then is kept."""
    return add_months(local_day(closed_at), rule.months)
