from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.contrib.auth import logout
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from access.models import AccessRecord
from accounts import services
from accounts.consents import choices_of
from accounts.forms import CloseAccountForm, ConsentForm, DetailsForm, details_of
from accounts.held import erasure_waits_for, held_about, kept_after_closing
from accounts.http import CustomerRequest, for_customer
from accounts.models import ConsentDecision
from common.errors import PortalError
from policies.models import Purpose


@for_customer
def data(request: CustomerRequest) -> HttpResponse:
    return render(request, "accounts/data.html", {"categories": held_about(request.customer)})


@for_customer
def edit_details(request: CustomerRequest) -> HttpResponse:
    form = DetailsForm(request.POST or None, initial=details_of(request.customer))
    if form.is_valid():
        try:
            services.correct_details(request.customer, details=form.details, by=request.user)
        except PortalError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("Your details are up to date."))
            return redirect("data")
    return render(request, "accounts/edit_details.html", {"form": form})


@for_customer
def consents(request: CustomerRequest) -> HttpResponse:
    needed = [purpose for purpose in Purpose.objects.active() if not purpose.asks_consent]
    return render(
        request,
        "accounts/consents.html",
        {
            "choices": choices_of(request.customer),
            "needed": needed,
            "given": ConsentDecision.GIVEN,
            "withdrawn": ConsentDecision.WITHDRAWN,
        },
    )


@for_customer
@require_POST
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
        services.decide_consent(
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


@for_customer
def accesses(request: CustomerRequest) -> HttpResponse:
    records = AccessRecord.objects.about(request.customer.public_id)
    page = Paginator(records, 25).get_page(request.GET.get("page"))
    purposes = Purpose.objects.in_bulk(field_name="code")
    return render(request, "accounts/accesses.html", {"page": page, "purposes": purposes})


@for_customer
@reauthentication_required
def close(request: CustomerRequest) -> HttpResponse:
    form = CloseAccountForm(request.POST or None)
    try:
        kept = kept_after_closing(timezone.now())
        if form.is_valid():
            until = services.close_account(request.customer, by=request.user)
            logout(request)
            return render(request, "accounts/closed.html", {"until": until})
    except PortalError as error:
        messages.error(request, str(error))
        return redirect("data")
    waits = erasure_waits_for(request.customer)
    return render(request, "accounts/close.html", {"form": form, "kept": kept, "waits": waits})
