from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from accounts import consents as ledger
from accounts.forms import ConsentForm
from accounts.http import CustomerRequest, for_customer, posted_from
from accounts.models import ConsentDecision
from common.errors import PortalError
from policies.models import Purpose


@for_customer
def consents(request: CustomerRequest) -> HttpResponse:
    needed = [purpose for purpose in Purpose.objects.active() if not purpose.asks_consent]
    return render(
        request,
        "accounts/consents.html",
        {
            "choices": ledger.choices_of(request.customer),
            "needed": needed,
            "given": ConsentDecision.GIVEN,
            "withdrawn": ConsentDecision.WITHDRAWN,
        },
    )


@for_customer
@posted_from("consents")
def decide_consent(request: CustomerRequest) -> HttpResponse:
    form = ConsentForm(request.POST)
    if form.is_valid():
        _decide(request, form.cleaned_data["purpose"], form.cleaned_data["decision"])
    else:
        changed = "".join(map(str, form.non_field_errors()))
        messages.error(request, changed or _("That choice is not known. Please choose again."))
    return redirect("consents")


def _decide(request: CustomerRequest, purpose: Purpose, decision: str) -> None:
    try:
        ledger.decide_consent(
            request.customer, purpose, decision=ConsentDecision(decision), by=request.user
        )
    except PortalError as error:
        messages.error(request, str(error))
        return
    if decision == ConsentDecision.GIVEN:
        text = _("You have given your consent. You can withdraw it at any time.")
    else:
        text = _("You have withdrawn your consent, with effect from now.")
    messages.success(request, text)
