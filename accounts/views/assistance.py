from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from accounts.assistance import address_to_confirm, confirm_address
from accounts.http import CustomerRequest, for_customer


@for_customer
def staff_changes(request: CustomerRequest) -> HttpResponse:
    changes = request.customer.assisted_changes.select_related("identity_check")
    page = Paginator(changes, 25).get_page(request.GET.get("page"))
    return render(request, "accounts/staff_changes.html", {"page": page})


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
