from retention.admin.deletion import (
    PurgeApprovalAdmin,
    PurgeFailureAdmin,
    RetentionRuleAdmin,
    TombstoneAdmin,
)
from retention.admin.holds import LegalHoldAdmin
from retention.admin.idle import NecessityReviewAdmin
from retention.admin.orphans import OrphanReportAdmin
from retention.admin.rehearsals import RestoreRehearsalAdmin
from retention.admin.runs import PurgeRunAdmin
from retention.admin.schedule import ScheduleAdmin
from retention.admin.statistics import RetentionStatisticAdmin

__all__ = [
    "LegalHoldAdmin",
    "NecessityReviewAdmin",
    "OrphanReportAdmin",
    "PurgeApprovalAdmin",
    "PurgeFailureAdmin",
    "PurgeRunAdmin",
    "RestoreRehearsalAdmin",
    "RetentionRuleAdmin",
    "RetentionStatisticAdmin",
    "ScheduleAdmin",
    "TombstoneAdmin",
]
