"""What the hosting system is ordered to do with what it hosts: to hand it over, and to destroy it.

A destruction is ordered when the customer asks for it, and by a job once the hosting system has
reported the end of a service and the period of the company's rule is over. While something is
being handed over nothing of it is destroyed, unless the customer says that they have it, or want
it no more. The states are those of the orders (downstream/orders.py): no row here repeats them.
"""

from collections.abc import Collection, Iterable
from datetime import date

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.merging import public_ids_of
from accounts.models import Customer
from common.personal_data import DataCategory, is_held
from downstream.models import OF_HOSTING, Order, OrderKind, OrderQuerySet
from downstream.orders import order, systems_for
from downstream.told import Told, tell
from hosting.exceptions import ServiceRefused
from hosting.models import HostedService
from hosting.services import lock_service
from policies.counting import local_day

BATCH = 200  # services


def orders_about(service: HostedService) -> list[Told]:
    """Return what was ordered about a service, the newest first."""
    orders = Order.objects.about(public_ids_of(service.customer))
    about = orders.filter(kind__in=OF_HOSTING, data__service=service.public_id)
    return [tell(each) for each in about.select_related("system").order_by("-pk")]


def can_be_ordered(kind: OrderKind) -> bool:
    """Say whether some system takes such an order."""
    return bool(systems_for(kind, using=DataCategory.HOSTED_CONTENT))


@transaction.atomic
def ask_hand_over(service: HostedService) -> None:
    """Order that the customer gets what is hosted. While one is under way, it adds nothing.

    Raises AccountClosed, ServiceRefused.
    """
    lock_service(service)
    if _orders(service, OrderKind.DESTRUCTION).exists():
        raise ServiceRefused(_("Its destruction is ordered already."))
    past = _orders(service, OrderKind.HAND_OVER)
    if past.filter(confirmed_at=None).exists():
        return
    number = len(set(past.values_list("cause", flat=True))) + 1
    _order([service], OrderKind.HAND_OVER, cause=f"hand-over-{number}")


@transaction.atomic
def confirm_hand_over(service: HostedService) -> None:
    """Note that the customer has what was handed over.

    Raises AccountClosed, ServiceRefused.
    """
    lock_service(service)
    under_way = _orders(service, OrderKind.HAND_OVER).filter(confirmed_at=None)
    if not under_way or under_way.unacknowledged().exists():
        raise ServiceRefused(_("Nothing was handed over yet."))
    under_way.update(confirmed_at=timezone.now())


@transaction.atomic
def ask_destruction(service: HostedService, *, needs_no_hand_over: bool) -> None:
    """Order the destruction of what is hosted; asked again, it adds nothing.

    needs_no_hand_over: the customer says that they have what is being handed over, or want none.

    Raises AccountClosed, ServiceRefused.
    """
    lock_service(service)
    if is_held(service.customer_id, DataCategory.HOSTED_CONTENT):
        raise ServiceRefused(
            _("This cannot be destroyed now, because the law obliges us to keep it for a while.")
        )
    under_way = _orders(service, OrderKind.HAND_OVER).filter(confirmed_at=None)
    if under_way.exists():
        if not needs_no_hand_over:
            raise ServiceRefused(
                _("It is being handed over. Say first that you have it, or want it no more.")
            )
        under_way.update(confirmed_at=timezone.now())
    _order([service], OrderKind.DESTRUCTION, cause="destroy")


def order_destruction_of_ended() -> int:
    """Order the destruction of what has ended and whose period is over; return how many.

    Run again, it finds what is left. What somebody is changing now is left for the next run.
    """
    if not can_be_ordered(OrderKind.DESTRUCTION):
        return 0
    today = local_day(timezone.now())
    number, last = 0, 0
    while batch := list(
        HostedService.objects.to_be_destroyed(today)
        .filter(pk__gt=last)
        .order_by("pk")
        .values_list("pk", flat=True)[:BATCH]
    ):
        last = batch[-1]
        number += _order_batch(batch, today)
    return number


@transaction.atomic
def _order_batch(batch: Collection[int], today: date) -> int:
    """Lock the customers, ask again, and order: a hold that came first keeps everything."""
    owners = Customer.objects.filter(hosted_services__in=batch).order_by("pk")
    locked = [row.pk for row in owners.select_for_update(skip_locked=True, of=("self",))]
    due = HostedService.objects.to_be_destroyed(today).filter(pk__in=batch, customer__in=locked)
    services = list(due.select_related("customer"))
    _order(services, OrderKind.DESTRUCTION, cause="destroy")
    return len(services)


def _orders(service: HostedService, kind: OrderKind) -> OrderQuerySet:
    about = Order.objects.about(public_ids_of(service.customer))
    return about.filter(kind=kind, data__service=service.public_id)


def _order(services: Iterable[HostedService], kind: OrderKind, *, cause: str) -> None:
    """Raises ServiceRefused where no system takes such an order."""
    systems = systems_for(kind, using=DataCategory.HOSTED_CONTENT)
    if not systems:
        raise ServiceRefused(_("No system takes such an order. Please contact us."))
    for service in services:
        known = [service.external_id] if service.external_id else []
        said = {"service": service.public_id, "references": known}
        order(
            kind,
            {service.customer.public_id: said},
            cause=f"{cause}-{service.public_id}",
            systems=systems,
        )
