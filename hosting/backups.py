"""Backups of what is hosted: none without a need, and none without its customer's yes.

Staff ask about one service and say in both languages why it needs a backup. Its customer answers on
the page of the service; silence is a no, and a yes is taken back there as it was given. The hosting
system is ordered after a yes alone, and to destroy what it made once the yes is taken back. What it
says itself of its backups comes with its list (imports.py), and is written down whatever was
confirmed: one without a yes breaks the promise (controls.py).
"""

from contextlib import suppress
from datetime import timedelta

from django.core.exceptions import ObjectDoesNotExist
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.locks import lock_customer
from accounts.merging import public_ids_of
from accounts.models import User
from common.history import save_as
from common.personal_data import DataCategory, is_held, not_held
from downstream.models import Order, OrderKind, OrderQuerySet
from downstream.withdrawing import customer_of, wanted_while, withdraw_unwanted
from hosting.exceptions import ServiceRefused
from hosting.locks import lock_service
from hosting.models import (
    BACKUP_ANSWER_WITHIN,
    BackupAnswer,
    BackupRequest,
    BackupState,
    HostedService,
)
from hosting.orders import is_destroyed, order_where_taken
from notices.services import fills_template, queue_notice

ASK_AGAIN_AFTER = timedelta(days=7)  # whoever said no, or nothing, is left in peace


@transaction.atomic
def ask_backup(service: HostedService, *, need_vi: str, need_en: str, by: User) -> BackupRequest:
    """Ask the customer, who is told at once and has two weeks to answer.

    Raises AccountClosed, ServiceRefused.
    """
    lock_service(service)
    if why := why_not_asked(service):
        raise ServiceRefused(why)
    now = timezone.now()
    asked = BackupRequest(
        service=service,
        need_vi=need_vi,
        need_en=need_en,
        asked_by=by,
        asked_at=now,
        answer_by=now + BACKUP_ANSWER_WITHIN,
    )
    save_as(asked, by=by, reason="backup asked")
    queue_notice(
        "backup_asked",
        recipient=service.customer.public_id,
        key=f"backup-asked-{asked.public_id}",
        asked=asked.public_id,
    )
    return asked


def why_not_asked(service: HostedService) -> str:
    """Say why its customer must not be asked now; empty where they may."""
    if not service.is_running:
        return _("This service has ended.")
    if is_destroyed(service):
        return _("Its destruction is ordered already.")
    if service.customer.user_id is None:
        return _("This customer has no sign-in, so that nobody could answer.")
    last = last_request(service)
    if last is None:
        return ""
    if last.state in (BackupState.WAITING, BackupState.CONFIRMED):
        return _("The customer is asked already, or has confirmed it.")
    if timezone.now() < last.settled_at + ASK_AGAIN_AFTER:
        return _("The customer did not want it in the last 7 days. Nobody is to ask again yet.")
    return ""


def last_request(service: HostedService) -> BackupRequest | None:
    return service.backup_requests.first()


@transaction.atomic
def answer_backup(service: HostedService, *, asked: str, is_yes: bool, by: User) -> None:
    """Write down the customer's answer, or that they take their yes back; twice is as once.

    asked: the public id of what the customer read: what was asked anew meanwhile is not answered.

    Raises AccountClosed, ServiceRefused.
    """
    lock_service(service)
    request = last_request(service)
    if request is None or request.public_id != asked:
        raise ServiceRefused(_("We ask you something else by now. Please read it first."))
    if is_yes and is_destroyed(service):
        raise ServiceRefused(_("Its destruction is ordered already."))
    answer = BackupAnswer.YES if is_yes else BackupAnswer.NO
    if request.state == BackupState.WAITING:
        # It was in time a moment ago.
        request.answer, request.answered_at = answer, min(timezone.now(), request.answer_by)
        reason = "backup confirmed" if is_yes else "backup refused"
        save_as(request, by=by, reason=reason, fields=["answer", "answered_at"])
    elif is_yes and request.state != BackupState.CONFIRMED:
        raise ServiceRefused(
            _("It is too late for that. Nothing is backed up before we ask again.")
        )
    elif request.state == BackupState.CONFIRMED and not is_yes:
        request.withdrawn_at = timezone.now()
        save_as(request, by=by, reason="backup taken back", fields=["withdrawn_at"])
    follow_answer(request)


