"""The inventory of what is hosted: entered by the customer, or reported by the hosting system."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.locks import lock_open
from accounts.merging import public_ids_of
from accounts.models import Customer, User
from common.history import save_as
from common.personal_data import DataCategory, is_held
from downstream.withdrawing import withdraw_unwanted
from hosting.backups import follow_answer
from hosting.exceptions import ServiceRefused
from hosting.locks import lock_service
from hosting.models import BackupRequest, HostedService
from hosting.orders import is_being_destroyed, order_destruction_before_erasure

MOST_ENTERED = 200  # by one customer


@transaction.atomic
def add_service(
    customer: Customer, values: Mapping[str, Any], *, submission: str = "", by: User
) -> HostedService:
    """Enter a service of which the customer says these values.

    ``submission`` names the filled-in form: sent again, it returns the entry that it made the
    first time; with other words it makes another one.

    Raises AccountClosed, ServiceRefused.
    """
    lock_open(customer)
    own = HostedService.objects.of(customer)
    known = own.filter(submission=submission).first() if submission else None
    if known and all(getattr(known, name) == value for name, value in values.items()):
        return known
    if own.filter(external_id=None).count() >= MOST_ENTERED:
        raise ServiceRefused(
            _("You have entered %(n)d services. Erase one before you add another.")
            % {"n": MOST_ENTERED}
        )
    service = HostedService(customer=customer, submission="" if known else submission, **values)
    save_as(service, by=by, reason="entered")
    return service


@transaction.atomic
def correct_service(service: HostedService, values: Mapping[str, Any], *, by: User) -> bool:
    """Change what differs; say whether anything did.

    Raises AccountClosed, ServiceRefused.
    """
    _hold(service)
    if service.is_imported and set(values) > {"description"}:
        raise ServiceRefused(_("The hosting system keeps this up to date; describe it, no more."))
    changed = [name for name, value in values.items() if getattr(service, name) != value]
    for name in changed:
        setattr(service, name, values[name])
    if changed:
        save_as(service, by=by, reason="corrected by customer", fields=changed)
    if "ended_on" in changed:
        withdraw_unwanted(public_ids_of(service.customer))
    return bool(changed)


@transaction.atomic
def end_service(service: HostedService, *, on: date | None = None, by: User) -> None:
    """Note that a service the customer entered has ended (default: today).

    Raises AccountClosed, ServiceRefused.
    """
    lock_service(service)
    if not service.is_running:
        raise ServiceRefused(_("This service has ended already."))
    day = on or timezone.localdate()
    if service.started_on and day < service.started_on:
        raise ServiceRefused(_("A service cannot end before it began."))
    if service.is_imported:
        raise ServiceRefused(_("The hosting system says when this service ends."))
    correct_service(service, {"ended_on": day}, by=by)


@transaction.atomic
def erase_service(service: HostedService) -> None:
    """Erase an entry and its history.

    What has ended by the word of the hosting system is ordered to be destroyed with it, as nothing
    here would say later that it is to be. What it reports would come back with its next report
    while it runs.

    Raises AccountClosed, ServiceRefused.
    """
    _hold(service)
    if is_held(service.customer_id, DataCategory.HOSTED_CONTENT):
        raise ServiceRefused(
            _("This cannot be erased now, because the law obliges us to keep it for a while.")
        )
    if service.is_imported and service.is_running:
        raise ServiceRefused(_("This service runs. Its entry can be erased once it has ended."))
    if service.backup_requests.standing().exists():
        raise ServiceRefused(_("You have agreed to its backup. Take that back first."))
    if taken_back := service.backup_requests.exclude(withdrawn_at=None).first():
        follow_answer(taken_back)
    order_destruction_before_erasure(service)
    key = service.pk
    service.skip_history_when_saving = True  # type: ignore[attr-defined]
    service.delete()
    HostedService.history.filter(id=key).delete()
    BackupRequest.history.filter(service=key).delete()


def _hold(service: HostedService) -> None:
    """Lock an entry that may be changed: one that is being destroyed stays as it was ordered."""
    lock_service(service)
    if is_being_destroyed(service):
        raise ServiceRefused(
            _("Its destruction is ordered. This entry can be erased once it is carried out.")
        )
