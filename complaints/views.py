from django.contrib import messages
from django.core.paginator import Paginator
from django.http import FileResponse, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.http import CustomerRequest, for_customer, posted_from
from casework.clocks import preview_clocks
from casework.downloads import as_attachment
from casework.models import Evidence
from common.errors import PortalError
from common.forms import tell_of_masked_cards
from complaints import intake, services
from complaints.exceptions import SubmissionUsed
from complaints.forms import ComplaintForm
from complaints.models import Complaint


@for_customer
def index(request: CustomerRequest) -> HttpResponse:
    complaints = Complaint.objects.of(request.customer).order_by("-received_at")
    page = Paginator(complaints, 20).get_page(request.GET.get("page"))
    return render(request, "complaints/index.html", {"page": page})


@for_customer
def file_complaint(request: CustomerRequest) -> HttpResponse:
    form = ComplaintForm(request.POST or None, request.FILES or None)
    if form.is_valid():
        try:
            complaint = intake.file_complaint(
                request.customer, by=request.user, **form.cleaned_data
            )
        except PortalError as error:
            form.add_error(None, str(error))
            if isinstance(error, SubmissionUsed):
                form.become_another()
        else:
            tell_of_masked_cards(request, form)
            messages.success(
                request, _("We have your complaint. Its reference is %s.") % complaint.reference
            )
            return redirect(complaint)
    clocks = preview_clocks(intake.CLOCKS, timezone.now())
    return render(request, "complaints/file.html", {"form": form, "clocks": clocks})


@for_customer
def detail(request: CustomerRequest, public_id: str) -> HttpResponse:
    complaint = _get_own(request, public_id)
    return render(
        request,
        "complaints/detail.html",
        {
            "complaint": complaint,
            "clocks": complaint.clocks.select_related("limit"),
            "events": complaint.events.for_customer(),
            "evidence": complaint.evidence.all(),
        },
    )


@for_customer
@posted_from("complaint")
def withdraw(request: CustomerRequest, public_id: str) -> HttpResponse:
    complaint = _get_own(request, public_id)
    try:
        services.withdraw_complaint(complaint, by=request.user)
    except PortalError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("You have withdrawn your complaint."))
    return redirect(complaint)


@for_customer
def evidence(request: CustomerRequest, public_id: str, evidence_id: str) -> FileResponse:
    complaint = _get_own(request, public_id)
    return as_attachment(get_object_or_404(Evidence, case=complaint, public_id=evidence_id))


def _get_own(request: CustomerRequest, public_id: str) -> Complaint:
    """Return the customer's own complaint, else 404 (also when it exists)."""
    complaint: Complaint = get_object_or_404(
        Complaint.objects.of(request.customer), public_id=public_id
    )
    return complaint
