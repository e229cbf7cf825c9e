from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from accounts.details import correct_details
from accounts.forms import DetailsForm, details_of
from accounts.held import held_about
from accounts.http import CustomerRequest, for_customer
from common.errors import PortalError
from common.forms import tell_of_masked_cards


@for_customer
def data(request: CustomerRequest) -> HttpResponse:
    return render(request, "accounts/data.html", {"categories": held_about(request.customer)})


@for_customer
def edit_details(request: CustomerRequest) -> HttpResponse:
    form = DetailsForm(request.POST or None, initial=details_of(request.customer))
    if form.is_valid():
        try:
            correct_details(request.customer, details=form.details, by=request.user)
        except PortalError as error:
            form.add_error(None, str(error))
        else:
            tell_of_masked_cards(request, form)
            messages.success(request, _("Your details are up to date."))
            return redirect("data")
    return render(request, "accounts/edit_details.html", {"form": form})
