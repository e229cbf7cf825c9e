"""The customer's approval: where the company promises so, nothing opens and changes without it.

How it holds:

- Every door that shows a customer's data in full calls ``require_opening`` in the transaction that
  records the access, every one that changes it ``require_change``. They hold the approval's row to
  the end: a customer who ends it waits for a look that is under way, or the look finds it ended.
- Whether it opens follows from the times in its row, so that nothing has to run for it to end.
- It opens the record to who asked, for the purpose and the data that the customer read, and to
  nobody else. An emergency that a second person confirmed opens it too, and never to change.
- What the customer sent the company themselves, a complaint with its evidence and messages, is
  open to who handles it: that is the service asked for.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from access.reasons import AccessReason
from accounts.exceptions import AccessClosed, ApprovalRefused
from accounts.locks import lock_customer
from accounts.models import (
    AccessApproval,
    AnswerWay,
    ApprovalAnswer,
    Customer,
    EmergencyAccess,
    User,
)
from accounts.models.approvals import ANSWER_WITHIN
from common.history import save_as
from notices.services import fills_template, queue_notice
from policies.models import Company, Purpose, StaffAccessMode

ASK_AGAIN_AFTER = timedelta(hours=24)  # once the customer said no, they are left in peace
ANSWER_FIELDS = ("answer", "answered_at", "answered_through", "ends_at")


def asks_customers_first() -> bool:
    """Tell whether the company promises that details open once the customer approves."""
    return Company.objects.filter(staff_access_mode=StaffAccessMode.APPROVAL).exists()


# What is open


@dataclass(frozen=True)
class Openings:
    """What is open of one customer's record to one member of staff at this moment."""

    approvals: list[AccessApproval]
    emergencies: list[EmergencyAccess]

    def __bool__(self) -> bool:
        return bool(self.groups)

    @property
    def groups(self) -> set[str]:
        every = [*self.approvals, *self.emergencies]
        return {group for opening in every for group in opening.field_groups}

    def purposes(self) -> QuerySet[Purpose]:
        """Return those that may be named: an emergency is for any, an approval for its own."""
        active = Purpose.objects.active()
        if self.emergencies:
            return active
        return active.filter(pk__in=[each.purpose_id for each in self.approvals])


def openings_for(customer: Customer, *, by: Any) -> Openings | None:
    """Return what is open to ``by``; None where the company does not ask its customers first."""
    if not asks_customers_first():
        return None
    now = timezone.now()
    mine: dict[str, Any] = {"customer": customer.pk, "asked_by": by.pk}
    approvals = AccessApproval.objects.running(now).filter(**mine).select_related("purpose")
    return Openings(
        list(approvals.order_by("ends_at")),
        list(EmergencyAccess.objects.running(now).filter(**mine).order_by("ends_at")),
    )


def require_opening(
    customer: Customer, *, by: Any, groups: Iterable[str], purpose: Purpose | None = None
) -> AccessApproval | EmergencyAccess | None:
    """Return what opens ``groups`` to ``by``, held; None where the company does not ask.

    purpose: None where the door asks for none; then an approval for any one serves.
    Call it in the transaction that records the access.

    Raises AccessClosed.
    """
    if not asks_customers_first():
        return None
    wanted = _wanted(customer, by, groups)
    approved = wanted if purpose is None else {**wanted, "purpose": purpose}
    now = timezone.now()
    opening = _held(AccessApproval.objects.running(now).filter(**approved)) or _held(
        EmergencyAccess.objects.running(now).filter(**wanted)
    )
    if opening is None:
        raise _closed()
    return opening  # type: ignore[no-any-return]


def require_change(customer: Customer, *, by: Any, groups: Iterable[str]) -> AccessApproval | None:
    """Return what lets ``by`` change ``groups``, held; None where the company does not ask.

    Call it in the transaction that changes.

    Raises AccessClosed.
    """
    if not asks_customers_first():
        return None
    running = AccessApproval.objects.running(timezone.now()).filter(may_change=True)
    approval: AccessApproval | None = _held(running.filter(**_wanted(customer, by, groups)))
    if approval is None:
        raise _closed()
    return approval


def _wanted(customer: Customer, by: Any, groups: Iterable[str]) -> dict[str, Any]:
    return {
        "customer": customer.pk,
        "asked_by": by.pk,
        "field_groups__contains": sorted(set(groups)),
    }


def _held(rows: QuerySet[Any]) -> Any:
    """Hold the one that lasts longest; one that ended while we waited for its row is none."""
    return rows.select_for_update(of=("self",)).order_by("-ends_at").first()


def _closed() -> AccessClosed:
    return AccessClosed(_("The customer has not approved this, or not any more. Nothing was done."))


def is_open_to(customer: Customer, *, by: Any, groups: Iterable[str]) -> bool:
    """Say whether ``groups`` may be shown to ``by`` now: for what goes on after a recorded look."""
    openings = openings_for(customer, by=by)
    if openings is None:
        return True
    every = [*openings.approvals, *openings.emergencies]
    return any(set(groups) <= set(opening.field_groups) for opening in every)


# Asking


