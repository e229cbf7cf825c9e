from retention.models.approvals import PurgeApproval
from retention.models.failures import PurgeFailure
from retention.models.holds import LegalHold, LegalHoldQuerySet
from retention.models.orphans import OrphanClearing, OrphanReport
from retention.models.rehearsals import RehearsalOutcome, RestoreRehearsal
from retention.models.remainders import Remainder
from retention.models.reviews import (
    LONGEST_REASON,
    NecessityReview,
    NecessityReviewQuerySet,
    ReviewDecision,
)
from retention.models.runs import (
    IN_DOUBT,
    PurgePermit,
    PurgeRun,
    PurgeRunQuerySet,
    ResidueClearing,
)
from retention.models.schedule import (
    DecisionOutcome,
    RetentionDecision,
    RetentionStatistic,
    Schedule,
)
from retention.models.tombstones import ERASED_ON, Tombstone

__all__ = [
    "ERASED_ON",
    "IN_DOUBT",
    "LONGEST_REASON",
    "DecisionOutcome",
    "LegalHold",
    "LegalHoldQuerySet",
    "NecessityReview",
    "NecessityReviewQuerySet",
    "OrphanClearing",
    "OrphanReport",
    "PurgeApproval",
    "PurgeFailure",
    "PurgePermit",
    "PurgeRun",
    "PurgeRunQuerySet",
    "RehearsalOutcome",
    "Remainder",
    "ResidueClearing",
    "RestoreRehearsal",
    "RetentionDecision",
    "RetentionStatistic",
    "ReviewDecision",
    "Schedule",
    "Tombstone",
]
