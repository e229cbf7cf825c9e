"""What matters now, on the first page of the desk: figures that lead to their lists."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.http import urlencode
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from access.gate import lacks_undertaking
from accounts.models import Customer, EmergencyAccess
from casework.deadlines import Deadline, deadline_of, soon_until
from common.job_report import late_jobs
from common.personal_data import said_of, what_keeps
from complaints.models import Complaint
from complaints.queue import count_queues
from downstream.models import Order, OrderState
from enquiries.models import Enquiry
from hosting.models import HostedService
from policies.calendars import ends_too_soon, needed_until
from policies.counting import local_day
from policies.promise_board import count_stored
from retention.clocks import late_clocks
from retention.models import PurgeRun
from staff.undertakings import renewal_of

# Queue, label, and how the figure looks when it is not 0
COMPLAINT_FIGURES: tuple[tuple[str, str | Promise, str], ...] = (
    ("open", _("Open complaints"), ""),
    ("overdue", _("Overdue complaints"), "late"),
    ("soon", _("Complaints due soon"), "soon"),
    ("unassigned", _("Complaints without a handler"), ""),
)


@dataclass(frozen=True)
class Figure:
    label: str | Promise
    value: int | str
    link: str
    tone: str = ""


@dataclass(frozen=True)
class OwnComplaint:
    reference: str
    link: str
    state: str
    deadline: Deadline | None


def undertaking_to_sign(request: HttpRequest) -> str | Promise:
    """Tell a member of staff that they have to sign, now or soon; empty where not."""
    user: Any = request.user
    if lacks_undertaking(user):
        return _("You see no personal data before you have signed.")
    if last_day := renewal_of(user):
        day = date_format(last_day, "SHORT_DATE_FORMAT")
        return _("Your undertaking ends on %(day)s. Sign anew to go on seeing personal data.") % {
            "day": day
        }
    return ""


def figures(request: HttpRequest) -> list[Figure]:
    user: Any = request.user
    found: list[Figure] = []
    if user.has_perm("complaints.view_complaint"):
        found += _of_complaints(user)
    if user.has_perm("enquiries.view_enquiry"):
        found.append(_of_enquiries())
    found += _of_emergencies(user)
    if user.has_perm("hosting.view_hostedservice"):
        found += _of_hosting()
    if user.has_perm("retention.view_purgerun"):
        found += _of_retention(user)
    found += _of_orders(user)
    if user.has_perm("policies.view_promise"):
        found += _of_promises()
    if user.has_perm("policies.change_officialday"):
        found += _of_calendar()
    if user.has_perm("common.view_jobstatus"):
        found.append(_of_jobs())
    return found


def own_complaints(request: HttpRequest) -> list[OwnComplaint]:
    user: Any = request.user
    if not user.has_perm("complaints.view_complaint"):
        return []
    soon = soon_until()
    mine = Complaint.objects.open().filter(handler=user).order_by("late_from", "pk")[:8]
    return [
        OwnComplaint(
            complaint.reference,
            reverse("admin:complaints_complaint_change", args=[complaint.pk]),
            complaint.get_state_display(),
            deadline_of(complaint, soon),
        )
        for complaint in mine
    ]


def _of_complaints(user: Any) -> Iterator[Figure]:
    page = reverse("admin:complaints_complaint_changelist")
    counts = count_queues(user, soon_until())
    for name, label, tone in COMPLAINT_FIGURES:
        yield Figure(label, counts[name], f"{page}?queue={name}", tone if counts[name] else "")


def _of_enquiries() -> Figure:
    page = reverse("admin:enquiries_enquiry_changelist")
    return Figure(_("Enquiries to be answered"), Enquiry.objects.to_be_answered().count(), page)


def _of_emergencies(user: Any) -> Iterator[Figure]:
    """Yield what waits for a second person, and for a review, if anything does."""
    page = reverse("admin:accounts_emergencyaccess_changelist")
    asked = EmergencyAccess.objects.to_be_confirmed(timezone.now())
    if user.has_perm("accounts.change_emergencyaccess") and (waiting := asked.count()):
        yield Figure(_("Emergencies to be confirmed"), waiting, f"{page}?state=asked", "late")
    unreviewed = EmergencyAccess.objects.unreviewed()
    if user.has_perm("accounts.review_emergencyaccess") and (left := unreviewed.count()):
        yield Figure(_("Emergencies to be reviewed"), left, f"{page}?state=unreviewed", "soon")


def _of_hosting() -> Iterator[Figure]:
    """Yield how many customers have nothing running any more, if any."""
    if left := HostedService.objects.last_of_their_customers().count():
        page = reverse("admin:hosting_hostedservice_changelist")
        yield Figure(_("Customers whose last service has ended"), left, f"{page}?state=last")


def _of_retention(user: Any) -> Iterator[Figure]:
    """Yield how many should be gone, and of these how many stay and why, each with its list."""
    over = Customer.objects.kept_too_long(local_day(timezone.now()))
    customers = over.filter(remainder=None)  # of whom all has gone that may
    runs = reverse("admin:retention_purgerun_changelist")
    yield Figure(_("Customers due for deletion"), customers.count(), runs)
    for reason, number in what_keeps(customers).items():
        page = runs
        if user.has_perm("accounts.view_customer"):
            query = urlencode({"erasure": "over", "kept_by": reason})
            page = f"{reverse('admin:accounts_customer_changelist')}?{query}"
        label = gettext("Of these kept for longer: %(reason)s") % {"reason": said_of(reason)}
        yield Figure(label, number, page, "soon")
    if waiting := PurgeRun.objects.waiting().count():
        yield Figure(_("Deletions that wait for a permit"), waiting, runs, "late")
    if late := late_clocks():
        yield Figure(_("Late clocks of the deletion"), len(late), runs, "late")


def _of_orders(user: Any) -> Iterator[Figure]:
    """Yield what this person has to carry out for other systems, and what is late, if anything."""
    if not user.has_perm("downstream.change_order"):
        return
    page = reverse("admin:downstream_order_changelist")
    mine = Order.objects.filter(state=OrderState.TASK, system__responsible=user)
    if waiting := mine.count():
        yield Figure(_("Orders for you to carry out"), waiting, f"{page}?state=mine", "soon")
    if late := Order.objects.late(local_day(timezone.now())).count():
        yield Figure(_("Orders that are late"), late, f"{page}?state=late", "late")


def _of_promises() -> Iterator[Figure]:
    """Yield how many are broken; and since when none, or not all, were measured anew."""
    stored = count_stored()
    page = reverse("admin:policies_promise_changelist")
    link = f"{page}?status=broken" if stored.broken else page
    tone = "late" if stored.broken else ""
    yield Figure(_("Broken promises, as last stored"), stored.broken, link, tone)
    if stored.outdated_at:
        day = date_format(local_day(stored.outdated_at), "SHORT_DATE_FORMAT")
        yield Figure(_("Promises last measured on"), day, page, "late")


def _of_calendar() -> Iterator[Figure]:
    """Yield a figure only while the calendar does not reach far enough."""
    today = local_day(timezone.now())
    if ends := ends_too_soon(today):
        page = reverse("admin:policies_officialday_changelist")
        link = f"{page}?year={needed_until(today).year}"
        yield Figure(
            _("Official calendar ends"), date_format(ends, "SHORT_DATE_FORMAT"), link, "late"
        )


def _of_jobs() -> Figure:
    late = len(late_jobs(timezone.now()))
    page = reverse("admin:common_jobstatus_changelist")
    return Figure(_("Jobs that are late"), late, page, "late" if late else "")
