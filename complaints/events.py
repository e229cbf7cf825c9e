"""What staff read of the steps of a complaint; customers read templates/complaints/_event.html."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from casework.models import (
    ANSWERED,
    ASKED,
    ASSIGNED,
    CLASSIFIED,
    DEADLINE_MOVED,
    EVIDENCE_INFECTED,
    EXTENDED,
    REMINDED,
    WENT_ON,
    WROTE,
    CaseEvent,
)
from complaints.models import ComplaintState
from complaints.services import AGREED, DISAGREED, REFUSAL_RETURNED

LABELS: dict[str, str | Promise] = {
    **dict(ComplaintState.choices),
    ASSIGNED: _("assigned"),
    CLASSIFIED: _("severity and complexity judged"),
    ASKED: _("customer asked"),
    ANSWERED: _("customer answered"),
    WENT_ON: _("went on without an answer"),
    WROTE: _("message"),
    EVIDENCE_INFECTED: _("a virus was found in a file of the evidence"),
    REMINDED: _("reminded of the last day"),
    AGREED: _("customer agreed"),
    DISAGREED: _("customer disagreed"),
    REFUSAL_RETURNED: _("refusal sent back"),
}


def label_of(event: CaseEvent) -> str:
    if event.code in (DEADLINE_MOVED, EXTENDED):
        return event.deadline_sentence
    return str(LABELS.get(event.code, event.code))
