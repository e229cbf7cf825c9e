"""What the customer has been told: a decision, then the answer; no refusal before a second word."""

from datetime import datetime
from typing import NamedTuple

from casework.models import ANSWERED, ASKED, WROTE, CaseMessage
from complaints.events import sentence_of
from complaints.models import Complaint, ComplaintState, untold

MESSAGES_SAY_IT = (ASKED, ANSWERED, WROTE)  # the message stands in the timeline itself


class Line(NamedTuple):
    """One line of the customer's timeline: a step, or a message with what it says."""

    at: datetime
    sentence: str = ""
    message: CaseMessage | None = None


def timeline(complaint: Complaint) -> list[Line]:
    """Return what happened and what was written both ways, in its order."""
    events = complaint.events.for_customer().exclude(code__in=MESSAGES_SAY_IT)
    lines = [Line(event.at, sentence_of(event)) for event in events]
    lines += [Line(message.at, message=message) for message in complaint.messages.all()]
    return sorted(lines, key=lambda line: line.at)


def is_decision_told(complaint: Complaint) -> bool:
    """Say whether the customer knows what the check has shown, and waits for the answer."""
    is_deciding = complaint.state == ComplaintState.MEASURES and complaint.answered_at is None
    return is_deciding and "outcome" not in untold(complaint)
