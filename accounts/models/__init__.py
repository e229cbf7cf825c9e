"""Customers and their sign-ins, what they were shown and accepted, and what they consented to."""

from accounts.models.assistance import (
    AssistedChange,
    IdentityCheck,
    IdentityCheckKind,
    IdentityCheckResult,
    RequestChannel,
)
from accounts.models.consents import Consent, ConsentDecision, ConsentQuerySet
from accounts.models.people import (
    ClosingCause,
    Customer,
    CustomerQuerySet,
    Folded,
    User,
    UserManager,
)
from accounts.models.policy_events import (
    MAILING,
    EventChannel,
    PolicyAnnouncement,
    PolicyEvent,
    PolicyEventKind,
)

__all__ = [
    "MAILING",
    "AssistedChange",
    "ClosingCause",
    "Consent",
    "ConsentDecision",
    "ConsentQuerySet",
    "Customer",
    "CustomerQuerySet",
    "EventChannel",
    "Folded",
    "IdentityCheck",
    "IdentityCheckKind",
    "IdentityCheckResult",
    "PolicyAnnouncement",
    "PolicyEvent",
    "PolicyEventKind",
    "RequestChannel",
    "User",
    "UserManager",
]