def follow_answer(request: BackupRequest) -> None:
    """Order what the answer asks for, once; what a legal hold keeps is ordered after it.

    Call it with the customer locked.
    """
    service = request.service
    withdraw_unwanted(public_ids_of(service.customer))
    may_go_on = service.is_running and service.customer.is_open and not is_destroyed(service)
    if request.state == BackupState.CONFIRMED and may_go_on:
        order_where_taken(service, OrderKind.BACKUP, cause=f"backup-{request.public_id}")
    is_kept = is_held(service.customer_id, DataCategory.HOSTED_CONTENT)
    if request.state == BackupState.WITHDRAWN and not is_kept:
        kind = OrderKind.BACKUP_DESTRUCTION
        order_where_taken(service, kind, cause=f"backup-end-{request.public_id}")


def order_what_waited() -> int:
    """Order what could not be when it was answered: no system took orders, a hold kept what a yes
    taken back has to go, or the service or the account had ended for a while.

    Return how many were looked at. Safe to repeat.
    """
    allowed = _orders().filter(kind=OrderKind.BACKUP, at__gte=OuterRef("answered_at"))
    given = BackupRequest.objects.standing().going_on().filter(~Exists(allowed))
    found = [
        *taken_back_and_not_ordered().select_related("service__customer"),
        *given.select_related("service__customer"),
    ]
    for request in found:
        with suppress(ObjectDoesNotExist), transaction.atomic():
            lock_customer(request.service.customer)  # of a closed account too
            request.refresh_from_db()
            follow_answer(request)
    return len(found)


def taken_back_and_not_ordered() -> QuerySet[BackupRequest]:
    """Return the yeses that were taken back, and whose backups nobody is ordered to destroy."""
    yes = BackupRequest.objects.standing().filter(service=OuterRef("service"))
    destroyed = _orders().filter(
        kind=OrderKind.BACKUP_DESTRUCTION, at__gte=OuterRef("withdrawn_at")
    )
    taken_back = BackupRequest.objects.filter(
        ~Exists(yes), ~Exists(destroyed), withdrawn_at__isnull=False
    )
    return not_held(taken_back, "service__customer", category=DataCategory.HOSTED_CONTENT)


def is_destruction_ordered(request: BackupRequest) -> bool:
    """Say whether what was backed up meanwhile is ordered to be destroyed."""
    orders = Order.objects.of_service(request.service.public_id).standing()
    since = request.withdrawn_at
    kind = OrderKind.BACKUP_DESTRUCTION
    return since is not None and orders.filter(kind=kind, at__gte=since).exists()


def _orders() -> OrderQuerySet:
    orders: OrderQuerySet = Order.objects.of_service(OuterRef("service__public_id")).standing()
    return orders


@wanted_while(OrderKind.BACKUP)
def is_still_confirmed(order: Order) -> bool:
    hosted = HostedService.objects.filter(public_id=order.data["service"]).without_destruction()
    return BackupRequest.objects.standing().going_on().filter(service__in=hosted).exists()


@wanted_while(OrderKind.BACKUP_DESTRUCTION)
def are_backups_still_to_be_destroyed(order: Order) -> bool:
    customer = customer_of(order)
    if customer is not None and is_held(customer.pk, DataCategory.HOSTED_CONTENT):
        return False
    return not is_still_confirmed(order)


@fills_template("backup_asked")
def _question(context: dict[str, str]) -> dict[str, object]:
    """Fetch what the mail says when it is sent, so that no row of the outbox holds it."""
    asked = BackupRequest.objects.select_related("service").get(public_id=context["asked"])
    return {"asked": asked, "path": asked.service.get_absolute_url()}
