"""Customers and their sign-ins, what they declared, were shown, accepted, and consented to."""

from accounts.models.approvals import (
    AccessApproval,
    AnswerWay,
    ApprovalAnswer,
    EmergencyAccess,
    EmergencyCategory,
    SecrecyOrder,
)
from accounts.models.assistance import (
    AssistedChange,
    ConsentProof,
    CustomerImport,
    IdentityCheck,
    IdentityCheckKind,
    IdentityCheckResult,
    IdentityProof,
    RequestChannel,
)
from accounts.models.closing import ServiceEnd, ServiceReport
from accounts.models.codes import SentCode
from accounts.models.consents import Consent, ConsentDecision, ConsentQuerySet
from accounts.models.details import AccuracyDeclaration, DeclaredValue, Occasion
from accounts.models.devices import KnownDevice
from accounts.models.merging import CustomerMerge, KeptSignIn, MergeState
from accounts.models.people import (
    ClosingCause,
    Customer,
    CustomerQuerySet,
    Engagement,
    Folded,
    User,
    UserManager,
)
from accounts.models.phones import PhoneVerification
from accounts.models.policy_events import (
    MAILING,
    EventChannel,
    PolicyAnnouncement,
    PolicyEvent,
    PolicyEventKind,
)

__all__ = [
    "MAILING",
    "AccessApproval",
    "AccuracyDeclaration",
    "AnswerWay",
    "ApprovalAnswer",
    "AssistedChange",
    "ClosingCause",
    "Consent",
    "ConsentDecision",
    "ConsentProof",
    "ConsentQuerySet",
    "Customer",
    "CustomerImport",
    "CustomerMerge",
    "CustomerQuerySet",
    "DeclaredValue",
    "EmergencyAccess",
    "EmergencyCategory",
    "Engagement",
    "EventChannel",
    "Folded",
    "IdentityCheck",
    "IdentityCheckKind",
    "IdentityCheckResult",
    "IdentityProof",
    "KeptSignIn",
    "KnownDevice",
    "MergeState",
    "Occasion",
    "PhoneVerification",
    "PolicyAnnouncement",
    "PolicyEvent",
    "PolicyEventKind",
    "RequestChannel",
    "SecrecyOrder",
    "SentCode",
    "ServiceEnd",
    "ServiceReport",
    "User",
    "UserManager",
]
