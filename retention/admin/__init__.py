from retention.admin.deletion import (
    LegalHoldAdmin,
    PurgeApprovalAdmin,
    PurgeRunAdmin,
    RetentionRuleAdmin,
    TombstoneAdmin,
)
from retention.admin.idle import NecessityReviewAdmin

__all__ = [
    "LegalHoldAdmin",
    "NecessityReviewAdmin",
    "PurgeApprovalAdmin",
    "PurgeRunAdmin",
    "RetentionRuleAdmin",
    "TombstoneAdmin",
]
