from staff.admin.misuse import MisuseAdmin
from staff.admin.reviews import RightsReviewAdmin
from staff.admin.undertakings import UndertakingAdmin, UndertakingTextAdmin
from staff.admin.unusual import FlaggedRecordAdmin, UnusualAccessAdmin

__all__ = [
    "FlaggedRecordAdmin",
    "MisuseAdmin",
    "RightsReviewAdmin",
    "UndertakingAdmin",
    "UndertakingTextAdmin",
    "UnusualAccessAdmin",
]
