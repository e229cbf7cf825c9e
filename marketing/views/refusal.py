from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from accounts.http import CustomerRequest, for_customer, posted_from
from common.errors import PortalError
from marketing.refusal import refuse_marketing


@for_customer
@posted_from("consents")
def refuse(request: CustomerRequest) -> HttpResponse:
    try:
        withdrawn = refuse_marketing(request.customer, by=request.user)
    except PortalError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _told([str(purpose.name) for purpose in withdrawn]))
    return redirect("consents")


def _told(withdrawn: list[str]) -> str:
    if withdrawn:
        done = _("You have refused all marketing and withdrawn your consent to: %s.")
        first = done % ", ".join(withdrawn)
    else:
        first = _("You have refused all marketing. You had consented to none of it.")
    second = _(
        "How these would have reached you is now on the list of those who get no advertising;"
        " only a new consent of yours, from an address proved to be yours, takes it off."
    )
    return f"{first} {second}"
