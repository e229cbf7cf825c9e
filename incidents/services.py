"""Unauthorised use of an account: reporting it locks the account at once.

The customer unlocks it without waiting for anybody, by a link mailed to the verified address and
with a new password: whoever used the old one is out, and no right of the customer's waits for
office hours. Only where the mailbox may be in wrong hands too, or where staff locked, a member
of staff first makes sure who asks and allows it.
"""

from typing import Unpack

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.identity_checks import CheckMade, record_identity_check
from accounts.locking import forget_second_factor, lock_sign_in, unlock_sign_in
from accounts.locks import lock_customer, lock_open
from accounts.models import (
    Customer,
    User,
)
from casework.models import CaseChannel, CaseKind
from casework.services import add_event
from common.history import save_as
from incidents.exceptions import IncidentError
from incidents.models import IS_LOCKED, ReportOrigin, UnauthorisedUse, UseState, new_reference
from notices.services import queue_notice

LOCKED, RELEASED, UNLOCKED = "locked", "released", "unlocked"
FACTOR_REMOVED = "factor_removed"
REPORTED_FIELDS = (
    "state",
    "closed_at",
    "received_at",
    "text",
    "needs_release",
    "released_at",
    "mailbox_unsafe",
)


@transaction.atomic
def report_unauthorised_use(
    customer: Customer,
    *,
    origin: ReportOrigin,
    by: User,
    text: str = "",
    mailbox_unsafe: bool = False,
) -> UnauthorisedUse:
    """Lock the account, open a case, and tell the customer what happens next.

    Reported again while it is locked, it stays one case, which then remembers the graver word and
    every text; a settled one is open again.

    Raises AccountClosed, and IncidentError where nobody can sign in anyway.
    """
    lock_open(customer)
    if customer.user is None:
        raise IncidentError(_("This customer has no sign-in."))
    needs_release = mailbox_unsafe or origin == ReportOrigin.STAFF
    lock_sign_in(customer, by=by)
    known = UnauthorisedUse.objects.filter(IS_LOCKED, customer=customer).first()
    if known is not None:
        return _add_to(
            known, needs_release=needs_release, mailbox_unsafe=mailbox_unsafe, text=text, by=by
        )
    case = UnauthorisedUse(
        kind=CaseKind.UNAUTHORISED_USE,
        reference=new_reference(),
        customer=customer,
        channel=CaseChannel.WEB,
        origin=origin,
        text=text,
        needs_release=needs_release,
        mailbox_unsafe=mailbox_unsafe,
    )
    save_as(case, by=by, reason="unauthorised use reported")
    add_event(case, LOCKED, by=by)
    _tell(case, "account_locked")
    return case


def _add_to(
    case: UnauthorisedUse, *, needs_release: bool, mailbox_unsafe: bool, text: str, by: User
) -> UnauthorisedUse:
    was_settled = not case.is_open
    if needs_release:
        case.needs_release, case.released_at = True, None
    if was_settled:
        case.state, case.closed_at, case.received_at = UseState.REPORTED, None, timezone.now()
    if text not in case.text:
        case.text = f"{case.text}\n\n{text}".strip()
    case.mailbox_unsafe |= mailbox_unsafe
    save_as(case, by=by, reason="unauthorised use reported", fields=REPORTED_FIELDS)
    add_event(case, UseState.REPORTED, by=by)
    if was_settled:
        _tell(case, "account_locked")
    return case


