"""What people do to complaints.

Each function is one step of the procedure: it locks the complaint, checks the rule, saves, and
queues what follows for after the commit. Nobody with an interest of their own takes one.
Where a step opens a closed complaint again, the customer is locked first: so it either keeps a
purge from taking them, or finds them gone.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Unpack

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from access.roles import COMPLAINT_LEAD
from accounts.identity_checks import CheckMade, record_identity_check
from accounts.locks import lock_open
from accounts.models import User
from accounts.staff import holders, officers
from casework.clocks import meet_clocks, reopen_clocks
from casework.conflicts import kept_away
from casework.heard import Heard, moment_of
from casework.models import CaseConflict, CaseMessage, CaseNote, ConflictCause
from casework.services import (
    add_event,
    hold_for_customer,
    lock_case,
    lock_owner,
    lock_together,
    refuse_conflict,
    stop_waiting,
)
from common.history import save_as
from complaints.exceptions import ComplaintError, InvalidTransition
from complaints.links import signs_in
from complaints.models import (
    ANSWER,
    DECISION,
    Complaint,
    ComplaintLink,
    ComplaintState,
    Identity,
    Outcome,
    Side,
)
from notices.services import queue_notice
from policies.counting import last_day_before
from policies.models import TimeLimitKind

WORK = "complaints.change_complaint"
FIRST_RESPONSE = TimeLimitKind.COMPLAINT_FIRST_RESPONSE
COMPLETION = TimeLimitKind.COMPLAINT_COMPLETION
PARTS_OF_AN_ANSWER = (
    ComplaintState.VERIFYING,
    ComplaintState.MEASURES,
    ComplaintState.REFUSAL,
    ComplaintState.RESOLVED,
)
RESPONSES = (ComplaintState.ACKNOWLEDGED, ComplaintState.VERIFYING)
AGREED, DISAGREED, REFUSAL_RETURNED = "agreed", "disagreed", "refusal_returned"
IDENTITY_CHECKED = "identity_checked"
Details = dict[str, Any]
"""What an event keeps."""


@transaction.atomic
def acknowledge_complaint(complaint: Complaint, *, by: User) -> None:
    """Tell the customer that somebody looks after it; this is the first response.

    Raises InvalidTransition, ConflictOfInterest.
    """
    _hold(complaint, by)
    complaint.move_to(ComplaintState.ACKNOWLEDGED)
    _respond(complaint, by)


@transaction.atomic
def verify_complaint(complaint: Complaint, *, by: User) -> None:
    """Begin to check what the customer says; the first response, if none was given.

    Raises InvalidTransition, ConflictOfInterest.
    """
    _hold(complaint, by)
    complaint.move_to(ComplaintState.VERIFYING)
    _respond(complaint, by)


def _respond(complaint: Complaint, by: User) -> None:
    """Whoever responds takes the complaint if nobody has it."""
    complaint.handler = complaint.handler or by
    meet_clocks(complaint, FIRST_RESPONSE)
    _save_step(complaint, by=by, also=["handler"])


@transaction.atomic
def decide_complaint(
    complaint: Complaint, *, outcome: str, cause: str, finding: str, by: User
) -> None:
    """Say what the verification found, and go on to the measures.

    The customer is told, but of a refusal: that waits for the second person.

    Raises InvalidTransition, ConflictOfInterest.
    """
    _hold(complaint, by)
    stop_waiting(complaint, by=by)
    complaint.move_to(ComplaintState.MEASURES)
    complaint.outcome, complaint.cause, complaint.finding = outcome, cause, finding
    complaint.decided_by = by
    complaint.refused_by = complaint.confirmed_by = complaint.answered_at = None
    for name in set(ANSWER) - set(DECISION):
        setattr(complaint, name, "")  # another decision wants another answer
    fields = [*DECISION, *ANSWER, "decided_by", "refused_by", "confirmed_by", "answered_at"]
    is_told = outcome != Outcome.NOT_UPHELD
    _save_step(complaint, by=by, also=[*dict.fromkeys(fields)], tell=is_told)


@transaction.atomic
def resolve_complaint(
    complaint: Complaint, *, answer: Mapping[str, str], reveals_nothing: bool = False, by: User
) -> None:
    """Answer the customer and close the complaint; a refusal waits for a second person first.

    ``answer`` holds all of ANSWER. While it is not known who complains, ``by`` vouches that it
    ``reveals_nothing`` of the customer's data, which the event keeps.

    Raises InvalidTransition, ConflictOfInterest, and ComplaintError when a part is missing.
    """
    _hold(complaint, by)
    if complaint.state != ComplaintState.MEASURES:
        raise InvalidTransition(_("A complaint is answered once its outcome is decided."))
    for name in ANSWER:
        setattr(complaint, name, answer[name].strip())
    if not complaint.is_answered:
        raise ComplaintError(
            _("An answer needs cause, finding, solution, remedy, next steps and lesson.")
        )
    if complaint.needs_identity_check and not reveals_nothing:
        raise ComplaintError(
            _("Check first who complains, or say that the answer reveals no data of the customer.")
        )
    details = {"reveals_nothing": True} if complaint.needs_identity_check else {}
    if complaint.outcome == Outcome.NOT_UPHELD:
        complaint.move_to(ComplaintState.REFUSAL)
        complaint.refused_by, complaint.confirmed_by = by, None
        fields = [*ANSWER, "refused_by", "confirmed_by"]
        _save_step(complaint, by=by, also=fields, details=details, tell=False)
    else:
        _close(complaint, by=by, also=ANSWER, details=details)


@transaction.atomic
def confirm_refusal(complaint: Complaint, *, by: User) -> None:
    """Agree to a refusal that somebody else proposed; the customer gets the answer.

    Raises InvalidTransition, ConflictOfInterest, and ComplaintError for who proposed it.
    """
    _hold(complaint, by)
    _require_second(complaint, by)
    complaint.confirmed_by = by
    _close(complaint, by=by, also=["confirmed_by"])


@transaction.atomic
def return_refusal(complaint: Complaint, *, reason: str, by: User) -> None:
    """Send a proposed refusal back to who works on it, with the reason as a note.

    Raises InvalidTransition, ConflictOfInterest, and ComplaintError for who proposed it.
    """
    _hold(complaint, by)
    _require_second(complaint, by)
    complaint.move_to(ComplaintState.MEASURES)
    CaseNote.objects.create(case_id=complaint.pk, about=REFUSAL_RETURNED, text=reason, by=by)
    _save_step(complaint, by=by, tell=False)


def _require_second(complaint: Complaint, by: User) -> None:
    if complaint.state != ComplaintState.REFUSAL:
        raise ComplaintError(_("No refusal is waiting to be confirmed."))
    if complaint.refused_by_id == by.pk:
        raise ComplaintError(_("A second person decides on a refusal that you proposed."))


@transaction.atomic
def decide_anew(complaint: Complaint, *, reason: str, by: User) -> None:
    """Go back from the measures to verifying, with the reason as a note.

    Raises InvalidTransition, ConflictOfInterest.
    """
    _hold(complaint, by)
    complaint.move_to(ComplaintState.VERIFYING)
    CaseNote.objects.create(
        case_id=complaint.pk, about=ComplaintState.VERIFYING, text=reason, by=by
    )
    _save_step(complaint, by=by)


@transaction.atomic
def withdraw_complaint(
    complaint: Complaint, *, by: User | None, heard: Heard | None = None, reason: str = ""
) -> None:
    """Close the complaint at the customer's wish.

    ``heard`` where ``by`` writes down what a customer said who does not sign in; ``reason`` is
    then kept as a note. Whoever proposed to refuse the complaint does not end it so.

    Raises ComplaintError, CaseError, ConflictOfInterest.
    """
    hold_for_customer(complaint, by=by, heard=heard)
    if heard is not None and by is not None:
        _require_word_of_another(complaint, by)
        CaseNote.objects.create(
            case_id=complaint.pk, about=ComplaintState.WITHDRAWN, text=reason, by=by
        )
    at = moment_of(heard, since=complaint.received_at)
    stop_waiting(complaint, by=by)
    complaint.move_to(ComplaintState.WITHDRAWN)
    meet_clocks(complaint)
    details = heard.details if heard else None
    _save_step(complaint, by=by, also=["closed_at"], at=at, details=details)


def _require_word_of_another(complaint: Complaint, by: User) -> None:
    if signs_in(complaint.customer):
        raise ComplaintError(_("This customer withdraws it in the account, where they sign in."))
    if complaint.state == ComplaintState.REFUSAL:
        _require_second(complaint, by)


# What the customer says to the answer


@transaction.atomic
def agree_to_answer(complaint: Complaint, *, by: User | None, heard: Heard | None = None) -> None:
    """Note that the customer is content; ``heard`` where ``by`` writes down what they said.

    Raises ComplaintError, CaseError, ConflictOfInterest.
    """
    hold_for_customer(complaint, by=by, heard=heard)
    at = _when_answered(complaint, heard)
    if complaint.agreed_at is not None:
        return
    complaint.agreed_at = at
    save_as(complaint, by=by, reason=AGREED, fields=["agreed_at"])
    add_event(complaint, AGREED, by=by, at=at, details=heard.details if heard else None)


@transaction.atomic
def disagree_with_answer(
    complaint: Complaint, *, reason: str, by: User | None, heard: Heard | None = None
) -> None:
    """Open the complaint again, once, for somebody who had no part in the answer.

    Its clocks run on as from the beginning: the time that the answer took counts. ``heard`` where
    ``by`` writes down what the customer said.

    Raises AccountClosed, CaseError, ConflictOfInterest, and ComplaintError the second time.
    """
    lock_open(complaint.customer)
    hold_for_customer(complaint, by=by, heard=heard)
    at = _when_answered(complaint, heard)
    if complaint.disagreed_at is not None:
        raise ComplaintError(
            _("You have disagreed once already. You can still take the complaint to an authority.")
        )
    complaint.move_to(ComplaintState.VERIFYING)
    complaint.disagreed_at, complaint.agreed_at = at, None
    _exclude_who_decided(complaint)
    reopen_clocks(complaint, COMPLETION, by=by)
    CaseMessage.objects.create(case_id=complaint.pk, from_customer=True, text=reason, by=by, at=at)
    add_event(complaint, DISAGREED, by=by, at=at, details=heard.details if heard else None)
    also = ["handler", "closed_at", "disagreed_at", "agreed_at"]
    _save_step(complaint, by=by, also=also, tell=False)
    tell_customer(complaint, DISAGREED)
    _tell_leads(complaint)


def _when_answered(complaint: Complaint, heard: Heard | None) -> datetime:
    """Return when the customer spoke of the answer that they have.

    Raises ComplaintError, CaseError.
    """
    if complaint.state != ComplaintState.RESOLVED:
        raise ComplaintError(_("This complaint has not been answered."))
    return moment_of(heard, since=complaint.answered_at or complaint.received_at)


def _exclude_who_decided(complaint: Complaint) -> None:
    """Keep all who had a part in the answer from having one in the next."""
    parts = complaint.events.filter(code__in=PARTS_OF_AN_ANSWER, by__is_staff=True)
    keys = {*parts.values_list("by", flat=True), complaint.handler_id}
    staff = [key for key in keys if key is not None]
    CaseConflict.objects.bulk_create(
        (
            CaseConflict(case_id=complaint.pk, staff_id=key, cause=ConflictCause.DECIDED)
            for key in staff
        ),
        ignore_conflicts=True,
    )
    complaint.handler = None


def _tell_leads(complaint: Complaint) -> None:
    """Say that a complaint waits for a handler who had no part in its answer."""
    away = kept_away([complaint])[complaint.pk]
    for reader in holders(COMPLAINT_LEAD) - away or officers() - away:
        queue_notice(
            "case_disagreed",
            recipient=reader,
            key=f"disagreed-{complaint.public_id[:16]}-{reader[:16]}",
            reference=complaint.reference,
            path=complaint.get_desk_url(),
        )


# Who complains


@transaction.atomic
def check_identity(
    complaint: Complaint,
    *,
    by: User,
    **made: Unpack[CheckMade],
) -> None:
    """Write down how somebody made sure who complains; once proved, the answer may reveal data.

    Raises ComplaintError, ConflictOfInterest.
    """
    lock_owner(complaint)
    _hold(complaint, by)
    if not complaint.needs_identity_check:
        raise ComplaintError(_("It is known already who complains."))
    if not record_identity_check(complaint.customer, by=by, **made).is_proved:
        return
    complaint.identity = Identity.CHECKED
    save_as(complaint, by=by, reason=IDENTITY_CHECKED, fields=["identity"])
    add_event(complaint, IDENTITY_CHECKED, by=by)


# Going to an authority


@transaction.atomic
def escalate_complaint(
    complaint: Complaint, *, side: Side, authority: str, reference: str = "", by: User | None
) -> None:
    """Note that one side took the complaint to an authority; it stays open until that decided.

    Raises InvalidTransition, ConflictOfInterest.
    """
    lock_owner(complaint)
    is_theirs = by is not None and by.pk == complaint.customer.user_id
    _hold(complaint, None if is_theirs else by)
    stop_waiting(complaint, by=by)
    complaint.move_to(ComplaintState.ESCALATED)
    complaint.escalated_at, complaint.escalated_by = timezone.now(), side
    complaint.authority, complaint.authority_reference = authority, reference
    complaint.decision = ""
    meet_clocks(complaint)
    fields = ["escalated_at", "escalated_by", "authority", "authority_reference", "decision"]
    _save_step(complaint, by=by, also=[*fields, "closed_at"])


@transaction.atomic
def settle_escalation(complaint: Complaint, *, decision: str, by: User) -> None:
    """Write down what the authority decided; what has no answer that stands is verified on.

    Its clocks then run on as from the beginning: going to an authority buys no time. That it is
    verified on is the first response, if none was given before.

    Raises InvalidTransition, ConflictOfInterest.
    """
    _hold(complaint, by)
    if complaint.state != ComplaintState.ESCALATED:
        raise ComplaintError(_("This complaint is with no authority."))
    complaint.decision = decision
    if complaint.is_answer_standing:
        _close(complaint, by=by, also=["decision"])
        return
    complaint.move_to(ComplaintState.VERIFYING)
    had_response = complaint.events.filter(code__in=RESPONSES).exists()
    reopened = [COMPLETION] if had_response else [COMPLETION, FIRST_RESPONSE]
    reopen_clocks(complaint, *reopened, by=by)
    meet_clocks(complaint, FIRST_RESPONSE)
    _save_step(complaint, by=by, also=["decision"])


# Complaints that belong together


@transaction.atomic
def link_complaints(complaint: Complaint, *, other: Complaint, kind: str, by: User) -> None:
    """Say that two complaints belong together; said again, the later word counts.

    Raises ComplaintError, CaseError, ConflictOfInterest.
    """
    if complaint.pk == other.pk:
        raise ComplaintError(_("That is this complaint itself."))
    lock_together(complaint, other)
    earlier, later = sorted((complaint, other), key=lambda each: each.pk)
    for each in (earlier, later):
        refuse_conflict(each, by)
    ComplaintLink.objects.update_or_create(
        earlier=earlier, later=later, defaults={"kind": kind, "by": by}
    )


# What every step does


def _hold(complaint: Complaint, by: User | None) -> None:
    """Reload the row and hold it; refuse whoever has an interest of their own."""
    lock_case(complaint)
    if by is not None:
        refuse_conflict(complaint, by)


def _close(
    complaint: Complaint, *, by: User, also: Sequence[str], details: Details | None = None
) -> None:
    stop_waiting(complaint, by=by)
    complaint.move_to(ComplaintState.RESOLVED)
    complaint.answered_at = complaint.answered_at or timezone.now()
    meet_clocks(complaint)
    fields = [*also, "closed_at", "answered_at"]
    _save_step(complaint, by=by, also=fields, details=details)


def _save_step(
    complaint: Complaint,
    *,
    by: User | None,
    also: Sequence[str] = (),
    at: datetime | None = None,
    details: Details | None = None,
    tell: bool = True,
) -> None:
    fields = ["state", "late_from", "waiting_since", *also]
    save_as(complaint, by=by, reason=complaint.state, fields=fields)
    add_event(complaint, complaint.state, by=by, at=at, details=details)
    if tell:
        tell_customer(complaint)


def tell_customer(complaint: Complaint, step: str = "") -> None:
    """Write the notice about a step, else about the state that the complaint has now."""
    queue_notice(
        f"complaint_{step or complaint.state}",
        recipient=complaint.customer.public_id,
        key=f"complaint-{complaint.public_id[:16]}-{complaint.events.count()}",
        reference=complaint.reference,
        path=complaint.get_absolute_url(),
        last_day=_day_to_come(complaint),
    )


def _day_to_come(complaint: Complaint) -> str | None:
    """Return the last day, unless it is over: no mail promises that."""
    if complaint.late_from is None or complaint.is_late:
        return None
    return last_day_before(complaint.late_from).isoformat()
