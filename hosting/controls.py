"""What the inventory, and the orders about what it names, say about the promises."""

from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from common.periods import expiry_named
from common.personal_data import DataCategory, not_held
from downstream.controls import list_of_orders
from downstream.models import Order, OrderKind
from hosting.backups import taken_back_and_not_ordered
from hosting.models import LONGEST_DESCRIPTION, BackupRequest, HostedService
from hosting.orders import hosting_systems
from policies.models import Promise
from policies.periods import judge_kept, kept_too_long, yesterday
from policies.promises import (
    Asking,
    Measure,
    Unit,
    admin_list,
    at_risk,
    broken,
    control,
    kept,
    not_measured,
)

SERVERS_UNSEEN = _(
    "The portal has room for short descriptions and none for content; servers are not seen here."
)
# Columns of the inventory, as the database has them, that could take more than a description.
ROOM_FOR_CONTENT = """
    SELECT count(*) FROM pg_attribute
    WHERE attrelid = ANY (%s::regclass[]) AND attnum > 0 AND NOT attisdropped
        AND atttypid NOT IN ('int4'::regtype, 'int8'::regtype, 'date'::regtype,
                             'timestamptz'::regtype, 'bool'::regtype)
        AND NOT (atttypid = 'varchar'::regtype AND atttypmod - 4 BETWEEN 1 AND %s)
"""


@control(
    "hosted_inventory",
    counts=_("Columns of the inventory in which content would have room"),
    missing=SERVERS_UNSEEN,
)
def hosted_inventory(promise: Promise) -> Measure:
    """Ask the database whether the inventory has a column that could take content.

    What is held of the customer's own data is this inventory alone, apart from all that is held
    about the customer. What the servers host nobody here can see, so that the promise is never
    shown kept.
    """
    kept_here: tuple[Any, ...] = (HostedService, BackupRequest)
    models = [each for model in kept_here for each in (model, model.history.model)]
    tables = [model._meta.db_table for model in models]
    with connection.cursor() as cursor:
        cursor.execute(ROOM_FOR_CONTENT, [tables, LONGEST_DESCRIPTION])
        (number,) = cursor.fetchone() or (0,)
    if number:
        return broken(number, Unit.FACTS, note=_("A column of the inventory takes content."))
    return not_measured(SERVERS_UNSEEN)


NOBODY_TAKES_ORDERS = _("No hosting system is registered to take such orders.")
BY_ITS_WORD = _("The hosting system, or who is responsible for it, says that it was done.")


@control(
    "destruction_order",
    counts=_("Services that ended and whose destruction nobody ordered, or orders that are late"),
    missing=NOBODY_TAKES_ORDERS,
)
def destruction_order(promise: Promise) -> Asking:
    """Count what has ended, by the hosting system's report, and is not ordered to be destroyed.

    So is a destruction that nobody acknowledged by its last day (downstream/controls.py). What a
    legal hold keeps, or its customer has yet to be handed, waits rightly. Without a system that
    takes such orders nothing is measured.
    """
    overdue = kept_too_long(expiry_named("ended_services"), yesterday())
    waiting = HostedService.objects.being_handed_over().values("pk")
    counts = yield {
        "systems": hosting_systems(OrderKind.DESTRUCTION),
        **{name: rows.exclude(pk__in=waiting) for name, rows in overdue.items()},
    }
    if not counts["systems"]:
        return not_measured(NOBODY_TAKES_ORDERS)
    link = admin_list("hosting.hostedservice", state="ended")
    return judge_kept(counts, Unit.SERVICES, link) or kept(
        0, Unit.ORDERS, link=list_of_orders(OrderKind.DESTRUCTION), note=BY_ITS_WORD
    )


@control(
    "hand_over",
    counts=_("Orders to hand over or to delete that are late, or left to people"),
    missing=NOBODY_TAKES_ORDERS,
)
def hand_over(promise: Promise) -> Asking:
    """Count the hand-overs that customers asked for and that a person has yet to carry out.

    They put the promise at risk; it is broken by any order to hand over, to destroy or to erase
    that nobody acknowledged by its last day (downstream/controls.py). A copy of what the portal
    itself holds the customer takes along alone. Without systems that take both orders nothing is
    measured.
    """
    tasks = Order.objects.unacknowledged().filter(state=Order.State.TASK)
    counts = yield {
        "systems": hosting_systems(OrderKind.HAND_OVER),
        "destroying": hosting_systems(OrderKind.DESTRUCTION),
        "tasks": tasks.filter(kind=OrderKind.HAND_OVER),
    }
    if not (counts["systems"] and counts["destroying"]):
        return not_measured(NOBODY_TAKES_ORDERS)
    verdict = at_risk if counts["tasks"] else kept
    link = list_of_orders(OrderKind.HAND_OVER)
    return verdict(counts["tasks"], Unit.ORDERS, link=link, note=BY_ITS_WORD)


DESTRUCTION_NOT_ORDERED = _(
    "A yes was taken back, and no system is ordered to destroy what was backed up."
)
BACKUPS_UNSEEN = _("The hosting system does not say of each service whether it is backed up.")


@control(
    "backup_confirmation",
    counts=_("Services that are backed up and whose customer has not confirmed it"),
    missing=BACKUPS_UNSEEN,
)
def backup_confirmation(promise: Promise) -> Asking:
    """Count the running services that the hosting system says it backs up without a standing yes.

    So does an order to destroy backups that nobody acknowledged by its last day
    (downstream/controls.py); what is ordered to be destroyed waits rightly, and what a legal hold
    keeps of a yes that was taken back.
    A yes that was taken back while no system took the order puts it at risk.
    What has ended is to be destroyed with its backups, by the promise of that. It is shown kept
    only while the hosting system says so of each service on its list.
    """
    reported = HostedService.objects.reported()
    unconfirmed = HostedService.objects.backed_up_without_a_yes()
    taken_back = BackupRequest.objects.exclude(withdrawn_at=None).filter(service=OuterRef("pk"))
    free = not_held(unconfirmed, category=DataCategory.HOSTED_CONTENT).values("pk")
    counts = yield {
        "unconfirmed": unconfirmed.filter(~Exists(taken_back) | Q(pk__in=free)),
        "not_ordered": taken_back_and_not_ordered(),
        "silent": reported.filter(is_backed_up=None),
        "told": reported.exclude(is_backed_up=None),
    }
    link = admin_list("hosting.hostedservice", state="unconfirmed")
    if counts["unconfirmed"]:
        return broken(counts["unconfirmed"], Unit.SERVICES, link=link)
    if counts["not_ordered"]:
        return at_risk(counts["not_ordered"], Unit.SERVICES, note=DESTRUCTION_NOT_ORDERED)
    if counts["silent"] or not counts["told"]:
        return not_measured(BACKUPS_UNSEEN)
    return kept(0, Unit.SERVICES, link=link, note=BY_ITS_WORD)
