"""What closed accounts and tombstones say about the promises."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from access.models import AccessRecord
from access.purposes import BUILT_IN
from accounts.models import ClosingCause, Customer, CustomerQuerySet, ServiceReport
from common.models import JobStatus
from policies.counting import local_day
from policies.models import Promise, PromiseStatus
from policies.periods import UNAPPROVED
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
from retention.clocks import erasures_to_rehearse, rehearsals_in_time, runs_in_time
from retention.due import free_to_go
from retention.idle import ASK
from retention.models import ERASED_ON, NecessityReview, PurgeFailure, PurgeRun, Tombstone

LOOKED_BACK = timedelta(days=30)
LEFT_BEHIND = _("After a deletion something was found that should be gone.")
UNSEARCHED = _("After a deletion nobody could search for what should be gone.")
NOT_RUN = _("The nightly deletion has not succeeded lately.")
NOT_REHEARSED = _("That no restored backup brings anybody back was not rehearsed lately.")


FAILING = _("Some of them could not be erased; each night tries it again.")
A_DAY = timedelta(days=1)


NOT_REPORTED = _("The hosting system has not told lately whose service has ended.")
REPORTED_WITHIN = timedelta(days=31)


@control(
    "ended_services",
    counts=_("Accounts of ended services whose data should be gone"),
    missing=NOT_REPORTED,
)
def ended_services(promise: Promise) -> Asking:
    """Count the closed accounts that a nightly run should have erased and did not.

    Accounts on legal hold or with an open case wait rightly. Who is due since
    today goes with the next run: at risk only while their rule is not approved. At risk too while
    no nightly run has succeeded, or no rehearsal of a restore has passed, for longer than the
    clocks of the deletion allow.
    Whose service has ended the portal learns from the hosting system's report, from staff
    and from customers who close their account. Without a report of the last 31 days nobody
    knows who is missing, so that the promise is not shown kept.
    """
    lately = timezone.now() - REPORTED_WITHIN
    reports = ServiceReport.objects.filter(at__gte=lately)
    counts = yield {**_due(), "reports": reports}
    measure = _judge_purge(counts)
    if measure.status == PromiseStatus.KEPT and not counts["reports"]:
        return not_measured(NOT_REPORTED)
    return measure


UNRECORDED = _("A request that nobody recorded goes unseen.")


@control(
    "removal_by_request", counts=_("Customers who asked for removal and whose data should be gone")
)
def removal_by_request(promise: Promise) -> Asking:
    """Judge the purge as ended_services does, of the accounts that their customers had closed.

    They close them by signing in, or staff do, having made sure who asks. A single detail goes at
    once, by either way.
    """
    asked = Customer.objects.filter(closing_cause=ClosingCause.CUSTOMER)
    measure = _judge_purge((yield _due(asked)))
    return replace(measure, note=measure.note or UNRECORDED)


NOT_ASKED = _("Idle accounts have not been looked for lately.")
ASKED_WITHIN = timedelta(days=2)
DECIDED_WITHIN = timedelta(days=90)


@control(
    "idle_data_review",
    counts=_("Idle accounts that wait for a decision, or closed ones kept too long"),
    missing=NOT_ASKED,
)
def idle_data_review(promise: Promise) -> Asking:
    """Count the idle accounts that wait for a decision, and judge the purge of those decided.

    Broken once one has waited for 90 days. A job looks for idle accounts each night; while it
    has not, for two days, nothing is known.
    """
    waiting = NecessityReview.objects.waiting()
    now = timezone.now()
    counts = yield {
        **_due(),
        "waiting": waiting,
        "overdue": waiting.filter(asked_on__lt=local_day(now - DECIDED_WITHIN)),
        "asked": JobStatus.objects.filter(name=ASK, succeeded_at__gte=now - ASKED_WITHIN),
    }
    link = admin_list("retention.necessityreview", decision="waiting")
    if counts["late"]:
        return _judge_purge(counts)
    if counts["overdue"]:
        return broken(counts["overdue"], Unit.CUSTOMERS, link=link)
    if not counts["asked"]:
        return not_measured(NOT_ASKED)
    if counts["waiting"]:
        return at_risk(counts["waiting"], Unit.CUSTOMERS, link=link)
    return _judge_purge(counts)


@control("closed_accounts", counts=_("Closed accounts kept too long, or used for something else"))
def closed_accounts(promise: Promise) -> Asking:
    """Judge the purge as ended_services does, and what closed accounts are still used for.

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


def _due(among: CustomerQuerySet | None = None) -> dict[str, QuerySet[Any, Any]]:
    now = timezone.now()
    today = local_day(now)
    customers = Customer.objects.all() if among is None else among
    free = free_to_go(customers.kept_too_long(today))
    due, left_over = free.filter(remainder=None), free.filter(remainder__until__lt=today - A_DAY)
    runs = PurgeRun.objects.in_doubt()
    return {
        "left_behind": runs.exclude(residue=[]),
        "unsearched": runs.filter(residue=[]),
        "late": due.kept_too_long(today - A_DAY),
        "left_over": left_over,
        "failing": PurgeFailure.objects.filter(customer__in=customers.values("pk")),
        "unapproved": due.filter(closing_rule__approval=None),
        "run": runs_in_time(now),
        "rehearsed": rehearsals_in_time(now),
        "to_rehearse": erasures_to_rehearse(now),
    }


def _judge_purge(counts: dict[str, int]) -> Measure:
    link = admin_list("retention.purgerun")
    note = UNAPPROVED if counts["unapproved"] else ""
    if late := counts["late"] + counts["left_over"]:
        if counts["failing"]:
            link, note = admin_list("retention.purgefailure"), FAILING
        return broken(late, Unit.CUSTOMERS, link=link, note=note)
    if counts["left_behind"]:
        return broken(counts["left_behind"], Unit.DELETIONS, link=link, note=LEFT_BEHIND)
    if counts["unsearched"]:
        return at_risk(counts["unsearched"], Unit.DELETIONS, link=link, note=UNSEARCHED)
    if counts["unapproved"]:
        return at_risk(counts["unapproved"], Unit.CUSTOMERS, link=link, note=note)
    if not counts["run"]:
        return at_risk(0, Unit.CUSTOMERS, link=link, note=NOT_RUN)
    if counts["to_rehearse"] and not counts["rehearsed"]:
        page = admin_list("retention.restorerehearsal")
        return at_risk(0, Unit.CUSTOMERS, link=page, note=NOT_REHEARSED)
    return kept(0, Unit.CUSTOMERS, link=link)


@control("kept_while_open", counts=_("Accounts erased before their last day was over"))
def kept_while_open(promise: Promise) -> Asking:
    """Count the accounts that were erased while they were open, or before their last day was over.

    Only the purge erases an account, and each one leaves a tombstone with both days.
    """
    counts = yield {"early": Tombstone.objects.filter(retained_until__gte=ERASED_ON)}
    verdict = broken if counts["early"] else kept
    return verdict(counts["early"], Unit.CUSTOMERS, link=admin_list("retention.tombstone"))
