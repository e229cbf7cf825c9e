"""What the complaints say about the promises."""

from datetime import timedelta
from functools import reduce
from operator import or_

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from casework.deadlines import SOON_UNCOUNTED
from casework.models import Case, CaseEvent, CaseKind, Clock
from complaints.models import Complaint, ComplaintState
from policies.models import Promise, PromiseStatus, RuleFamily
from policies.promises import (
    Asking,
    CountRows,
    Unit,
    admin_list,
    at_risk,
    broken,
    control,
    kept,
    not_measured,
)

COMPLAINTS = "complaints.complaint"
LOOKED_BACK = timedelta(days=30)  # of what was resolved earlier, the results of those days tell


@control(
    "complaint_term",
    needs="time_limits",
    counts=_("Open complaints past the promised last day, or close to it"),
)
def complaint_term(promise: Promise) -> Asking:
    """Go by the promised clocks of the open complaints; cause and solution close a complaint.

    Broken when one has run out. At risk when one ends within five days, or when
    a complaint never got such a clock because the calendar does not reach its last day.
    Statutory clocks are not the company's promise and do not count here.
    """
    now = timezone.now()
    clocks = _promised_clocks(promise)
    running = clocks.filter(met_at=None)
    soon = running.filter(late_from__lte=now + timedelta(days=SOON_UNCOUNTED))
    kinds = promise.parameters["time_limits"]
    # Counted for each open case by its index; an anti join would read every clock there is.
    clocks_of = {kind: CountRows(clocks.filter(kind=kind).values("pk")) for kind in kinds}
    lacks_one = reduce(or_, (Q(**{kind: 0}) for kind in kinds))
    open_ones = Case.objects.open().filter(kind=CaseKind.COMPLAINT)
    counts = yield {
        "late": open_ones.filter(Exists(running.filter(late_from__lte=now))),
        "soon": open_ones.filter(Exists(soon)),
        "unclocked": open_ones.alias(**clocks_of).filter(lacks_one),
    }
    if counts["late"]:
        return broken(counts["late"], Unit.COMPLAINTS, link=admin_list(COMPLAINTS, queue="overdue"))
    if counts["unclocked"]:
        return at_risk(
            counts["unclocked"],
            Unit.COMPLAINTS,
            link=admin_list(COMPLAINTS, queue="open"),
            note=_("Their last day cannot be counted: the calendar does not reach it."),
        )
    verdict = at_risk if counts["soon"] else kept
    queue = "soon" if counts["soon"] else "open"
    return verdict(counts["soon"], Unit.COMPLAINTS, link=admin_list(COMPLAINTS, queue=queue))


def _promised_clocks(promise: Promise) -> QuerySet[Clock]:
    return Clock.objects.filter(
        case=OuterRef("pk"),
        kind__in=promise.parameters["time_limits"],
        limit__family=RuleFamily.PROMISE,
    )


SHORTER_TERMS_UNKNOWN = _(
    "None is past the longest term; which deserves a shorter one is not recorded yet."
)


@control(
    "complaint_range",
    needs="time_limits",
    counts=_("Open complaints past the longest promised term"),
    missing=SHORTER_TERMS_UNKNOWN,
)
def complaint_range(promise: Promise) -> Asking:
    """Go by the longest term of the promised range, as complaint_term does.

    Past it, the promise is broken. Within it nobody can call the promise kept:
    which complaint deserves a shorter term is not recorded yet.
    """
    measure = yield from complaint_term(promise)
    if measure.status == PromiseStatus.KEPT:
        return not_measured(SHORTER_TERMS_UNKNOWN)
    return measure


@control(
    "complaints_verified", counts=_("Complaints resolved without verification, or waiting too long")
)
def complaints_verified(promise: Promise) -> Asking:
    """Count the complaints resolved in the last 30 days that nobody verified before.

    The solution, which the database demands of a resolved complaint, is the
    measure taken. It is timely while no clock of an open complaint has run out.
    """
    verified = CaseEvent.objects.filter(case=OuterRef("pk"), code=ComplaintState.VERIFYING)
    resolved = Complaint.objects.filter(case_ptr=OuterRef("pk"), state=ComplaintState.RESOLVED)
    closed = Case.objects.filter(closed_at__gte=timezone.now() - LOOKED_BACK)
    # Counted for each case by its index; an anti join would read every event there is.
    unverified = closed.alias(verifications=CountRows(verified.values("pk"))).filter(
        Exists(resolved), verifications=0
    )
    counts = yield {"unverified": unverified, "late": Case.objects.overdue()}
    if counts["unverified"]:
        link = admin_list(COMPLAINTS, queue="closed")
        return broken(counts["unverified"], Unit.COMPLAINTS, link=link)
    verdict = at_risk if counts["late"] else kept
    return verdict(counts["late"], Unit.COMPLAINTS, link=admin_list(COMPLAINTS, queue="overdue"))
