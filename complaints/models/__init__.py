"""Complaints, and what their desk keeps for the officers."""

from complaints.models.complaints import (
    ANSWER,
    CLOSED,
    DECISION,
    SHORT_CATEGORY,
    Complaint,
    ComplaintCategory,
    ComplaintLink,
    ComplaintState,
    Identity,
    LinkKind,
    Outcome,
    QuestionedAccess,
    Side,
    untold,
)
from complaints.models.desk import ReplyTemplate, SavedFilter
from complaints.models.unconfirmed import UnconfirmedComplaint

__all__ = [
    "ANSWER",
    "CLOSED",
    "DECISION",
    "SHORT_CATEGORY",
    "Complaint",
    "ComplaintCategory",
    "ComplaintLink",
    "ComplaintState",
    "Identity",
    "LinkKind",
    "Outcome",
    "QuestionedAccess",
    "ReplyTemplate",
    "SavedFilter",
    "Side",
    "UnconfirmedComplaint",
    "untold",
]
