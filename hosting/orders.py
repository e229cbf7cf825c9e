"""What the hosting system is ordered to do with what it hosts: to hand it over, and to destroy it.

A destruction is ordered when the customer asks for it, and by the nightly sweep once the hosting
system has reported the end of a service and the period of the company's rule is over
(personal_data.py): so it needs the approval of that rule, and stops at numbers in doubt, as every
erasure does. While something is being handed over nothing of it is destroyed, unless the customer
says that they have it, or want it no more, or wrote so to staff. The states are those of the
orders (downstream/orders.py): no row here repeats them. They are found by the service, whosever it
was.
"""

from collections.abc import Callable, Collection, Iterable
from typing import Any

from django.db import transaction
from django.db.models import Exists, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from common.erasure import Erased
from common.personal_data import (
    DataCategory,
    defers_erasure,
    erasure_step,
    is_held,
    stays_of,
)
from downstream.models import (
    HAND_OVER_LASTS,
    Order,
    OrderKind,
    OrderQuerySet,
    System,
    SystemQuerySet,
)
from downstream.orders import (
    follows_carrying_out,
    order,
    remembers_orders,
    settle_hand_overs,
    systems_for,
)
from downstream.told import Told, tell
from downstream.withdrawing import customer_of, wanted_while
from hosting.exceptions import ServiceRefused
from hosting.locks import lock_service
from hosting.models import ASKED, HostedService, HostedServiceQuerySet
from notices.services import queue_notice
from policies.counting import local_day

HANDING_OVER = gettext_noop("hand-over under way")


def orders_about(service: HostedService) -> list[Told]:
    """Return what was ordered about a service, the newest first."""
    about = Order.objects.of_service(service.public_id)
    return [tell(each) for each in about.select_related("system").order_by("-pk")]


def can_be_ordered(kind: OrderKind) -> bool:
    """Say whether some system takes such an order."""
    return bool(_systems(kind))


def is_destroyed(service: HostedService) -> bool:
    """Say whether it is ordered already to be destroyed."""
    return not HostedService.objects.filter(pk=service.pk).without_destruction().exists()


def is_being_destroyed(service: HostedService) -> bool:
    """Say whether that is ordered and was not carried out yet."""
    return _orders(service, OrderKind.DESTRUCTION).unacknowledged().exists()


@transaction.atomic
def ask_hand_over(service: HostedService) -> None:
    """Order that the customer gets what is hosted. While one is under way, it adds nothing.

    Raises AccountClosed, ServiceRefused.
    """
    lock_service(service)
    if is_destroyed(service):
        raise ServiceRefused(_("Its destruction is ordered already."))
    if under_way_of(service).exists():
        return
    number = _number_of(service, OrderKind.HAND_OVER)
    _order([service], OrderKind.HAND_OVER, lambda each: f"hand-over-{number}-{each.public_id}")


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
    _require_handed_over(service, needs_no_hand_over=needs_no_hand_over)
    if not is_destroyed(service):
        number = _number_of(service, OrderKind.DESTRUCTION)
        cause = f"{ASKED}{number}-{service.public_id}"
        _order([service], OrderKind.DESTRUCTION, lambda _each: cause)
        queue_notice(
            "destruction_ordered",
            recipient=service.customer.public_id,
            key=f"destruction-{cause}",
            path=service.get_absolute_url(),
        )


def order_destruction_before_erasure(service: HostedService) -> None:
    """Order the destruction of what has ended, by the hosting system's word, and whose entry its
    customer erases; call it in that transaction.

    Raises ServiceRefused.
    """
    _require_handed_over(service, needs_no_hand_over=False)
    ended = HostedService.objects.filter(pk=service.pk, ended_on__isnull=False).imported()
    if can_be_ordered(OrderKind.DESTRUCTION) and ended.without_destruction().exists():
        _order([service], OrderKind.DESTRUCTION, _ending)


def order_where_taken(service: HostedService, kind: OrderKind, *, cause: str) -> None:
    """Order something about one service, if some system takes such an order."""
    if systems := _systems(kind):
        _order([service], kind, lambda _each: cause, systems)


def to_be_destroyed() -> HostedServiceQuerySet:
    """Return what the hosting system may be ordered to destroy, once its period is over."""
    takes_orders = Exists(hosting_systems(OrderKind.DESTRUCTION))
    return HostedService.objects.imported().without_destruction().filter(takes_orders)


def order_destruction(services: Collection[int]) -> Erased:
    """Order the destruction of what has ended (primary keys); of the entries nothing goes."""
    rows = HostedService.objects.filter(pk__in=services).select_related("customer")
    _order(rows, OrderKind.DESTRUCTION, _ending)
    return Erased()


