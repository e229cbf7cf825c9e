from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from accounts.closing import close_account
from accounts.forms import CloseAccountForm
from accounts.held import erasure_waits_for, kept_after_closing
from accounts.http import CustomerRequest, for_customer
from common.errors import PortalError


@for_customer
@reauthentication_required
def close(request: CustomerRequest) -> HttpResponse:
    form = CloseAccountForm(request.POST or None)
    try:
        kept = kept_after_closing(timezone.now())
        if form.is_valid():
            until = close_account(request.customer, by=request.user)
            logout(request)
            return render(request, "accounts/closed.html", {"until": until})
    except PortalError as error:
        messages.error(request, str(error))
        return redirect("data")
    waits = erasure_waits_for(request.customer)
    return render(request, "accounts/close.html", {"form": form, "kept": kept, "waits": waits})
