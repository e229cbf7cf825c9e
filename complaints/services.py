"""What people do to complaints.

Each function is one step of the procedure: it locks the complaint, checks the
rule, saves, and queues what follows for after the commit.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.exceptions import AccountClosed
from accounts.locks import lock_customer
from accounts.models import Customer, User
from casework.models import CaseKind
from casework.services import add_event, attach, meet_clocks, start_clocks, stored
from common.attachments import CheckedFile
from common.history import save_as
from complaints.exceptions import ComplaintError, SubmissionUsed
from complaints.models import Complaint, ComplaintState
from notices.services import queue_notice
from policies.models import TimeLimitKind

CLOCKS = (TimeLimitKind.COMPLAINT_FIRST_RESPONSE, TimeLimitKind.COMPLAINT_COMPLETION)
ASSIGNED = "assigned"


def file_complaint(
    customer: Customer,
    *,
    category: str,
    text: str,
    evidence: Sequence[CheckedFile] = (),
    submission: str,
    by: User,
    received_at: datetime | None = None,
) -> Complaint:
    """Record a new complaint with its clocks, which run from ``received_at`` (default: now).

    ``submission`` names the filled-in form: sent again, it returns the complaint
    that it made the first time. A clock that cannot be counted yet is started
    later, by start_missing_clocks(). With evidence, call it outside of every
    transaction.

    Raises AccountClosed, and SubmissionUsed for a form sent again with another content.
    """
    with stored(customer, evidence) as files, transaction.atomic(durable=bool(files)):
        lock_customer(customer)
        if not customer.is_open:
            raise AccountClosed(_("This account is closed."))
        known: Complaint | None = Complaint.objects.filter(submission=submission).first()
        if known:
            _require_same(known, customer, category, text, evidence)
            return known
        complaint = Complaint(
            kind=CaseKind.COMPLAINT,
            customer=customer,
            category=category,
            text=text,
            submission=submission,
            received_at=received_at or timezone.now(),
        )
        save_as(complaint, by=by, reason="filed")
        start_clocks(complaint, CLOCKS)
        save_as(complaint, by=by, reason="clocks started", fields=["late_from"])
        add_event(complaint, ComplaintState.RECEIVED, by=by, at=complaint.received_at)
        _tell_customer(complaint)
        attach(complaint, files, by=by)
    return complaint


def start_missing_clocks() -> int:
    """Start the clocks that could not be counted at receipt; return in how many complaints.

    Run again, it starts nothing twice.
    """
    waiting = Complaint.objects.open().lacking_clocks(CLOCKS).values_list("pk", flat=True)
    return sum(_start_missing_clocks(key) for key in list(waiting))


@transaction.atomic
def _start_missing_clocks(key: int) -> bool:
    open_ones = Complaint.objects.open().select_for_update(skip_locked=True)
    complaint = open_ones.filter(pk=key).first()
    if complaint is None or not start_clocks(complaint, CLOCKS):
        return False
    if answer := complaint.events.filter(code=ComplaintState.VERIFYING).first():
        meet_clocks(complaint, TimeLimitKind.COMPLAINT_FIRST_RESPONSE, at=answer.at)
    save_as(complaint, by=None, reason="clocks started", fields=["late_from"])
    return True


def _require_same(
    known: Complaint, customer: Customer, category: str, text: str, evidence: Sequence[CheckedFile]
) -> None:
    """Refuse to take a form for one sent before when it says something else."""
    hashes = sorted(known.evidence.values_list("sha256", flat=True))
    sent = (customer.pk, category, text, sorted(file.sha256 for file in evidence))
    if sent != (known.customer_id, known.category, known.text, hashes):
        raise SubmissionUsed(
            _(
                "You have sent this form before, with other words or files, and we keep that"
                " complaint. To make this one too, choose its files again and send it once more."
            )
        )


@transaction.atomic
def assign_complaint(complaint: Complaint, *, handler: User, by: User) -> None:
    """Make ``handler`` responsible.

    Raises ComplaintError when the complaint is closed or the handler may not work on it.
    """
    _lock(complaint)
    if not complaint.is_open:
        raise ComplaintError(_("This complaint is closed."))
    if not (handler.is_active and handler.has_perm("complaints.change_complaint")):
        raise ComplaintError(_("This person may not work on complaints."))
    if complaint.handler == handler:
        return
    complaint.handler = handler
    save_as(complaint, by=by, reason=ASSIGNED, fields=["handler"])
    add_event(complaint, ASSIGNED, by=by)


@transaction.atomic
def verify_complaint(complaint: Complaint, *, by: User) -> None:
    """Begin to check what the customer says; this is the first response.

    Whoever begins takes the complaint if nobody has it.

    Raises InvalidTransition.
    """
    _lock(complaint)
    complaint.move_to(ComplaintState.VERIFYING)
    complaint.handler = complaint.handler or by
    meet_clocks(complaint, TimeLimitKind.COMPLAINT_FIRST_RESPONSE)
    _save_step(complaint, by=by, also=["handler"])


@transaction.atomic
def work_on_complaint(complaint: Complaint, *, by: User) -> None:
    """Go from checking to working out cause and solution.

    Raises InvalidTransition.
    """
    _lock(complaint)
    complaint.move_to(ComplaintState.IN_PROGRESS)
    _save_step(complaint, by=by)


@transaction.atomic
def resolve_complaint(complaint: Complaint, *, cause: str, solution: str, by: User) -> None:
    """Answer the customer with cause and solution, and close the complaint.

    Raises InvalidTransition, and ComplaintError when one of the two is missing.
    """
    _lock(complaint)
    if not (cause.strip() and solution.strip()):
        raise ComplaintError(_("A complaint is resolved with its cause and its solution."))
    complaint.move_to(ComplaintState.RESOLVED)
    complaint.cause, complaint.solution = cause, solution
    meet_clocks(complaint)
    _save_step(complaint, by=by, also=["cause", "solution", "closed_at"])


@transaction.atomic
def withdraw_complaint(complaint: Complaint, *, by: User) -> None:
    """Close the complaint at the customer's wish.

    Raises InvalidTransition.
    """
    _lock(complaint)
    complaint.move_to(ComplaintState.WITHDRAWN)
    meet_clocks(complaint)
    _save_step(complaint, by=by, also=["closed_at"])


def _save_step(complaint: Complaint, *, by: User, also: Sequence[str] = ()) -> None:
    save_as(complaint, by=by, reason=complaint.state, fields=["state", "late_from", *also])
    add_event(complaint, complaint.state, by=by)
    _tell_customer(complaint)


def _tell_customer(complaint: Complaint) -> None:
    queue_notice(
        f"complaint_{complaint.state}",
        recipient=complaint.customer.public_id,
        key=f"complaint-{complaint.public_id[:16]}-{complaint.state}",
        reference=complaint.reference,
        path=complaint.get_absolute_url(),
        last_day=complaint.last_day and complaint.last_day.isoformat(),
    )


def _lock(complaint: Complaint) -> None:
    """Reload the row and hold it until the transaction ends."""
    complaint.refresh_from_db(from_queryset=Complaint.objects.select_for_update())