@transaction.atomic
def ask_approval(
    customer: Customer,
    *,
    purpose: Purpose,
    groups: Collection[str],
    hours: int,
    may_change: bool = False,
    case: str = "",
    reason: AccessReason | str = "",
    by: User,
) -> AccessApproval:
    """Ask the customer, who is told at once and has twelve hours to answer.

    Raises ApprovalRefused.
    """
    try:
        lock_customer(customer)
    except Customer.DoesNotExist:
        raise ApprovalRefused(_("This customer's data has been deleted.")) from None
    _require_askable(customer, by=by)
    now = timezone.now()
    approval = AccessApproval(
        customer=customer,
        purpose=purpose,
        field_groups=sorted(groups),
        hours=hours,
        may_change=may_change,
        case_reference=case,
        reason=reason,
        asked_by=by,
        asked_at=now,
        answer_by=now + ANSWER_WITHIN,
    )
    save_as(approval, by=by, reason="approval asked")
    queue_notice(
        "access_asked",
        recipient=customer.public_id,
        key=f"access-asked-{approval.public_id}",
        approval=approval.public_id,
    )
    return approval


def _require_askable(customer: Customer, *, by: User) -> None:
    now = timezone.now()
    asked = AccessApproval.objects.filter(customer=customer)
    if not customer.email and customer.user_id is None:
        raise ApprovalRefused(_("No address of this customer is known, so nobody can be asked."))
    if asked.waiting(now).filter(asked_by=by).exists():
        raise ApprovalRefused(_("You have asked this customer already. The answer is to come."))
    refused = asked.filter(answer=ApprovalAnswer.REFUSED, answered_at__gt=now - ASK_AGAIN_AFTER)
    if refused.exists():
        raise ApprovalRefused(
            _("The customer refused in the last 24 hours. Nobody is to ask them again yet.")
        )


# Answering


@transaction.atomic
def answer_approval(
    approval: AccessApproval, *, granted: bool, through: AnswerWay, by: User | None
) -> None:
    """Write down the customer's answer, which starts the time of a grant; who asked is told.

    The caller has made sure that it is the customer. by: their sign-in, where they have one.

    Raises ApprovalRefused for what is answered, or was not in time.
    """
    _lock(approval)
    now = timezone.now()
    if approval.answer:
        raise ApprovalRefused(_("This is answered already."))
    if now >= approval.answer_by:
        raise ApprovalRefused(_("The time for an answer is over: nothing was opened."))
    approval.answer = ApprovalAnswer.GRANTED if granted else ApprovalAnswer.REFUSED
    approval.answered_at, approval.answered_through = now, through
    approval.ends_at = now + timedelta(hours=approval.hours) if granted else None
    approval.code = ""
    save_as(approval, by=by, reason=f"approval {approval.answer}", fields=[*ANSWER_FIELDS, "code"])
    _tell_who_asked(approval, "answered")
    if granted:
        queue_notice(
            "access_granted",
            recipient=approval.customer.public_id,
            key=f"access-granted-{approval.public_id}",
            approval=approval.public_id,
        )


@transaction.atomic
def revoke_approval(approval: AccessApproval, *, by: User | None) -> None:
    """End a grant at once, as the customer asks. A look that is under way is waited for.

    One that has ended stays so: ending it twice does nothing.

    Raises ApprovalRefused for what was never granted.
    """
    _lock(approval)
    if approval.answer != ApprovalAnswer.GRANTED:
        raise ApprovalRefused(_("This was not granted, so there is nothing to end."))
    if approval.state == AccessApproval.State.RUNNING:
        _revoke(approval, by=by)


def end_grants(customer: Customer, *, by: User | None) -> None:
    """End all that the customer granted; for who holds the customer's row."""
    running = AccessApproval.objects.running(timezone.now()).filter(customer=customer)
    for approval in running.select_for_update(of=("self",)):
        _revoke(approval, by=by)


def _revoke(approval: AccessApproval, *, by: User | None) -> None:
    approval.revoked_at = timezone.now()
    save_as(approval, by=by, reason="approval ended", fields=["revoked_at"])
    _tell_who_asked(approval, "ended")


def _lock(approval: AccessApproval) -> None:
    """Hold the customer's row, then the question's: the order of who changes and who asks."""
    try:
        lock_customer(approval.customer)
        rows = AccessApproval.objects.select_for_update(of=("self",))
        approval.refresh_from_db(from_queryset=rows)
    except (Customer.DoesNotExist, AccessApproval.DoesNotExist):
        raise ApprovalRefused(_("This is not there any more.")) from None


def _tell_who_asked(approval: AccessApproval, event: str) -> None:
    queue_notice(
        "access_answer",
        recipient=approval.asked_by.public_id,
        key=f"access-{event}-{approval.public_id}",
        approval=approval.public_id,
        event=event,
    )


@fills_template("access_answer")
def _answer_in_words(context: dict[str, Any]) -> dict[str, Any]:
    """Fetch what the mail says when it is sent, so that no row of the outbox holds it."""
    approval = AccessApproval.objects.filter(public_id=context["approval"]).first()
    page = partial(reverse, "admin:accounts_customer_change")
    return {
        "asked": approval,
        "page": page(args=[approval.customer_id]) if approval else reverse("admin:index"),
    }
