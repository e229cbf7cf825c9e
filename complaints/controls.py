"""What the complaints say about the promises."""

from datetime import timedelta
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from casework.deadlines import SOON_UNCOUNTED
from casework.models import IS_OPEN, Case, CaseEvent, CaseKind, Clock
from complaints.intake import possible_handlers
from complaints.models import Complaint, ComplaintState
from policies.models import Company, Promise
from policies.promise_counting import CountRows
from policies.promises import (
    Asking,
    Unit,
    admin_list,
    at_risk,
    broken,
    control,
    kept,
)

COMPLAINTS = "complaints.complaint"
JUDGED_BY_NOW = (ComplaintState.VERIFYING, ComplaintState.MEASURES, ComplaintState.REFUSAL)
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
    measure = yield from _by_clocks(promise)
    return measure


@control(
    "complaint_statute",
    needs="time_limits",
    counts=_("Complaints past the last day that the law sets, or close to it"),
)
def complaint_statute(promise: Promise) -> Asking:
    """Go by the statutory clocks, as complaint_term does by the promised ones.

    Broken, too, by each complaint that is open, or was closed in the last 30 days, of which such
    a clock was met too late.
    """
    met_late = _clocks_under(promise).filter(met_at__gte=F("late_from"))
    open_or_lately = IS_OPEN | Q(closed_at__gte=timezone.now() - LOOKED_BACK)
    complaints = Case.objects.filter(open_or_lately, kind=CaseKind.COMPLAINT)
    # Counted for each case by its index; a semi join would read every clock there is.
    counted = complaints.alias(late_ones=CountRows(met_late.values("pk")))
    measure = yield from _by_clocks(promise, met_late=counted.filter(late_ones__gt=0))
    return measure


NONE = Case.objects.none()


def _by_clocks(
    promise: Promise, *, unjudged: QuerySet[Any] = NONE, met_late: QuerySet[Any] = NONE
) -> Asking:
    now = timezone.now()
    clocks = _clocks_under(promise)
    running = clocks.filter(met_at=None, paused_at=None)
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
        "unjudged": unjudged,
        "met_late": met_late,
    }
    if counts["met_late"]:
        link = admin_list(COMPLAINTS, queue="all", term=f"{promise.family}-missed")
        return broken(counts["late"] + counts["met_late"], Unit.COMPLAINTS, link=link)
    if counts["late"]:
        return broken(counts["late"], Unit.COMPLAINTS, link=admin_list(COMPLAINTS, queue="overdue"))
    if counts["unclocked"]:
        return at_risk(
            counts["unclocked"],
            Unit.COMPLAINTS,
            link=admin_list(COMPLAINTS, queue="open"),
            note=_("Their last day cannot be counted: the calendar does not reach it."),
        )
    if counts["unjudged"]:
        return at_risk(
            counts["unjudged"],
            Unit.COMPLAINTS,
            link=admin_list(COMPLAINTS, queue="open"),
            note=_("Their complexity is not judged: the longest term applies until it is."),
        )
    verdict = at_risk if counts["soon"] else kept
    queue = "soon" if counts["soon"] else "open"
    return verdict(counts["soon"], Unit.COMPLAINTS, link=admin_list(COMPLAINTS, queue=queue))


def _clocks_under(promise: Promise) -> QuerySet[Clock]:
    return Clock.objects.filter(
        case=OuterRef("pk"),
        kind__in=promise.parameters["time_limits"],
        limit__family=promise.family,
    )


WRITTEN_LATE = timedelta(days=3)  # from receipt until it is written down: a weekend


@control("complaint_intake", counts=_("Ways to complain that are named to nobody"))
def complaint_intake(promise: Promise) -> Asking:
    """Go by the company's address, phone and e-mail, which its pages show for complaints.

    Broken while none is named. At risk while nobody may write down what comes that way, or
    while an open complaint was written down more than three days after it came.
    """
    named = {
        "address": ~Q(complaints_address_vi="") | ~Q(address_vi=""),
        "phone": ~Q(complaints_phone="") | ~Q(phone=""),
        "email": ~Q(complaints_email="") | ~Q(email=""),
    }
    open_ones = Case.objects.open().filter(kind=CaseKind.COMPLAINT)
    counts = yield {
        **{way: Company.objects.filter(is_named) for way, is_named in named.items()},
        "officers": possible_handlers(),
        "written_late": open_ones.filter(recorded_at__gt=F("received_at") + WRITTEN_LATE),
    }
    if not any(counts[way] for way in named):
        return broken(len(named), Unit.FACTS, link=admin_list("policies.company"))
    if not counts["officers"]:
        return at_risk(0, Unit.COMPLAINTS, note=_("Nobody may write complaints down."))
    if counts["written_late"]:
        return at_risk(
            counts["written_late"],
            Unit.COMPLAINTS,
            link=admin_list(COMPLAINTS, queue="open"),
            note=_("They were written down more than three days after they came."),
        )
    return kept(0, Unit.FACTS, link=admin_list(COMPLAINTS, queue="open"))


UNJUDGED = Q(state__in=JUDGED_BY_NOW, complexity="")


@control(
    "complaint_range",
    needs="time_limits",
    counts=_("Open complaints past the term of their complexity, or not judged yet"),
)
def complaint_range(promise: Promise) -> Asking:
    """Go by the clocks, which the complexity of each complaint sets, as complaint_term does.

    At risk while a complaint that is being verified has not been judged: the longest term
    applies to it, where a shorter one may have been promised.
    """
    unjudged = Complaint.objects.open().filter(UNJUDGED)
    measure = yield from _by_clocks(promise, unjudged=unjudged)
    return measure


@control(
    "complaint_severity", counts=_("Complaints that are verified or answered without their degree")
)
def complaint_severity(promise: Promise) -> Asking:
    """Count what was resolved in the last 30 days, or is being verified, without a degree.

    The degree decides on term and measures. Answered without one, the promise is broken; while
    one is missing that may still come, it is at risk.
    """
    closed = Case.objects.filter(closed_at__gte=timezone.now() - LOOKED_BACK, severity="")
    resolved = Complaint.objects.filter(case_ptr=OuterRef("pk"), state=ComplaintState.RESOLVED)
    waiting = Complaint.objects.open().filter(state__in=JUDGED_BY_NOW, severity="")
    counts = yield {"answered": closed.filter(Exists(resolved)), "waiting": waiting}
    if counts["answered"]:
        link = admin_list(COMPLAINTS, queue="closed")
        return broken(counts["answered"], Unit.COMPLAINTS, link=link)
    verdict = at_risk if counts["waiting"] else kept
    return verdict(counts["waiting"], Unit.COMPLAINTS, link=admin_list(COMPLAINTS, queue="open"))


@control(
    "escalation", counts=_("Complaints that have been with an authority for 30 days, unnumbered")
)
def escalation(promise: Promise) -> Asking:
    """Count the complaints with an authority whose reference nobody wrote down in 30 days.

    Either side can take any complaint there, at any time, and has its whole file for it; without
    the authority's reference nobody can follow what became of it.
    """
    unnumbered = Complaint.objects.open().filter(
        state=ComplaintState.ESCALATED,
        authority_reference="",
        escalated_at__lt=timezone.now() - LOOKED_BACK,
    )
    counts = yield {"unnumbered": unnumbered}
    verdict = at_risk if counts["unnumbered"] else kept
    link = admin_list(COMPLAINTS, queue="escalated")
    return verdict(counts["unnumbered"], Unit.COMPLAINTS, link=link)


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
