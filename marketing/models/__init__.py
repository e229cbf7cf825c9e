"""Who must not be contacted, who subscribed to what, and what was sent to them."""

from marketing.models.newsletter import (
    LONGEST_ISSUE,
    NewsletterIssue,
    Subscription,
    SubscriptionQuerySet,
)
from marketing.models.preferences import Ads, Preference
from marketing.models.suppressions import ContactKey, Suppression, SuppressionReason
from marketing.models.systems import ApiClient

__all__ = [
    "LONGEST_ISSUE",
    "Ads",
    "ApiClient",
    "ContactKey",
    "NewsletterIssue",
    "Preference",
    "Subscription",
    "SubscriptionQuerySet",
    "Suppression",
    "SuppressionReason",
]