@erasure_step
def order_destruction_of_erased(customers: Collection[int]) -> None:
    """Order destruction from the systems that are told of no erasure (downstream/causes.py)."""
    systems = [each for each in _systems(OrderKind.DESTRUCTION) if not _takes_erasure(each)]
    stays = stays_of(customers) if systems else {}
    going = [
        each
        for each in customers
        if DataCategory.HOSTED_CONTENT not in {stay.category for stay in stays.get(each, ())}
    ]
    if systems and going:
        rows = HostedService.objects.filter(customer__in=going).without_destruction()
        _order(rows.select_related("customer"), OrderKind.DESTRUCTION, _ending, systems)


@defers_erasure(HANDING_OVER)
def being_handed_what_is_hosted() -> QuerySet[Any, Any]:
    """Keep those to whom something is being handed over: with them it would be destroyed.

    Past its last day a person sees to it, and is reminded each morning (downstream/reminders.py).
    """
    orders = Order.objects.being_handed_over(local_day(timezone.now()))
    services = orders.with_service().values("service")
    return HostedService.objects.filter(public_id__in=services).values("customer")


@follows_carrying_out
def tell_of_hand_over(order: Order) -> None:
    """Tell the customer that what they asked for can be fetched, and until when it is kept."""
    if order.kind != OrderKind.HAND_OVER:
        return
    service = HostedService.objects.filter(public_id=order.data["service"]).first()
    if service is not None and service.customer.is_open:
        queue_notice(
            "hand_over_ready",
            recipient=service.customer.public_id,
            key=f"hand-over-{order.public_id}",
            kept_until=str(local_day(timezone.now()) + HAND_OVER_LASTS),
            path=service.get_absolute_url(),
        )


@wanted_while(OrderKind.DESTRUCTION)
def is_still_to_be_destroyed(order: Order) -> bool:
    """What is held stays, and what runs again, unless its customer asked while it ran."""
    customer = customer_of(order)
    if customer is not None and is_held(customer.pk, DataCategory.HOSTED_CONTENT):
        return False
    known = Q(public_id=order.data["service"]) | Q(external_id__in=order.data["references"])
    runs = HostedService.objects.running().filter(known).exists()
    return order.cause.startswith(ASKED) or not runs


@remembers_orders
def orders_about_what_is_here() -> OrderQuerySet:
    here = HostedService.objects.values("public_id")
    found: OrderQuerySet = Order.objects.with_service().filter(service__in=here)
    return found.exclude(kind=OrderKind.HAND_OVER)


def _takes_erasure(system: System) -> bool:
    return OrderKind.ERASURE in system.kinds


def hosting_systems(kind: OrderKind) -> SystemQuerySet:
    """Return, as a query, the systems that hold what is hosted and take such orders."""
    hosted = [DataCategory.HOSTED_CONTENT]
    by_purpose = System.purposes.through.objects.filter(purpose__data_categories__contains=hosted)
    holds = Q(data_categories__contains=hosted) | Q(pk__in=by_purpose.values("system"))
    return System.objects.taking(kind).filter(holds)


def _systems(kind: OrderKind) -> list[System]:
    return systems_for(kind, using=DataCategory.HOSTED_CONTENT)


def _orders(service: HostedService, kind: OrderKind) -> OrderQuerySet:
    return Order.objects.of_service(service.public_id).standing().filter(kind=kind)


def _number_of(service: HostedService, kind: OrderKind) -> int:
    """Return the number of the next such order."""
    past = Order.objects.of_service(service.public_id).filter(kind=kind)
    return len(set(past.values_list("cause", flat=True))) + 1


def under_way_of(service: HostedService) -> OrderQuerySet:
    """Return the hand-overs of a service that are not over."""
    today = local_day(timezone.now())
    return Order.objects.of_service(service.public_id).being_handed_over(today)


def _require_handed_over(service: HostedService, *, needs_no_hand_over: bool) -> None:
    """Raises ServiceRefused."""
    under_way = under_way_of(service)
    if not under_way.exists():
        return
    if not needs_no_hand_over:
        raise ServiceRefused(
            _("It is being handed over. Say first that you have it, or want it no more.")
        )
    settle_hand_overs(under_way)


def _ending(service: HostedService) -> str:
    return service.ending


def _order(
    services: Iterable[HostedService],
    kind: OrderKind,
    cause: Callable[[HostedService], str],
    systems: Collection[System] = (),
) -> None:
    """Raises ServiceRefused where no system takes such an order."""
    systems = systems or _systems(kind)
    if not systems:
        raise ServiceRefused(_("No system takes such an order. Please contact us."))
    for service in services:
        known = [service.external_id] if service.external_id else []
        said = {"service": service.public_id, "references": known}
        order(kind, {service.customer.public_id: said}, cause=cause(service), systems=systems)
