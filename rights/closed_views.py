from functools import partial
from http import HTTPStatus

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control

from accounts.closed_pages import public_id_in
from accounts.link_proofs import Proof, is_proved, may_try, proof_asked, proof_form
from accounts.models import Customer
from common.errors import PortalError
from rights.closed_copies import is_copy_code, kept_copy, send_copy_code, take_copy
from rights.models import Export


@login_not_required
@cache_control(no_store=True)
def copy(request: HttpRequest, token: str) -> HttpResponseBase:
    """Offer a copy of all that is held; with the proof, hand it out or let it be made.

    Looking at the page does nothing. Of whom nothing is left, the page of the account tells.
    """
    customer = _closed(token)
    if customer is None:
        return redirect("closed_account", token)
    form = proof_form(customer, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form is not None:
        if not may_try(request, customer):
            return render(request, "429.html", status=HTTPStatus.TOO_MANY_REQUESTS)
        try:
            if is_proved(request, customer, form, partial(is_copy_code, customer)):
                return _take(request, customer, token)
        except PortalError as error:
            messages.error(request, str(error))
            return redirect("closed_copy", token)
    context = {
        "form": form,
        "token": token,
        "proof": proof_asked(customer),
        "kept": kept_copy(customer),
        "is_being_made": Export.objects.of(customer).asked().exists(),
        "days": settings.EXPORT_DAYS,
    }
    response = render(request, "rights/closed_copy.html", context)
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response


def _take(request: HttpRequest, customer: Customer, token: str) -> HttpResponseBase:
    """Raises what take_copy() does."""
    if file := take_copy(customer):
        return file
    messages.success(request, _("The copy is being made. We mail you when it is ready."))
    return redirect("closed_copy", token)


@login_not_required
def send_code(request: HttpRequest, token: str) -> HttpResponse:
    customer = _closed(token)
    if customer and request.method == "POST" and proof_asked(customer) == Proof.CODE:
        try:
            send_copy_code(customer)
        except PortalError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("A code is on its way. It is valid for ten minutes."))
    return redirect("closed_copy", token)


def _closed(token: str) -> Customer | None:
    """Raises Http404 for what we did not sign."""
    closed = Customer.objects.filter(closed_at__isnull=False).select_related("user")
    return closed.filter(public_id=public_id_in(token)).first()
