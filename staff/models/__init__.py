"""What members of staff undertook about personal data, and how they kept it."""

from staff.models.undertakings import (
    RevocationReason,
    Undertaking,
    UndertakingQuerySet,
    UndertakingState,
    UndertakingText,
)

__all__ = [
    "RevocationReason",
    "Undertaking",
    "UndertakingQuerySet",
    "UndertakingState",
    "UndertakingText",
]
