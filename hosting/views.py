from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from accounts.http import CustomerRequest, confirmed_again, for_customer, posted_from
from common.errors import PortalError
from common.forms import tell_of_masked_cards
from common.personal_data import DataCategory
from hosting import services
from hosting.forms import NewServiceForm, form_for, values_of
from hosting.models import HostedService
from policies.categories import is_dealt_with


@for_customer
def index(request: CustomerRequest) -> HttpResponse:
    """List what is hosted; where nothing is hosted and nothing is left there is no such page."""
    hosted = HostedService.objects.of(request.customer)
    page = Paginator(hosted, 20).get_page(request.GET.get("page"))
    if not page.paginator.count:
        _require_hosting()
    return render(request, "hosting/index.html", {"page": page})


@for_customer
def add(request: CustomerRequest) -> HttpResponse:
    _require_hosting()
    form = NewServiceForm(request.POST or None)
    if form.is_valid():
        values = dict(form.cleaned_data)
        submission = values.pop("submission")
        try:
            services.add_service(request.customer, values, submission=submission, by=request.user)
        except PortalError as error:
            form.add_error(None, str(error))
        else:
            tell_of_masked_cards(request, form)
            messages.success(request, _("It is on your list."))
            return redirect("hosting")
    return render(request, "hosting/service.html", {"form": form})


@for_customer
def correct(request: CustomerRequest, public_id: str) -> HttpResponse:
    service = _get_own(request, public_id)
    form = form_for(service)(request.POST or None, initial=values_of(service))
    if form.is_valid():
        try:
            services.correct_service(service, form.cleaned_data, by=request.user)
        except PortalError as error:
            form.add_error(None, str(error))
        else:
            tell_of_masked_cards(request, form)
            messages.success(request, _("Your list is up to date."))
            return redirect("hosting")
    return render(request, "hosting/service.html", {"form": form, "service": service})


@for_customer
@posted_from("hosted_service")
def end(request: CustomerRequest, public_id: str) -> HttpResponse:
    try:
        services.end_service(_get_own(request, public_id), by=request.user)
    except PortalError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The service is marked as ended today."))
    return redirect("hosting")


@for_customer
@posted_from("hosted_service")
@confirmed_again
def erase(request: CustomerRequest, public_id: str) -> HttpResponse:
    try:
        services.erase_service(_get_own(request, public_id))
    except PortalError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The entry is erased for good, from the history too."))
    return redirect("hosting")


def _require_hosting() -> None:
    if not is_dealt_with(DataCategory.HOSTED_CONTENT):
        raise Http404


def _get_own(request: CustomerRequest, public_id: str) -> HostedService:
    """Return the customer's own entry, else 404 (also when it exists)."""
    own = HostedService.objects.of(request.customer).select_related("customer")
    service: HostedService = get_object_or_404(own, public_id=public_id)
    return service
