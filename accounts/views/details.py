from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import accuracy, erasure
from accounts.details import correct_details
from accounts.erasure import erasable_categories, erasable_details
from accounts.forms import CorrectionForm, details_of
from accounts.held import detail_label, held_about, held_details, held_in
from accounts.http import (
    CustomerRequest,
    confirmed_again,
    for_customer,
    posted_from,
    sent_after_confirming,
)
from accounts.models.assistance import labels_of
from accounts.phone import can_be_verified
from common.errors import PortalError
from common.forms import tell_of_masked_cards
from common.personal_data import DataCategory
from common.reauthentication import confirm_again


@for_customer
def data(request: CustomerRequest) -> HttpResponse:
    context = {
        "categories": held_about(request.customer),
        "erasable": erasable_categories(),
        "asks_phone": can_be_verified(request.customer),
    }
    return render(request, "accounts/data.html", context)


@for_customer
def data_category(request: CustomerRequest, category: str) -> HttpResponse:
    try:
        held, page = held_in(request.customer, DataCategory(category), request.GET.get("page"))
    except (KeyError, ValueError) as error:
        raise Http404 from error
    details = erasable_details() if held.category == DataCategory.CONTACT else []
    context = {
        "held": held,
        "page": page,
        "is_erasable": held.category in erasable_categories(),
        "details": labels_of(details),
        "asks_phone": can_be_verified(request.customer),
    }
    return render(request, "accounts/data_category.html", context)


@for_customer
@posted_from("data_category")
@confirmed_again
def erase_category(request: CustomerRequest, category: str) -> HttpResponse:
    try:
        kind = DataCategory(category)
        count = erasure.erase_category(request.customer, kind, by=request.user)
    except ValueError as error:
        raise Http404 from error
    except PortalError as error:
        messages.error(request, str(error))
        return redirect("data_category", category)
    text = ngettext("%d record is erased for good.", "%d records are erased for good.", count)
    messages.success(request, text % count if count else _("Nothing is held."))
    return redirect("data")


@for_customer
@sent_after_confirming
def erase_detail(request: CustomerRequest, name: str) -> HttpResponse:
    """Say what erasing a detail means, or why it cannot go; a POST erases it."""
    label = detail_label(name)
    if label is None:
        raise Http404
    refusal = erasure.why_detail_stays(name)
    if request.method == "POST" and not refusal:
        try:
            was_there = erasure.erase_detail(request.customer, name, by=request.user)
        except PortalError as error:
            refusal = str(error)
        else:
            erased = _("It is erased for good, from the history too.")
            messages.success(request, erased if was_there else _("Nothing is held."))
            return redirect("data")
    context = {"label": label, "refusal": refusal}
    return render(request, "accounts/erase_detail.html", context)


@for_customer
def edit_details(request: CustomerRequest) -> HttpResponse:
    form = CorrectionForm(request.POST or None, initial=details_of(request.customer))
    if form.is_valid():
        if form.details.get("phone", request.customer.phone) != request.customer.phone:
            confirm_again(request)
        try:
            correct_details(
                request.customer, details=form.details, declared=form.declared, by=request.user
            )
        except PortalError as error:
            form.add_error(None, str(error))
        else:
            tell_of_masked_cards(request, form)
            messages.success(request, _("Your details are up to date."))
            return redirect("data")
    context = {"form": form, "wording": accuracy.wording()}
    return render(request, "accounts/edit_details.html", context)


@for_customer
def confirm_details(request: CustomerRequest) -> HttpResponse:
    """Show the details that a customer gave; a POST declares that they are right."""
    if request.method == "POST":
        try:
            accuracy.confirm_details(request.customer)
        except PortalError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("Thank you. Your details are confirmed."))
            return redirect("overview")
    context = {"held": held_details(request.customer), "wording": accuracy.wording()}
    return render(request, "accounts/confirm_details.html", context)
