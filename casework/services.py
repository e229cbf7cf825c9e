"""What every kind of case does: keep a timeline, write messages and notes, wait, take evidence.

Each function that changes a case locks it first, in a transaction of its own.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist
from django.db import transaction
from django.db.models import Sum
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.files import file_key
from accounts.locks import lock_customer
from accounts.models import Customer, User
from casework.clocks import Move, count_anew, pause_clocks, resume_clocks
from casework.exceptions import CaseError, CaseGone, ConflictOfInterest
from casework.heard import Heard, moment_of
from casework.models import (
    ANSWERED,
    ASKED,
    ASSIGNED,
    DEADLINE_MOVED,
    EXTENDED,
    WENT_ON,
    WROTE,
    Case,
    CaseConflict,
    CaseEvent,
    CaseMessage,
    CaseNote,
    CaseReminder,
    Clock,
    ConflictCause,
    Evidence,
    evidence_path,
)
from common.attachments import AttachmentRefused, CheckedFile
from common.files import keep_files, provisional_files
from common.history import save_as
from notices.services import queue_notice
from policies.counting import local_day
from policies.models import TimeLimitKind


def lock_case(case: Case) -> None:
    """Reload the row and hold it until the transaction ends.

    In both of its tables: who waited would get from one that is not held what it said before.

    Raises CaseGone.
    """
    try:
        case.refresh_from_db(from_queryset=type(case)._default_manager.select_for_update())
    except ObjectDoesNotExist:
        raise _gone() from None


def lock_owner(case: Case) -> None:
    """Hold the customer of a case, before the case.

    Raises CaseGone.
    """
    try:
        lock_customer(case.customer)
    except Customer.DoesNotExist:
        raise _gone() from None


def _gone() -> CaseGone:
    return CaseGone(_("This case does not exist any more."))


def lock_together(*cases: Case) -> None:
    """Hold cases and their customers, always in the same order: nobody waits in a circle.

    Raises CaseGone.
    """
    for case in sorted(cases, key=lambda each: each.customer_id):
        lock_owner(case)
    for case in sorted(cases, key=lambda each: each.pk):
        lock_case(case)


def hold_open(case: Case, *, by: User) -> None:
    """Hold a case for somebody to work on.

    Raises CaseError when it is closed, and ConflictOfInterest.
    """
    lock_case(case)
    if not case.is_open:
        raise CaseError(_("This case is closed."))
    refuse_conflict(case, by)


def refuse_conflict(case: Case, staff: User) -> None:
    """Raises ConflictOfInterest when this person may not work on the case."""
    if staff.is_staff and CaseConflict.objects.filter(case_id=case.pk, staff=staff).exists():
        raise ConflictOfInterest(
            _("%(person)s may not work on this case: there is a conflict of interest.")
            % {"person": staff}
        )


@transaction.atomic
def exclude_staff(case: Case, staff: User, *, cause: ConflictCause) -> None:
    """Keep somebody away from a case from now on; if they handled it, nobody does."""
    lock_case(case)
    CaseConflict.objects.update_or_create(case_id=case.pk, staff=staff, defaults={"cause": cause})
    if case.handler_id == staff.pk:
        case.handler = None
        save_as(case, by=None, reason="conflict of interest", fields=["handler"])


# Who works on it


@transaction.atomic
def assign_case(case: Case, *, handler: User, by: User, permission: str) -> None:
    """Make ``handler`` responsible, who must have the permission.

    Raises CaseError, and ConflictOfInterest when either has an interest of their own.
    """
    hold_open(case, by=by)
    if not (handler.is_active and handler.has_perm(permission)):
        raise CaseError(_("This person may not work on complaints."))
    refuse_conflict(case, handler)
    if case.handler == handler:
        return
    case.handler = handler
    save_as(case, by=by, reason=ASSIGNED, fields=["handler"])
    add_event(case, ASSIGNED, by=by, details={"to": [handler.public_id]})


# How long it may take


@transaction.atomic
def extend_case(case: Case, *, kind: TimeLimitKind, units: int, reason: str, by: User) -> None:
    """Give a case more time, once, before its end, and tell the customer why.

    ``units`` are those of the time limit, at most what it allows.

    Raises CaseError, ConflictOfInterest.
    """
    hold_open(case, by=by)
    clock = _extensible(case, kind, units)
    if not reason.strip():
        raise CaseError(_("Say why more time is needed. The customer reads it."))
    clock.extended_by = units
    clock.save(update_fields=["extended_by"])
    moves = count_anew(case, [clock])
    if not moves:
        raise CaseError(_("The official calendar does not reach so far. Load the next year first."))
    save_as(case, by=by, reason=EXTENDED, fields=["late_from"])
    add_event(case, EXTENDED, by=by, details=moves[0])
    _write(case, reason, by=by)


def extensible_clock(case: Case, kind: TimeLimitKind) -> Clock | None:
    """Return the running clock of this kind that may be extended now, or None.

    Where a statutory and a promised one run, both would have to allow it.
    """
    running = Clock.objects.filter(case_id=case.pk, kind=kind).running().select_related("limit")
    clocks = list(running)
    if not clocks or any(clock.extended_by or not clock.limit.extension for clock in clocks):
        return None
    nearest = min(clocks, key=lambda clock: clock.late_from)
    return nearest if timezone.now() < nearest.late_from else None


def _extensible(case: Case, kind: TimeLimitKind, units: int) -> Clock:
    clock = extensible_clock(case, kind)
    if clock is None:
        raise CaseError(
            _("The time cannot be extended: the rule allows it once, before its end, or never.")
        )
    most = clock.limit.extension or 0
    if not 1 <= units <= most:
        raise CaseError(_("An extension is 1 to %(most)d.") % {"most": most})
    return clock


# What is written


@transaction.atomic
def write_to_customer(case: Case, *, text: str, by: User, is_question: bool = False) -> None:
    """Send a message; a question lets the clocks stand still that may, until it is answered.

    Raises CaseError, ConflictOfInterest.
    """
    hold_open(case, by=by)
    message = _write(case, text, by=by, is_question=is_question)
    if is_question and case.waiting_since is None:
        case.waiting_since = message.at
        pause_clocks(case, at=message.at)
        save_as(case, by=by, reason=ASKED, fields=["waiting_since", "late_from"])
    add_event(case, ASKED if is_question else WROTE, by=by, at=message.at)


def write_as_customer(
    case: Case,
    *,
    text: str,
    by: User | None,
    evidence: Collection[CheckedFile] = (),
) -> None:
    """Take a message of the customer's, as ``take_message`` does.

    With evidence, call it outside of every transaction.

    Raises CaseError, AttachmentRefused, ConflictOfInterest.
    """
    with stored(case.customer, evidence) as files, transaction.atomic(durable=bool(files)):
        take_message(case, text=text, by=by, files=files)


@transaction.atomic
def take_message(
    case: Case,
    *,
    text: str,
    by: User | None,
    files: Collection[Evidence] = (),
    heard: Heard | None = None,
) -> None:
    """Take a message of the customer's with stored() files; it answers what they were asked before.

    ``heard``: it came outside of the portal, and ``by`` wrote it down.

    Raises CaseError, AttachmentRefused, ConflictOfInterest.
    """
    lock_owner(case)
    hold_for_customer(case, by=by, heard=heard)
    if not case.is_open:
        raise CaseError(_("This case is closed."))
    at = moment_of(heard, since=case.received_at)
    CaseMessage.objects.create(case_id=case.pk, from_customer=True, text=text, by=by, at=at)
    attach(case, files, by=by)
    _note_answer(case, by=by, at=at, details=heard.details if heard else None)


def hold_for_customer(case: Case, *, by: User | None, heard: Heard | None) -> None:
    """Hold a case for its customer, or for the member of staff who writes down what they said.

    Raises ConflictOfInterest.
    """
    lock_case(case)
    if heard is not None and by is not None:
        refuse_conflict(case, by)


def _note_answer(
    case: Case, *, by: User | None, at: datetime, details: Mapping[str, Any] | None
) -> None:
    if case.waiting_since is None or at < case.waiting_since:
        add_event(case, WROTE, by=by, at=at, details=details)
    else:
        _go_on(case, ANSWERED, by=by, at=at, details=details)
    if case.handler and case.handler != by:
        _tell_handler(case, case.handler)


@transaction.atomic
def go_on_without_answer(case: Case, *, by: User) -> None:
    """Wait no longer for the customer.

    Raises CaseError, ConflictOfInterest.
    """
    hold_open(case, by=by)
    if case.waiting_since is None:
        raise CaseError(_("Nothing is being waited for."))
    _go_on(case, WENT_ON, by=by)


def stop_waiting(case: Case, *, by: User | None) -> None:
    """End a pause before a held case is closed or handed on, so that its days are counted right."""
    if case.waiting_since is not None:
        _go_on(case, WENT_ON, by=by)


def _go_on(case: Case, code: str, *, by: User | None, **event: Any) -> None:
    add_event(case, code, by=by, **event)
    case.waiting_since = None
    moves = resume_clocks(case)
    save_as(case, by=by, reason=code, fields=["waiting_since", "late_from"])
    add_moves(case, moves, cause=code, by=by)


@transaction.atomic
def add_note(case: Case, *, text: str, by: User, about: str = "") -> None:
    """Write something down for colleagues; also of a closed case.

    Raises ConflictOfInterest.
    """
    lock_case(case)
    refuse_conflict(case, by)
    CaseNote.objects.create(case_id=case.pk, about=about, text=text, by=by)


@transaction.atomic
def remind(case: Case, *, on: date, by: User) -> None:
    """Have oneself reminded of a case; asked twice for a day, once.

    Raises CaseError, ConflictOfInterest.
    """
    hold_open(case, by=by)
    if on <= local_day(timezone.now()):
        raise CaseError(_("Choose a day that is still to come."))
    CaseReminder.objects.get_or_create(case_id=case.pk, staff=by, on=on)


def _write(case: Case, text: str, *, by: User, is_question: bool = False) -> CaseMessage:
    """Write to the customer, and tell them where to read it."""
    if not text.strip():
        raise CaseError(_("Write something first."))
    message = CaseMessage.objects.create(
        case_id=case.pk, from_customer=False, is_question=is_question, text=text, by=by
    )
    queue_notice(
        "case_question" if is_question else "case_message",
        recipient=case.customer.public_id,
        key=f"message-{case.public_id[:16]}-{message.pk}",
        reference=case.reference,
        path=case.get_absolute_url(),
    )
    return message


def _tell_handler(case: Case, handler: User) -> None:
    """Say that the customer wrote: once a day while staff do nothing about it."""
    done = CaseEvent.objects.filter(case_id=case.pk, by__is_staff=True).order_by("pk").last()
    queue_notice(
        "case_customer_wrote",
        recipient=handler.public_id,
        key=f"wrote-{case.public_id[:16]}-{done.pk if done else 0}-{local_day(timezone.now())}",
        reference=case.reference,
        path=case.get_desk_url(),
    )


# The timeline and the files


def add_event(
    case: Case,
    code: str,
    *,
    by: User | None,
    at: datetime | None = None,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Append to the timeline what happened ``at`` (default: now)."""
    CaseEvent.objects.create(
        case_id=case.pk, code=code, by=by, at=at or timezone.now(), details=details or {}
    )


