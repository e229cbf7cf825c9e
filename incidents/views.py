from allauth.core import ratelimit
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import csrf_exempt

from accounts.http import CustomerRequest, for_customer
from common.errors import PortalError
from common.forms import tell_of_masked_cards
from incidents.exceptions import LinkGone
from incidents.forms import AddressForm, ReportForm, UnlockForm
from incidents.links import customer_reporting, customer_unlocking
from incidents.mails import mail_what_helps
from incidents.models import ReportOrigin
from incidents.services import report_unauthorised_use, unlock_account

# Without a token of the browser, so that no cookie is needed: an address alone does nothing, and
# the link of a mail is the key itself.


@csrf_exempt
@login_not_required
def ask_for_link(request: HttpRequest) -> HttpResponse:
    """Mail a link to whoever cannot sign in, or fears to: the same answer for any address."""
    if request.user.is_authenticated and not request.user.is_staff:
        return redirect("report_own_use")
    form = AddressForm(request.POST or None)
    status = 200
    if form.is_valid():
        email = form.cleaned_data["email"]
        if ratelimit.consume(request, action="report_use", key=email):
            mail_what_helps(email)
            return redirect("report_use_sent")
        form.add_error(None, _("Too many attempts. Please try again later."))
        status = 429
    return render(request, "incidents/report.html", {"form": form}, status=status)


@login_not_required
def link_sent(request: HttpRequest) -> HttpResponse:
    return render(request, "incidents/sent.html")


@for_customer
def report_own(request: CustomerRequest) -> HttpResponse:
    """Lock the own account. Not asked for the password again: it may be another's by now."""
    form = ReportForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            report_unauthorised_use(
                request.customer, origin=ReportOrigin.ACCOUNT, by=request.user, **form.cleaned_data
            )
        except PortalError as error:
            form.add_error(None, str(error))
        else:
            logout(request)
            tell_of_masked_cards(request, form)
            return redirect("account_locked")
    return render(request, "incidents/report_own.html", {"form": form})


@csrf_exempt
@login_not_required
@cache_control(no_store=True)
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """Lock the account by a button, so that a program that only opens links does nothing."""
    try:
        customer = customer_reporting(token)
    except LinkGone:
        return render(request, "incidents/gone.html", status=404)
    form = ReportForm(request.POST if request.method == "POST" else None)
    if form.is_valid() and customer.user is not None:
        try:
            report_unauthorised_use(
                customer, origin=ReportOrigin.MAIL, by=customer.user, **form.cleaned_data
            )
        except PortalError as error:
            form.add_error(None, str(error))
        else:
            tell_of_masked_cards(request, form)
            return redirect("account_locked")
    return render(request, "incidents/confirm.html", {"form": form})


@login_not_required
def locked(request: HttpRequest) -> HttpResponse:
    """Say what happens next. It says the same to everybody, and so tells of nobody."""
    return render(request, "incidents/locked.html")


@csrf_exempt
@login_not_required
@cache_control(no_store=True)
def unlock(request: HttpRequest, token: str) -> HttpResponse:
    try:
        customer = customer_unlocking(token)
    except LinkGone:
        return render(request, "incidents/gone.html", status=404)
    form = UnlockForm(request.POST or None, user=customer.user)
    if form.is_valid():
        try:
            unlock_account(customer, password=form.cleaned_data["password1"])
        except PortalError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("Your account is open again. Please sign in."))
            return redirect("account_login")
    return render(request, "incidents/unlock.html", {"form": form})
