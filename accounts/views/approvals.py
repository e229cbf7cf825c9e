"""Where customers say who may see their data: in their account, or by the link of a mail."""

from functools import partial
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control

from accounts.approval_links import approval_behind, is_code, send_code
from accounts.approval_trail import trail_of
from accounts.approvals import answer_approval, revoke_approval
from accounts.http import CustomerRequest, for_customer, posted_from
from accounts.link_proofs import Proof, is_proved, may_try, proof_asked, proof_form
from accounts.models import AccessApproval, AnswerWay, EmergencyAccess
from common.errors import PortalError
from common.reauthentication import confirm_again
from policies.models import Purpose


@for_customer
def approvals(request: CustomerRequest) -> HttpResponse:
    mine = AccessApproval.objects.filter(customer=request.customer).select_related("purpose")
    now = timezone.now()
    open_ones = [*mine.waiting(now).order_by("answer_by"), *mine.running(now).order_by("ends_at")]
    over = mine.exclude(pk__in=[each.pk for each in open_ones])
    emergencies = EmergencyAccess.objects.filter(customer=request.customer).told()
    context = {
        "open": open_ones,
        "page": Paginator(over, 25).get_page(request.GET.get("page")),
        "emergencies": emergencies.select_related("secrecy"),
    }
    return render(request, "accounts/approvals.html", context)


@for_customer
def approval(request: CustomerRequest, public_id: str) -> HttpResponse:
    asked = _own(request, public_id)
    return render(request, "accounts/approval.html", {"asked": asked, **_trail(asked)})


@for_customer
def emergency(request: CustomerRequest, public_id: str) -> HttpResponse:
    told = EmergencyAccess.objects.told().select_related("customer", "asked_by", "secrecy")
    opened = told.filter(customer=request.customer, public_id=public_id).first()
    if opened is None:
        raise Http404
    return render(request, "accounts/emergency.html", {"opened": opened, **_trail(opened)})


@for_customer
@posted_from("approval")
def answer(request: CustomerRequest, public_id: str) -> HttpResponse:
    """Grant or refuse. To grant, a stolen session must know the password too."""
    asked = _own(request, public_id)
    granted = request.POST.get("answer") == AccessApproval.Answer.GRANTED
    if granted:
        confirm_again(request)
    try:
        answer_approval(asked, granted=granted, through=AnswerWay.ACCOUNT, by=request.user)
    except PortalError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _said(granted))
    return redirect("approval", public_id)


@for_customer
@posted_from("approval")
def end(request: CustomerRequest, public_id: str) -> HttpResponse:
    _end(request, _own(request, public_id), by=request.user)
    return redirect("approval", public_id)


def _own(request: CustomerRequest, public_id: str) -> AccessApproval:
    """Raises Http404 for somebody else's, as for none."""
    mine = AccessApproval.objects.filter(customer=request.customer, public_id=public_id)
    asked = mine.select_related("customer", "purpose", "asked_by").first()
    if asked is None:
        raise Http404
    return asked


def _trail(opening: AccessApproval | EmergencyAccess) -> dict[str, Any]:
    return {
        "trail": trail_of(opening),
        "purposes": Purpose.objects.in_bulk(field_name="code"),
        "may_change": getattr(opening, "may_change", False),
    }


def _end(request: HttpRequest, asked: AccessApproval, *, by: Any) -> None:
    try:
        revoke_approval(asked, by=by)
    except PortalError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("It is ended. Nobody sees your data under it any more."))


def _said(granted: bool) -> str:
    if granted:
        return _("You have granted it. It ends by itself, and you can end it at once.")
    return _("You have refused it. Your data stays closed.")


# By the link of a mail


@login_not_required
@cache_control(no_store=True)
def answer_by_link(request: HttpRequest, token: str) -> HttpResponse:
    """Show the question, and take an answer with what proves that it is the customer's.

    Looking at the page does nothing, so that a program that follows links in mails does not.
    """
    asked = approval_behind(token)
    form = proof_form(asked.customer, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form is not None:
        if not may_try(request, asked.customer):
            return render(request, "429.html", status=429)
        if is_proved(request, asked.customer, form, partial(is_code, asked)):
            return _answer_by_link(request, asked, token)
    proof = proof_asked(asked.customer)
    context = {"asked": asked, "form": form, "token": token, "proof": proof}
    response = render(request, "accounts/answer_access.html", context)
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response


def _answer_by_link(request: HttpRequest, asked: AccessApproval, token: str) -> HttpResponse:
    granted = request.POST.get("answer") == AccessApproval.Answer.GRANTED
    try:
        answer_approval(asked, granted=granted, through=AnswerWay.LINK, by=asked.customer.user)
    except PortalError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _said(granted))
    return redirect("answer_access", token)


@login_not_required
def send_code_by_link(request: HttpRequest, token: str) -> HttpResponse:
    asked = approval_behind(token)
    if request.method == "POST" and proof_asked(asked.customer) == Proof.CODE:
        try:
            send_code(asked)
        except PortalError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("A code is on its way. It is valid for ten minutes."))
    return redirect("answer_access", token)


@login_not_required
def end_by_link(request: HttpRequest, token: str) -> HttpResponse:
    asked = approval_behind(token)
    if request.method == "POST":
        _end(request, asked, by=asked.customer.user)
    return redirect(reverse("answer_access", args=[token]))
