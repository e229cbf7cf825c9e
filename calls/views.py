from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from accounts.http import CustomerRequest, for_customer, sent_after_confirming
from calls import retention
from calls.models import CallRecording
from calls.playback import send_recording
from common.errors import PortalError
from common.personal_data import DataCategory
from policies.categories import is_dealt_with


@for_customer
def index(request: CustomerRequest) -> HttpResponse:
    """List the recordings; where none are made and none are left there is no such page."""
    recordings = CallRecording.objects.of(request.customer)
    page = Paginator(recordings, 20).get_page(request.GET.get("page"))
    if not page.paginator.count and not is_dealt_with(DataCategory.CALL_RECORDING):
        raise Http404
    context = {"page": page, "erasable": retention.is_erasable_by_customer()}
    return render(request, "calls/index.html", context)


@for_customer
def audio(request: CustomerRequest, public_id: str) -> HttpResponseBase:
    return send_recording(request, _get_own(request, public_id))


@for_customer
def download(request: CustomerRequest, public_id: str) -> HttpResponseBase:
    return send_recording(request, _get_own(request, public_id), as_attachment=True)


@for_customer
@sent_after_confirming
def erase(request: CustomerRequest, public_id: str) -> HttpResponse:
    """Say what erasing a recording means; a POST erases it."""
    recording = _get_own(request, public_id)
    refusal = ""
    if request.method == "POST":
        try:
            retention.erase_for_customer(recording)
        except PortalError as error:
            refusal = str(error)
        else:
            messages.success(request, _("The recording is erased for good."))
            return redirect("calls")
    return render(request, "calls/erase.html", {"recording": recording, "refusal": refusal})


def _get_own(request: CustomerRequest, public_id: str) -> CallRecording:
    """Return the customer's own recording, else 404 (also when it exists)."""
    own = CallRecording.objects.of(request.customer).select_related("customer")
    recording: CallRecording = get_object_or_404(own, public_id=public_id)
    return recording
