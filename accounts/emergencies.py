"""Opening a record without asking its customer, when time is short: never alone, never hidden.

One member of staff asks and names the emergency, another confirms it within the hour, it ends by
itself, the customer is told, and a data protection officer who is neither of them reviews it. Only
an authority's written order delays the telling, to a day that the order names. What is recorded of
who has the record open under it is hidden from the customer until then, and shows by itself.
"""

from collections.abc import Collection
from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from access.roles import COMPLAINT_LEAD, DPO
from access.services import delays_showing
from accounts.approvals import asks_customers_first
from accounts.exceptions import EmergencyRefused
from accounts.locks import lock_customer
from accounts.models import Customer, EmergencyAccess, MergeState, SecrecyOrder, User
from accounts.models.approvals import CONFIRM_WITHIN, LONGEST_SECRECY
from accounts.staff import holders
from common.history import save_as
from notices.services import fills_template, queue_notice, queue_notices
from policies.counting import local_day

CONFIRMING, REVIEWING = (COMPLAINT_LEAD, DPO), (DPO,)
REVIEW_WITHIN = timedelta(days=3)  # then the officers are reminded each day


@transaction.atomic
def ask_emergency(
    customer: Customer,
    *,
    category: str,
    groups: Collection[str],
    hours: int,
    case: str = "",
    secrecy: SecrecyOrder | None = None,
    by: User,
) -> EmergencyAccess:
    """Ask a second person to open a record; they are told at once, and nothing is open yet.

    secrecy: the order, in force and of this customer, under which the customer is told later. It
    takes one where the company does not ask its customers first: all else is open without this.

    Raises EmergencyRefused.
    """
    _hold(customer)
    if secrecy is not None:
        _require_in_force(secrecy, customer)
    elif not asks_customers_first():
        raise EmergencyRefused(_("This company does not ask customers first."))
    emergency = EmergencyAccess(
        customer=customer,
        category=category,
        field_groups=sorted(groups),
        hours=hours,
        case_reference=case,
        secrecy=secrecy,
        asked_by=by,
    )
    save_as(emergency, by=by, reason="emergency asked")
    _tell_staff("emergency_asked", emergency, CONFIRMING)
    return emergency


@transaction.atomic
def confirm_emergency(emergency: EmergencyAccess, *, by: User) -> None:
    """Open the record to who asked, as a second person; the customer is told unless it is secret.

    Raises EmergencyRefused.
    """
    _lock(emergency)
    now = timezone.now()
    if emergency.confirmed_at is not None:
        raise EmergencyRefused(_("This is confirmed already."))
    if now >= emergency.asked_at + CONFIRM_WITHIN:
        raise EmergencyRefused(_("Nobody confirmed it within the hour. It has to be asked anew."))
    if emergency.asked_by == by:
        raise EmergencyRefused(_("Another person than the one who asked confirms."))
    merged = emergency.customer.merges.filter(state=MergeState.MERGED)
    if merged.filter(decided_at__gte=emergency.asked_at).exists():
        raise EmergencyRefused(_("The record has become one with another since it was asked."))
    if emergency.secrecy is not None:
        _require_in_force(emergency.secrecy, emergency.customer)
    emergency.confirmed_by, emergency.confirmed_at = by, now
    emergency.ends_at = now + timedelta(hours=emergency.hours)
    save_as(
        emergency,
        by=by,
        reason="emergency confirmed",
        fields=["confirmed_by", "confirmed_at", "ends_at"],
    )
    if emergency.secrecy is None:
        _tell_customer(emergency)
    _tell_staff("emergency_review", emergency, REVIEWING)


@transaction.atomic
def end_emergency(emergency: EmergencyAccess, *, by: User) -> None:
    """Close the record again before the time.

    Raises EmergencyRefused for what is not open.
    """
    _lock(emergency)
    now = timezone.now()
    if emergency.ends_at is None or now >= emergency.ends_at:
        raise EmergencyRefused(_("This is not open."))
    emergency.ends_at = now
    save_as(emergency, by=by, reason="ended", fields=["ends_at"])


def end_emergencies(customer: Customer) -> None:
    """Close what is open of this customer; for who holds the customer's row."""
    running = EmergencyAccess.objects.running(timezone.now()).filter(customer=customer)
    for emergency in running.select_for_update(of=("self",)):
        emergency.ends_at = timezone.now()
        save_as(emergency, by=None, reason="ended", fields=["ends_at"])


@transaction.atomic
def review_emergency(emergency: EmergencyAccess, *, finding: str, by: User) -> None:
    """Write down what a data protection officer, who had no part in it, found of it.

    Raises EmergencyRefused.
    """
    _lock(emergency)
    now = timezone.now()
    if emergency.ends_at is None or now < emergency.ends_at:
        raise EmergencyRefused(_("It is reviewed when it has ended."))
    if emergency.reviewed_at is not None:
        raise EmergencyRefused(_("This is reviewed already."))
    if by in (emergency.asked_by, emergency.confirmed_by):
        raise EmergencyRefused(_("Who asked or confirmed does not review it."))
    emergency.reviewed_by, emergency.reviewed_at, emergency.finding = by, now, finding
    save_as(
        emergency,
        by=by,
        reason="reviewed",
        fields=["reviewed_by", "reviewed_at", "finding"],
    )


def tell_customers() -> int:
    """Tell the customers whose emergencies were secret until yesterday; return how many.

    Safe to repeat: who is told is told once.
    """
    waiting = EmergencyAccess.objects.to_be_told(local_day(timezone.now()))
    return sum(_tell_if_due(each) for each in waiting.select_related("customer"))


