"""What people read of the steps of a complaint: staff in a word, the customer in a sentence."""

from collections.abc import Mapping
from datetime import date

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from casework.models import (
    ANSWERED,
    ASKED,
    ASSIGNED,
    CLASSIFIED,
    DEADLINE_MOVED,
    EVIDENCE_INFECTED,
    EXTENDED,
    RAN_AGAIN,
    REMINDED,
    WENT_ON,
    WROTE,
    CaseChannel,
    CaseEvent,
)
from complaints.models import ComplaintState
from complaints.services import AGREED, DISAGREED, IDENTITY_CHECKED, REFUSAL_RETURNED

LABELS: dict[str, str | Promise] = {
    **dict(ComplaintState.choices),
    ASSIGNED: _("assigned"),
    CLASSIFIED: _("severity and complexity judged"),
    ASKED: _("customer asked"),
    ANSWERED: _("customer answered"),
    WENT_ON: _("went on without an answer"),
    WROTE: _("wrote a message"),
    EVIDENCE_INFECTED: _("a virus was found in a file of the evidence"),
    RAN_AGAIN: _("its time limits run again"),
    REMINDED: _("reminded of the last day"),
    AGREED: _("customer agreed"),
    DISAGREED: _("customer disagreed"),
    REFUSAL_RETURNED: _("refusal sent back"),
    IDENTITY_CHECKED: _("identity checked"),
}

FOR_CUSTOMER: dict[str, str | Promise] = {
    ComplaintState.RECEIVED: _("We received your complaint"),
    ComplaintState.ACKNOWLEDGED: _("We confirmed that we look after it"),
    ComplaintState.VERIFYING: _("We began to check what you told us"),
    ComplaintState.MEASURES: _("We finished the check and work on our answer"),
    ComplaintState.REFUSAL: _("We are preparing our answer"),
    ComplaintState.RESOLVED: _("We answered with cause and solution"),
    ComplaintState.WITHDRAWN: _("You withdrew your complaint"),
    ComplaintState.ESCALATED: _("The complaint was taken to an authority"),
    ASSIGNED: _("An officer took charge of it"),
    CLASSIFIED: _("We judged how grave and how complex it is"),
    WENT_ON: _("We went on without waiting for your answer"),
    AGREED: _("You agreed with our answer"),
    DISAGREED: _("You disagreed: somebody else is to look at it again"),
    IDENTITY_CHECKED: _("We made sure that the complaint comes from you"),
    EVIDENCE_INFECTED: _(
        "A virus was found in a file of yours, and nobody can download it any more"
    ),
}
BY_CUSTOMER = (
    ComplaintState.RECEIVED,
    ComplaintState.WITHDRAWN,
    ComplaintState.ESCALATED,
    WROTE,
    ANSWERED,
    AGREED,
    DISAGREED,
)
"""What customers do; by nobody's sign-in where they came by the link of a mail."""


def actor_of(event: CaseEvent) -> str:
    """Say who did it: a member of staff by name, the customer, or the portal."""
    if event.by is not None and event.by.is_staff:
        return str(event.by)
    is_customer = event.by is not None or event.code in BY_CUSTOMER
    return gettext("the customer") if is_customer else gettext("the portal")


def sentence_of(event: CaseEvent) -> str:
    """Say to the customer what happened."""
    return _said(event, FOR_CUSTOMER)


def label_of(event: CaseEvent) -> str:
    if day := event.details.get("last_day"):
        told = date_format(date.fromisoformat(day), "SHORT_DATE_FORMAT")
        return gettext("reminded of the last day, %(day)s") % {"day": told}
    if day := event.details.get("waiting_since"):
        told = date_format(date.fromisoformat(day), "SHORT_DATE_FORMAT")
        return gettext("reminded that it waits for the customer since %(day)s") % {"day": told}
    if day := event.details.get("kept_until"):
        told = date_format(date.fromisoformat(day), "SHORT_DATE_FORMAT")
        return gettext("reminded that it keeps data whose last day was %(day)s") % {"day": told}
    return _said(event, LABELS)


def _said(event: CaseEvent, words: Mapping[str, str | Promise]) -> str:
    if event.code in (DEADLINE_MOVED, EXTENDED):
        return event.deadline_sentence
    said = str(words.get(event.code, event.code))
    channel = event.details.get("channel")
    return f"{said} ({CaseChannel(channel).label})" if channel else said
