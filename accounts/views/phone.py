from allauth.core import ratelimit
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from accounts import phone
from accounts.forms import PhoneCodeForm
from accounts.http import CustomerRequest, for_customer, posted_from
from common.errors import PortalError
from notices.sms import can_send_sms


@for_customer
def verify_phone(request: CustomerRequest) -> HttpResponse:
    """Take the code that came by text message; it travels in the form alone."""
    form = PhoneCodeForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        if not ratelimit.consume(request, action="verify_phone_code", key=str(request.user.pk)):
            return render(request, "429.html", status=429)
        if phone.verify_code(request.customer, form.cleaned_data["code"]):
            messages.success(request, _("Your phone number is confirmed."))
            return redirect("data")
        form.add_error("code", _("This code is not right, or no longer valid. Send a new one."))
    context = {
        "form": form,
        "is_verified": phone.is_verified(request.customer),
        "can_send": can_send_sms() and bool(request.customer.phone),
        "end": request.customer.phone[-3:],
    }
    return render(request, "accounts/verify_phone.html", context)


@for_customer
@posted_from("verify_phone")
def send_phone_code(request: CustomerRequest) -> HttpResponse:
    try:
        phone.send_code(request.customer)
    except PortalError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("A code is on its way. It is valid for ten minutes."))
    return redirect("verify_phone")