@transaction.atomic
def _tell_if_due(emergency: EmergencyAccess) -> bool:
    try:
        _lock(emergency)
    except EmergencyRefused:  # erased, or another customer's since a merge: met the next time
        return False
    if emergency.told_at is not None:
        return False
    _tell_customer(emergency)
    return True


def remind_of_reviews() -> None:
    """Remind the officers, once a day, of what waits for a review. Safe to repeat."""
    now = timezone.now()
    late = EmergencyAccess.objects.unreviewed().filter(ends_at__lt=now - REVIEW_WITHIN)
    for emergency in late.select_related("asked_by", "confirmed_by"):
        _tell_staff("emergency_review", emergency, REVIEWING, key=f"-{local_day(now):%y%m%d}")


def _tell_customer(emergency: EmergencyAccess) -> None:
    emergency.told_at = timezone.now()
    save_as(emergency, by=None, reason="customer told", fields=["told_at"])
    queue_notice(
        "emergency_access",
        recipient=emergency.customer.public_id,
        key=f"emergency-{emergency.public_id}",
        emergency=emergency.public_id,
    )


def _tell_staff(
    template: str, emergency: EmergencyAccess, roles: Collection[str], *, key: str = ""
) -> None:
    """Write to who may take the next step, but for those who had a part in it."""
    involved = {each.public_id for each in (emergency.asked_by, emergency.confirmed_by) if each}
    able: set[str] = set().union(*map(holders, roles)) - involved
    page = reverse("admin:accounts_emergencyaccess_change", args=[emergency.pk])
    queue_notices(
        template,
        [
            (each, f"{template}-{emergency.pk}-{each[:16]}{key}", {"page": page})
            for each in sorted(able)
        ],
    )


def _lock(emergency: EmergencyAccess) -> None:
    _hold(emergency.customer)
    rows = EmergencyAccess.objects.select_for_update(of=("self",))
    try:
        emergency.refresh_from_db(from_queryset=rows)
    except EmergencyAccess.DoesNotExist:
        raise EmergencyRefused(_("This is not there any more.")) from None


def _hold(customer: Customer) -> None:
    try:
        lock_customer(customer)
    except Customer.DoesNotExist:
        raise EmergencyRefused(_("This customer's data has been deleted.")) from None


# Orders of secrecy


@transaction.atomic
def record_secrecy_order(
    customer: Customer, *, authority: str, document: str, dated_on: date, ends_on: date, by: User
) -> SecrecyOrder:
    """Record an authority's written order; it counts once a second person has seen it too.

    Raises EmergencyRefused.
    """
    _hold(customer)
    today = local_day(timezone.now())
    if dated_on > today or ends_on < today:
        raise EmergencyRefused(_("The order begins before today and ends after it."))
    if ends_on - dated_on > LONGEST_SECRECY:
        raise EmergencyRefused(_("An order is for a year at most; a longer one is given anew."))
    order = SecrecyOrder(
        customer=customer,
        authority=authority,
        document=document,
        dated_on=dated_on,
        ends_on=ends_on,
        recorded_by=by,
    )
    save_as(order, by=by, reason="recorded by staff")
    return order


@transaction.atomic
def confirm_secrecy_order(order: SecrecyOrder, *, by: User) -> None:
    """Let the order count, as a second person who has the paper before them.

    Raises EmergencyRefused.
    """
    _hold(order.customer)
    order.refresh_from_db(from_queryset=SecrecyOrder.objects.select_for_update(of=("self",)))
    if order.confirmed_at is not None:
        raise EmergencyRefused(_("This is confirmed already."))
    if order.recorded_by == by:
        raise EmergencyRefused(_("Another person than the one who recorded it confirms."))
    order.confirmed_by, order.confirmed_at = by, timezone.now()
    save_as(order, by=by, reason="confirmed", fields=["confirmed_by", "confirmed_at"])


def _require_in_force(order: SecrecyOrder, customer: Customer) -> None:
    in_force = SecrecyOrder.objects.in_force(local_day(timezone.now()))
    if not in_force.filter(pk=order.pk, customer=customer).exists():
        raise EmergencyRefused(_("No order of secrecy about this customer is in force."))


@delays_showing
def secret_until(by: Any, public_ids: Collection[str]) -> dict[str, date]:
    """Return until when the looks of ``by`` at these customers are secret, where they are.

    Only of who has a record open in an emergency under an order in force, while it is open: each
    other look shows at once. The pages of the order and the emergency themselves say that they
    are secret (accounts/admin/secrecy.py).
    """
    if not any(public_ids):
        return {}
    now = timezone.now()
    opened = EmergencyAccess.objects.running(now).filter(
        asked_by=by,
        confirmed_at__lte=now,
        secrecy__in=SecrecyOrder.objects.in_force(local_day(now)),
        customer__public_id__in=public_ids,
    )
    days = opened.order_by().values_list("customer__public_id").annotate(Max("secrecy__ends_on"))
    return dict(days)


@fills_template("emergency_access")
def _in_words(context: dict[str, Any]) -> dict[str, Any]:
    """Fetch what the mail says when it is sent, so that no row of the outbox holds it."""
    rows = EmergencyAccess.objects.select_related("customer", "secrecy")
    opened = rows.get(public_id=context["emergency"])
    return {"opened": opened, "has_sign_in": opened.customer.user_id is not None}
