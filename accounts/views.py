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
from accounts.forms import CloseAccountForm, ConsentForm, DetailsForm, details_of
from accounts.held import held_about, kept_after_closing
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
        services.correct_details(request.customer, details=form.details, by=request.user)
        messages.success(request, _("Your details are up to date."))
        return redirect("data")
    return render(request, "accounts/edit_details.html", {"form": form})


@for_customer
def consents(request: CustomerRequest) -> HttpResponse:
    latest = {
        consent.purpose_id: consent for consent in request.customer.consents.latest_per_purpose()
    }
    purposes = [(purpose, latest.get(purpose.pk)) for purpose in Purpose.objects.active()]
    return render(
        request,
        "accounts/consents.html",
        {
            "asked": [pair for pair in purposes if pair[0].asks_consent],
            "needed": [purpose for purpose, _consent in purposes if not purpose.asks_consent],
            "given": ConsentDecision.GIVEN,
            "withdrawn": ConsentDecision.WITHDRAWN,
        },
    )


@for_customer
@require_POST
def decide_consent(request: CustomerRequest) -> HttpResponse:
    form = ConsentForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("That choice is not known. Please choose again."))
        return redirect("consents")
    decision = ConsentDecision(form.cleaned_data["decision"])
    services.decide_consent(
        request.customer, form.cleaned_data["purpose"], decision=decision, by=request.user
    )
    if decision == ConsentDecision.GIVEN:
        messages.success(
            request, _("You have given your consent. You can withdraw it at any time.")
        )
    else:
        messages.success(request, _("You have withdrawn your consent, with effect from now."))
    return redirect("consents")


@for_customer
def accesses(request: CustomerRequest) -> HttpResponse:
    records = AccessRecord.objects.about(request.customer.public_id)
    page = Paginator(records, 25).get_page(request.GET.get("page"))
    purposes = {purpose.code: purpose for purpose in Purpose.objects.all()}
    return render(request, "accounts/accesses.html", {"page": page, "purposes": purposes})


@for_customer
@reauthentication_required
def close(request: CustomerRequest) -> HttpResponse:
    form = CloseAccountForm(request.POST or None)
    if form.is_valid():
        try:
            until = services.close_account(request.customer, by=request.user)
        except PortalError as error:
            form.add_error(None, str(error))
        else:
            logout(request)
            return render(request, "accounts/closed.html", {"until": until})
    context = {"form": form, "kept": kept_after_closing(timezone.now())}
    return render(request, "accounts/close.html", context)
