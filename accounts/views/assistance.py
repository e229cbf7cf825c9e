from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from accounts import merging
from accounts.assistance import address_to_confirm, confirm_address
from accounts.http import CustomerRequest, for_customer, sent_after_confirming
from accounts.models.assistance import labels_of
from common.errors import PortalError


@for_customer
def staff_changes(request: CustomerRequest) -> HttpResponse:
    changes = request.customer.assisted_changes.select_related("identity_check")
    page = Paginator(changes, 25).get_page(request.GET.get("page"))
    return render(request, "accounts/staff_changes.html", {"page": page})


@for_customer
@sent_after_confirming
def choose_details(request: CustomerRequest) -> HttpResponse:
    """Ask, after a claim, which is right where the record and the sign-up differ."""
    differences = merging.differences_of(request.customer)
    if request.method == "POST":
        typed = {each.name for each in differences if request.POST.get(each.name) == "typed"}
        try:
            merging.choose_details(request.customer, typed=typed, by=request.user)
        except PortalError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("Your details are up to date."))
        return redirect("data")
    if not differences:
        return redirect("data")
    labels = labels_of(each.name for each in differences)
    asked = list(zip(labels, differences, strict=True))
    return render(request, "accounts/choose_details.html", {"asked": asked})


@login_not_required
def confirm_new_email(request: HttpRequest, token: str) -> HttpResponse:
    """Ask on GET, act on POST: a scanner of mails that follows the link confirms nothing."""
    address = address_to_confirm(token)
    if address is None:
        return render(request, "accounts/confirm_email_over.html", status=404)
    if request.method == "POST":
        if confirm_address(request, address):
            return redirect("data" if request.user.is_authenticated else "account_login")
        messages.error(request, _("This address cannot be used. Please ask us again."))
    return render(request, "accounts/confirm_email.html", {"email": address.email})
