"""What the customer has been told: a decision, then the answer; no refusal before a second word."""

from datetime import datetime
from typing import NamedTuple

from casework.models import ANSWERED, ASKED, WROTE, CaseMessage
from complaints.events import sentence_of
from complaints.models import Complaint, ComplaintState, Outcome

MESSAGES_SAY_IT = (ASKED, ANSWERED, WROTE)  # the message stands in the timeline itself
WORDS = (ComplaintState.MEASURES, ComplaintState.REFUSAL, ComplaintState.RESOLVED)


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


def answered_at(complaint: Complaint) -> datetime | None:
    """Return since when the customer has the answer that the complaint holds, or None.

    One with which they disagreed stays theirs to read until something else is decided.
    """
    answered = None
    for code, at in _words(complaint):
        answered = (answered or at) if code == ComplaintState.RESOLVED else None
    return answered


def is_decision_told(complaint: Complaint) -> bool:
    """Say whether the customer knows what the check has shown, and waits for the answer."""
    if complaint.outcome == Outcome.NOT_UPHELD:
        return False  # a second person has to agree first
    *_earlier, last = ["", *(code for code, _at in _words(complaint))]
    return last == ComplaintState.MEASURES and complaint.state != ComplaintState.VERIFYING


def _words(complaint: Complaint) -> list[tuple[str, datetime]]:
    events = complaint.events.filter(code__in=WORDS).order_by("pk")
    return list(events.values_list("code", "at"))
