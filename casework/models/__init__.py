"""What every case is made of."""

from casework.models.cases import (
    IS_OPEN,
    Case,
    CaseChannel,
    CaseKind,
    Severity,
    late_at,
    new_reference,
)
from casework.models.clocks import Clock
from casework.models.conflicts import CaseConflict, ConflictCause, without_conflict
from casework.models.events import (
    ANSWERED,
    ASKED,
    ASSIGNED,
    CLASSIFIED,
    DEADLINE_MOVED,
    EXTENDED,
    INTERNAL_EVENTS,
    RAN_AGAIN,
    REMINDED,
    WENT_ON,
    WROTE,
    CaseEvent,
)
from casework.models.evidence import EVIDENCE_INFECTED, Evidence, evidence_path
from casework.models.messages import LONGEST_TEXT, CaseMessage, CaseNote
from casework.models.reminders import CaseReminder

__all__ = [
    "ANSWERED",
    "ASKED",
    "ASSIGNED",
    "CLASSIFIED",
    "DEADLINE_MOVED",
    "EVIDENCE_INFECTED",
    "EXTENDED",
    "INTERNAL_EVENTS",
    "IS_OPEN",
    "LONGEST_TEXT",
    "RAN_AGAIN",
    "REMINDED",
    "WENT_ON",
    "WROTE",
    "Case",
    "CaseChannel",
    "CaseConflict",
    "CaseEvent",
    "CaseKind",
    "CaseMessage",
    "CaseNote",
    "CaseReminder",
    "Clock",
    "ConflictCause",
    "Evidence",
    "Severity",
    "evidence_path",
    "late_at",
    "new_reference",
    "without_conflict",
]
