from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control

from accounts.closed_pages import closed_customer, token_of
from accounts.closing import close_account, terms_of_closing
from accounts.closing_receipts import issue_closing_receipt
from accounts.consents import choices_of
from accounts.forms import ChangeMindForm, CloseAccountForm
from accounts.held import erasure_waits_for, kept_after_closing
from accounts.http import CustomerRequest, confirmed_again, for_customer
from accounts.link_proofs import is_proved, may_try
from accounts.reopening import can_reopen_alone, change_mind
from accounts.sessions import count_devices
from common.errors import PortalError
from common.paper import hand_out


@for_customer
@confirmed_again
def close(request: CustomerRequest) -> HttpResponse:
    """Say what goes, what stays, why and until when; then close, and lead to the receipt."""
    customer = request.customer
    try:
        terms = terms_of_closing(timezone.now())
        form = CloseAccountForm(request.POST or None, may_waive=terms.waiting_is_by_grace)
        if form.is_valid():
            waives = form.cleaned_data.get("waives_grace", False)
            close_account(customer, by=request.user, waives_grace=waives)
            logout(request)
            return redirect("closed_account", token_of(customer.public_id))
    except PortalError as error:
        messages.error(request, str(error))
        return redirect("data")
    context = {
        "form": form,
        "terms": terms,
        "kept": kept_after_closing(customer, terms),
        "devices": count_devices(request.user),
        "consents": [choice.purpose for choice in choices_of(customer) if choice.was_given],
        "waits": erasure_waits_for(customer),
    }
    return render(request, "accounts/close.html", context)


@login_not_required
@cache_control(no_store=True)
def reopen(request: HttpRequest, token: str) -> HttpResponse:
    """Open a closed account again for whoever has the mail and the password.

    Looking at the page does nothing, so that a program that follows links in mails does not.
    """
    customer = closed_customer(token)
    may = can_reopen_alone(customer)
    form = ChangeMindForm(request.POST or None, user=customer.user)
    if request.method == "POST" and may:
        if not may_try(request, customer):
            return render(request, "429.html", status=429)
        if is_proved(request, customer, form):
            try:
                change_mind(customer)
            except PortalError as error:
                form.add_error(None, str(error))
            else:
                messages.success(request, _("Your account is open again. Please sign in."))
                return redirect("account_login")
    context = {"form": form, "customer": customer, "may": may, "token": token}
    return render(request, "accounts/reopen.html", context)


@login_not_required
def closing_receipt(request: HttpRequest, token: str, form: str) -> HttpResponse:
    document = issue_closing_receipt(closed_customer(token))
    return hand_out(document, name="closing-receipt", form=form, verified_at=reverse("verify"))
