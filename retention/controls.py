"""What closed accounts and tombstones say about the promises."""

from datetime import timedelta
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from access.models import AccessRecord
from access.purposes import BUILT_IN
from accounts.models import Customer
from policies.counting import local_day
from policies.models import Promise
from policies.promises import (
    Asking,
    Measure,
    Unit,
    admin_list,
    at_risk,
    broken,
    control,
    kept,
)
from retention.due import free_to_go
from retention.models import ERASED_ON, Tombstone

LOOKED_BACK = timedelta(days=30)
UNAPPROVED = _("The DPO has not approved their rule, so that the next run deletes nothing.")


@control("purged_in_time", counts=_("Closed accounts whose data should be gone"))
def purged_in_time(promise: Promise) -> Asking:
    """Count the closed accounts that a nightly run should have erased and did not.

    Accounts on legal hold or with an open case wait rightly. Who is due since
    today goes with the next run: at risk only while their rule is not approved.
    Closing the account ends the service, as far as the portal learns of it.
    """
    counts = yield _due()
    return _judge_purge(counts)


@control("closed_accounts", counts=_("Closed accounts kept too long, or used for something else"))
def closed_accounts(promise: Promise) -> Asking:
    """Judge the purge as purged_in_time does, and what closed accounts are still used for.

    A use is an access of the last 30 days, after the closing. It is allowed for
    the purposes of this promise, and for what the portal itself is for:
    answering questions and complaints, deleting on time, reviewing accesses, security.
    """
    allowed = {*promise.parameters["purposes"], *BUILT_IN}
    closed = Customer.objects.filter(public_id=OuterRef("customer"), closed_at__lt=OuterRef("at"))
    recent = AccessRecord.objects.filter(at__gte=timezone.now() - LOOKED_BACK)
    misused = recent.exclude(purpose__in=allowed).exclude(customer="").filter(Exists(closed))
    counts = yield {**_due(), "misused": misused}
    measure = _judge_purge(counts)
    if counts["misused"] and not counts["late"]:
        return broken(counts["misused"], Unit.USES, link=admin_list("access.accessrecord"))
    return measure


def _due() -> dict[str, QuerySet[Any, Any]]:
    today = local_day(timezone.now())
    due = free_to_go(Customer.objects.kept_too_long(today))
    return {
        "late": due.kept_too_long(today - timedelta(days=1)),
        "unapproved": due.filter(closing_rule__approval=None),
    }


def _judge_purge(counts: dict[str, int]) -> Measure:
    link = admin_list("retention.purgerun")
    note = UNAPPROVED if counts["unapproved"] else ""
    if counts["late"]:
        return broken(counts["late"], Unit.CUSTOMERS, link=link, note=note)
    verdict = at_risk if counts["unapproved"] else kept
    return verdict(counts["unapproved"], Unit.CUSTOMERS, link=link, note=note)


@control("kept_while_open", counts=_("Accounts erased before their last day was over"))
def kept_while_open(promise: Promise) -> Asking:
    """Count the accounts that were erased while they were open, or before their last day was over.

    Only the purge erases an account, and each one leaves a tombstone with both days.
    """
    counts = yield {"early": Tombstone.objects.filter(retained_until__gte=ERASED_ON)}
    verdict = broken if counts["early"] else kept
    return verdict(counts["early"], Unit.CUSTOMERS, link=admin_list("retention.tombstone"))
