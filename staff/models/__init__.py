"""What members of staff undertook about personal data, and how they kept it."""

from staff.models.misuse import Measure, Misuse, MisuseCategory
from staff.models.reviews import ReviewOutcome, RightsReview, RightsReviewQuerySet
from staff.models.undertakings import (
    RevocationReason,
    Undertaking,
    UndertakingQuerySet,
    UndertakingState,
    UndertakingText,
)
from staff.models.unusual import Finding, FlaggedRecord, Tie, UnusualAccess, UnusualKind

__all__ = [
    "Finding",
    "FlaggedRecord",
    "Measure",
    "Misuse",
    "MisuseCategory",
    "ReviewOutcome",
    "RevocationReason",
    "RightsReview",
    "RightsReviewQuerySet",
    "Tie",
    "Undertaking",
    "UndertakingQuerySet",
    "UndertakingState",
    "UndertakingText",
    "UnusualAccess",
    "UnusualKind",
]
