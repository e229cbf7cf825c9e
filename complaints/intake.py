"""How a complaint comes in: recorded at once with its clocks, whatever else is down.

What follows, people do: complaints.services.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Count, QuerySet
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from access.models import AccessRecord
from accounts.locks import lock_open
from accounts.models import Customer, User
from accounts.staff import who_may
from casework.clocks import meet_clocks, pause_clocks, start_clocks
from casework.models import ASSIGNED, CaseChannel, CaseKind, ConflictCause
from casework.services import add_event, attach, exclude_staff, stored
from common.attachments import CheckedFile
from common.history import save_as
from complaints.exceptions import ComplaintError, SubmissionUsed
from complaints.models import Complaint, ComplaintState, Identity, QuestionedAccess
from complaints.services import WORK, tell_customer
from policies.counting import local_day
from policies.models import Assignment, CalendarRange, Company, TimeLimitKind

CLOCKS = (TimeLimitKind.COMPLAINT_FIRST_RESPONSE, TimeLimitKind.COMPLAINT_COMPLETION)


def file_complaint(
    customer: Customer,
    *,
    category: str,
    text: str,
    evidence: Sequence[CheckedFile] = (),
    submission: str,
    by: User | None,
    received_at: datetime | None = None,
    channel: str = CaseChannel.WEB,
    severity: str = "",
    complexity: str = "",
    identity: str = "",
    questioned: Collection[AccessRecord] = (),
    about: Collection[User] = (),
    lock: Callable[[Customer], None] = lock_open,
) -> Complaint:
    """Record a new complaint with its clocks, which run from ``received_at`` (default: now).

    ``submission`` names the filled-in form: sent again, it returns the complaint
    that it made the first time. A clock that cannot be counted yet is started
    later, by start_missing_clocks(). ``identity`` is by default that of who is signed in, on the
    web, and nobody's on any other channel. ``about`` are members of staff whom the complaint is
    about, ``questioned`` the accesses that it calls into question: neither they nor those who
    looked get to see it. With evidence, call it outside of every transaction. ``lock`` holds the
    customer, and refuses who may file none.

    Raises AccountClosed, and SubmissionUsed for a form sent again with another content.
    """
    with stored(customer, evidence) as files, transaction.atomic(durable=bool(files)):
        lock(customer)
        typed = {
            "channel": channel,
            "severity": severity,
            "complexity": complexity,
            "category": category,
            "text": text,
            **({"received_at": received_at} if received_at else {}),
        }
        known: Complaint | None = Complaint.objects.filter(submission=submission).first()
        if known:
            _require_same(known, customer, typed, evidence, questioned, about)
            return known
        complaint = Complaint(
            kind=CaseKind.COMPLAINT,
            customer=customer,
            identity=identity or _identity_of(channel),
            submission=submission,
            **typed,
        )
        save_as(complaint, by=by, reason="filed")
        start_clocks(complaint, CLOCKS)
        save_as(complaint, by=by, reason="clocks started", fields=["late_from"])
        add_event(complaint, ComplaintState.RECEIVED, by=by, at=complaint.received_at)
        _keep_away(complaint, about, questioned)
        _assign_least_busy(complaint)
        tell_customer(complaint)
        attach(complaint, files, by=by)
    return complaint


def record_complaint(customer: Customer, *, received_at: datetime, **told: Any) -> Complaint:
    """File what came by post, phone, email or at the counter, as ``file_complaint`` does.

    Raises ComplaintError for a receipt that is still to come, or that no clock could run from.
    """
    if received_at > timezone.now():
        raise ComplaintError(_("This moment is still to come."))
    covered = CalendarRange.objects.values_list("covers_from", flat=True).first()
    if covered and local_day(received_at) < covered:
        raise ComplaintError(
            _("The official calendar begins on %(day)s; no clock can run from before.")
            % {"day": date_format(covered, "SHORT_DATE_FORMAT")}
        )
    return file_complaint(customer, received_at=received_at, **told)


def _identity_of(channel: str) -> Identity:
    return Identity.ACCOUNT if channel == CaseChannel.WEB else Identity.UNKNOWN


def _keep_away(
    complaint: Complaint, about: Collection[User], questioned: Collection[AccessRecord]
) -> None:
    """Attach the accesses in question, and keep whoever has an interest away.

    Staff who are customers too decide on no complaint of their own.
    """
    QuestionedAccess.objects.bulk_create(
        QuestionedAccess(complaint=complaint, record=record) for record in questioned
    )
    if (own := complaint.customer.user) and own.is_staff:
        exclude_staff(complaint, own, cause=ConflictCause.DECLARED)
    for staff in about:
        exclude_staff(complaint, staff, cause=ConflictCause.NAMED)
    for record in questioned:
        exclude_staff(complaint, record.actor, cause=ConflictCause.ACCESS)


def _assign_least_busy(complaint: Complaint) -> None:
    """Give a new complaint to the officer with the fewest open ones, if the company wants that."""
    if not Company.objects.filter(assignment=Assignment.LEAST_OPEN).exists():
        return
    free = possible_handlers().exclude(pk__in=complaint.conflicts.values("staff"))
    open_ones = Complaint.objects.open().order_by().values_list("handler")
    busy = dict(open_ones.annotate(Count("pk")))
    if handler := min(free.order_by("pk"), key=lambda each: busy.get(each.pk, 0), default=None):
        complaint.handler = handler
        save_as(complaint, by=None, reason=ASSIGNED, fields=["handler"])
        add_event(complaint, ASSIGNED, by=None, details={"to": [handler.public_id]})


def possible_handlers() -> QuerySet[User]:
    """Return the members of staff who may work on complaints."""
    return who_may(WORK)


def start_missing_clocks() -> int:
    """Start the clocks that could not be counted at receipt; return in how many complaints.

    Run again, it starts nothing twice.
    """
    waiting = Complaint.objects.open().lacking_clocks(CLOCKS).values_list("pk", flat=True)
    return sum(_start_missing_clocks(key) for key in list(waiting))


@transaction.atomic
def _start_missing_clocks(key: int) -> bool:
    waiting = Complaint.objects.open().exclude(state=ComplaintState.ESCALATED)
    complaint = waiting.select_for_update(skip_locked=True).filter(pk=key).first()
    if complaint is None or not start_clocks(complaint, CLOCKS):
        return False
    answers = (ComplaintState.ACKNOWLEDGED, ComplaintState.VERIFYING)
    if answer := complaint.events.filter(code__in=answers).first():
        meet_clocks(complaint, TimeLimitKind.COMPLAINT_FIRST_RESPONSE, at=answer.at)
    if complaint.waiting_since is not None:
        pause_clocks(complaint, at=complaint.waiting_since)
    save_as(complaint, by=None, reason="clocks started", fields=["late_from"])
    return True


def _require_same(
    known: Complaint,
    customer: Customer,
    typed: Mapping[str, Any],
    evidence: Sequence[CheckedFile],
    questioned: Collection[AccessRecord],
    about: Collection[User],
) -> None:
    """Refuse to take a form for one sent before when it says something else."""
    as_filed = known.history.earliest()  # it may have been judged anew since
    named = known.conflicts.filter(cause=ConflictCause.NAMED)
    held = (
        known.customer_id,
        {name: getattr(as_filed, name) for name in typed},
        sorted(known.evidence.values_list("sha256", flat=True)),
        set(known.questioned_accesses.values_list("record", flat=True)),
        set(named.values_list("staff", flat=True)),
    )
    sent = (
        customer.pk,
        typed,
        sorted(file.sha256 for file in evidence),
        {record.pk for record in questioned},
        {staff.pk for staff in about} - {record.actor_id for record in questioned},
    )
    if sent != held:
        raise SubmissionUsed(
            _(
                "You have sent this form before, filled in otherwise, and we keep that complaint."
                " To make this one too, choose its files again and send it once more."
            )
        )