@transaction.atomic
def allow_unlocking(
    case: UnauthorisedUse,
    *,
    by: User,
    mailbox_is_safe: bool = False,
    removes_factor: bool = False,
    **made: Unpack[CheckMade],
) -> bool:
    """Record how staff made sure who asks and, if it was proved, mail the link that unlocks.

    Return whether it was. mailbox_is_safe: so the customer says of the address to which the link
    goes. removes_factor: the second factor goes too, as somebody else may have set it up.

    Raises IncidentError, also where the mailbox was in doubt and nobody says that it is safe.
    """
    _lock(case)
    if case.unlocked_at is not None or case.released_at is not None or not case.needs_release:
        raise IncidentError(_("The customer can unlock the account already, or has done so."))
    if not record_identity_check(case.customer, by=by, **made).is_proved:
        return False
    if case.mailbox_unsafe and not mailbox_is_safe:
        raise IncidentError(
            _(
                "Somebody else may read the customer's mails. Change the email first, or make sure"
                " that the mailbox is safe again, and tick so."
            )
        )
    case.released_at = timezone.now()
    save_as(case, by=by, reason="unlocking allowed", fields=["released_at"])
    add_event(case, RELEASED, by=by)
    factor_removed = removes_factor and forget_second_factor(case.customer)
    if factor_removed:
        add_event(case, FACTOR_REMOVED, by=by)
    _tell(case, "account_locked", factor_removed=factor_removed)
    return True


@transaction.atomic
def unlock_account(customer: Customer, *, password: str) -> None:
    """Let the customer in again, who has opened the mailed link and chosen a new password.

    Raises AccountClosed, NotLocked, and IncidentError while staff have to look first.
    """
    lock_open(customer)
    by = User.objects.get(customer=customer)
    case = UnauthorisedUse.objects.filter(IS_LOCKED, customer=customer).first()
    if case is not None and not case.may_be_unlocked:
        raise IncidentError(_("A member of our staff has to look at this first. Please call us."))
    unlock_sign_in(customer, password=password, by=by)
    if case is not None:
        case.unlocked_at = timezone.now()
        save_as(case, by=by, reason="unlocked", fields=["unlocked_at"])
        add_event(case, UNLOCKED, by=by)
        _tell(case, "account_unlocked")


def end_locks_given_up(duplicate: Customer, survivor: Customer) -> None:
    """Let no report of two records that become one wait for a lock that no sign-in has any more.

    Where the sign-in that stays is locked, one report stays: the graver one.
    """
    reports = UnauthorisedUse.objects.filter(IS_LOCKED, customer__in=(duplicate, survivor))
    gravest_first = sorted(reports, key=lambda report: report.may_be_unlocked)
    is_locked = survivor.user is not None and survivor.user.locked_at is not None
    for case in gravest_first[is_locked:]:
        case.unlocked_at = timezone.now()
        case.released_at = case.released_at or case.unlocked_at
        save_as(case, by=None, reason="merged", fields=["unlocked_at", "released_at"])


@transaction.atomic
def settle_report(case: UnauthorisedUse, *, finding: str, by: User) -> None:
    """Close the case with what was found; the customer reads it. A lock stays as it is.

    Raises IncidentError.
    """
    _lock(case)
    if not case.is_open:
        raise IncidentError(_("This report is settled already."))
    if not finding.strip():
        raise IncidentError(_("A report is settled with what was found."))
    case.state, case.finding, case.closed_at = UseState.SETTLED, finding, timezone.now()
    case.handler = case.handler or by
    fields = ["state", "finding", "closed_at", "handler"]
    save_as(case, by=by, reason="settled", fields=fields)
    add_event(case, UseState.SETTLED, by=by)
    _tell(case, "report_settled")


def _lock(case: UnauthorisedUse) -> None:
    """Lock the customer first, as all others do, then reload the case and hold it."""
    lock_customer(case.customer)
    case.refresh_from_db(from_queryset=UnauthorisedUse.objects.select_for_update(of=("self",)))


def _tell(case: UnauthorisedUse, template: str, **said: bool) -> None:
    queue_notice(
        template,
        recipient=case.customer.public_id,
        key=f"{template}-{case.public_id[:16]}-{case.history.count()}",
        case=case.public_id,
        reference=case.reference,
        waits=case.needs_release and case.released_at is None,
        **said,
    )
