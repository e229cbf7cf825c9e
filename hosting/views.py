from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from accounts.http import CustomerRequest, confirmed_again, for_customer, posted_from
from common.errors import PortalError
from common.forms import tell_of_masked_cards
from common.personal_data import DataCategory
from common.reauthentication import confirm_anew
from downstream.models import HAND_OVER_LASTS, OF_HOSTING, OrderKind
from hosting import backups, orders, services
from hosting.forms import DestroyForm, NewServiceForm, form_for, values_of
from hosting.models import BackupAnswer, HostedService
from policies.categories import is_dealt_with


@for_customer
def index(request: CustomerRequest) -> HttpResponse:
    """List what is hosted; where nothing is hosted and nothing is left there is no such page."""
    hosted = HostedService.objects.of(request.customer)
    page = Paginator(hosted, 20).get_page(request.GET.get("page"))
    if not page.paginator.count:
        _require_hosting()
    return render(request, "hosting/index.html", {"page": page})


@for_customer
def add(request: CustomerRequest) -> HttpResponse:
    _require_hosting()
    form = NewServiceForm(request.POST or None)
    if form.is_valid():
        values = dict(form.cleaned_data)
        submission = values.pop("submission")
        try:
            services.add_service(request.customer, values, submission=submission, by=request.user)
        except PortalError as error:
            form.add_error(None, str(error))
        else:
            tell_of_masked_cards(request, form)
            messages.success(request, _("It is on your list."))
            return redirect("hosting")
    return render(request, "hosting/service.html", {"form": form})


@for_customer
def correct(request: CustomerRequest, public_id: str) -> HttpResponse:
    service = _get_own(request, public_id)
    form = form_for(service)(request.POST or None, initial=values_of(service))
    if form.is_valid():
        try:
            services.correct_service(service, form.cleaned_data, by=request.user)
        except PortalError as error:
            form.add_error(None, str(error))
        else:
            tell_of_masked_cards(request, form)
            messages.success(request, _("Your list is up to date."))
            return redirect("hosting")
    context = {"form": form, "service": service, **_backed_up(service), **_ordered(service)}
    return render(request, "hosting/service.html", context)


def _backed_up(service: HostedService) -> dict[str, Any]:
    """Return what the customer was asked last, and whether it is backed up all the same."""
    asked = backups.last_request(service)
    wrong = HostedService.objects.backed_up_without_a_yes().filter(pk=service.pk)
    return {
        "asked": asked,
        "is_to_be_destroyed": asked is not None and backups.is_destruction_ordered(asked),
        "is_backed_up_without_a_yes": bool(service.is_backed_up) and wrong.exists(),
    }


def _ordered(service: HostedService) -> dict[str, Any]:
    """Return what was ordered about a service, and what the customer may ask for now."""
    is_over = orders.is_destroyed(service)
    under_way = list(orders.under_way_of(service))
    return {
        "orders": orders.orders_about(service),
        "under_way": under_way,
        "days": HAND_OVER_LASTS.days,
        "is_over": is_over,
        "is_being_destroyed": is_over and orders.is_being_destroyed(service),
        "is_by_hand": not all(orders.can_be_ordered(kind) for kind in OF_HOSTING),
        "is_handed_over": bool(under_way) and all(each.acknowledged_at for each in under_way),
        "may_hand_over": not is_over and orders.can_be_ordered(OrderKind.HAND_OVER),
        "may_destroy": not is_over and orders.can_be_ordered(OrderKind.DESTRUCTION),
    }


@for_customer
@posted_from("hosted_service")
def end(request: CustomerRequest, public_id: str) -> HttpResponse:
    try:
        services.end_service(_get_own(request, public_id), by=request.user)
    except PortalError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The service is marked as ended today."))
    return redirect("hosting")


@for_customer
@posted_from("hosted_service")
def hand_over(request: CustomerRequest, public_id: str) -> HttpResponse:
    service = _get_own(request, public_id)
    done = _("The hosting system is told to hand it over. This page says how it goes on.")
    return _act(request, service, partial(orders.ask_hand_over, service), done)


@for_customer
@posted_from("hosted_service")
def handed_over(request: CustomerRequest, public_id: str) -> HttpResponse:
    service = _get_own(request, public_id)
    act = partial(orders.confirm_hand_over, service)
    return _act(request, service, act, _("Thank you. It is noted that you have it."))


@for_customer
@posted_from("hosted_service")
def answer_backup(request: CustomerRequest, public_id: str) -> HttpResponse:
    """Take a yes, a no, and a yes back, all by one press."""
    service = _get_own(request, public_id)
    asked, answer = request.POST.get("asked", ""), request.POST.get("answer")
    if answer not in BackupAnswer.values:
        raise BadRequest("neither yes nor no")
    is_yes = answer == BackupAnswer.YES
    act = partial(backups.answer_backup, service, asked=asked, is_yes=is_yes, by=request.user)
    done = _("Noted: you agree to its backup.") if is_yes else _("Noted: you want no backup of it.")
    return _act(request, service, act, done)


@for_customer
def destroy(request: CustomerRequest, public_id: str) -> HttpResponse:
    """Say what goes and that nothing brings it back; then order it."""
    service = _get_own(request, public_id)
    ordered = _ordered(service)
    if not ordered["may_destroy"]:
        return redirect(service)
    form = DestroyForm(request.POST or None, is_handed_over=bool(ordered["under_way"]))
    if not form.is_valid():
        return render(request, "hosting/destroy.html", {"form": form, "service": service})
    confirm_anew(request)
    given_up = form.cleaned_data.get("needs_no_hand_over", False)
    act = partial(orders.ask_destruction, service, needs_no_hand_over=given_up)
    done = _("The hosting system is told to destroy it. This page says how it goes on.")
    return _act(request, service, act, done)


def _act(
    request: CustomerRequest, service: HostedService, act: Callable[[], None], done: str
) -> HttpResponse:
    try:
        act()
    except PortalError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, done)
    return redirect(service)


@for_customer
@posted_from("hosted_service")
@confirmed_again
def erase(request: CustomerRequest, public_id: str) -> HttpResponse:
    try:
        services.erase_service(_get_own(request, public_id))
    except PortalError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The entry is erased for good, from the history too."))
    return redirect("hosting")


def _require_hosting() -> None:
    if not is_dealt_with(DataCategory.HOSTED_CONTENT):
        raise Http404


def _get_own(request: CustomerRequest, public_id: str) -> HostedService:
    """Return the customer's own entry, else 404 (also when it exists)."""
    own = HostedService.objects.of(request.customer).select_related("customer")
    service: HostedService = get_object_or_404(own, public_id=public_id)
    return service
