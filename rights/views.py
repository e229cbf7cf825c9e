from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render

from accounts.http import CustomerRequest, confirmed_again, for_customer, sent_after_confirming
from common.errors import PortalError
from rights import exports
from rights.contents import told_categories
from rights.exceptions import ExportOver
from rights.models import Export


@for_customer
@sent_after_confirming
def export(request: CustomerRequest) -> HttpResponse:
    """Say what a copy of the data holds, and how far the last one is; a POST asks for one."""
    if request.method == "POST":
        try:
            exports.ask_export(request.customer, by=request.user)
        except PortalError as error:
            messages.error(request, str(error))
        return redirect("export")
    own = Export.objects.of(request.customer)
    context = {
        "last": own.first(),
        "kept": own.kept().first(),
        "categories": told_categories(),
        "days": settings.EXPORT_DAYS,
    }
    return render(request, "rights/export.html", context)


@for_customer
@confirmed_again
def download(request: CustomerRequest, public_id: str) -> HttpResponseBase:
    own = Export.objects.of(request.customer).select_related("customer")
    export = get_object_or_404(own, public_id=public_id)
    try:
        return exports.collect_export(export, by=request.user)
    except ExportOver as error:
        messages.error(request, str(error))
        return redirect("export")