def add_moves(case: Case, moves: Iterable[Move], *, cause: str, by: User | None) -> None:
    """Append to the timeline which last days have moved, and why."""
    for move in moves:
        add_event(case, DEADLINE_MOVED, by=by, details={**move, "cause": cause})


@contextmanager
def stored(customer: Customer, files: Collection[CheckedFile]) -> Iterator[list[Evidence]]:
    """Store the files of a case before the transaction that records it; yield their unsaved rows.

    What no transaction inside attached is removed at the end. Enter it outside
    of every transaction.

    Raises FileNotStored, CaseGone.
    """
    rows: list[Evidence] = []
    contents: dict[str, bytes] = {}
    for checked in files:
        row = Evidence(
            name=checked.name,
            content_type=checked.content_type,
            size=len(checked.content),
            sha256=checked.sha256,
            has_active_content=checked.has_active_content,
            scan_state=checked.scan_state,
        )
        row.file.name = evidence_path(row, checked.name)
        rows.append(row)
        contents[row.file.name] = checked.content
    if not contents:
        yield rows
        return
    try:
        key = file_key(customer)
    except Customer.DoesNotExist:
        raise _gone() from None
    with provisional_files(contents, key=key):
        yield rows


def attach(case: Case, evidence: Collection[Evidence], *, by: User | None) -> None:
    """Record stored() files with their case, in its transaction, under the customer's lock.

    Raises AttachmentRefused when the customer's files would take too much.
    """
    _require_room(case, evidence)
    for row in evidence:
        row.case_id = case.pk
        save_as(row, by=by, reason="received with the case")
    keep_files([str(row.file) for row in evidence])


def _require_room(case: Case, evidence: Collection[Evidence]) -> None:
    if not evidence:
        return
    kept = Evidence.objects.filter(case__customer=case.customer_id).aggregate(size=Sum("size"))
    if (kept["size"] or 0) + sum(row.size for row in evidence) > settings.EVIDENCE_QUOTA_BYTES:
        raise AttachmentRefused(
            _(
                "With what you sent before, your files would take more than %(most)s. Send fewer or"
                " smaller ones, or describe them in words."
            )
            % {"most": filesizeformat(settings.EVIDENCE_QUOTA_BYTES)}
        )
