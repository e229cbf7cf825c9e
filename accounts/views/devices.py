from typing import Any

from django.contrib import messages
from django.contrib.auth import logout
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from accounts.devices import forget_device, name_of
from accounts.http import CustomerRequest, confirmed_again, for_customer, posted_from
from accounts.models import KnownDevice
from accounts.sessions import end_session, end_sessions, handle_of, sessions_of
from common.errors import PortalError

A_PAGE = 25


def show(request: HttpRequest) -> HttpResponse:
    """Show where one is signed in, and from which devices one has signed in before."""
    user: Any = request.user
    number = request.GET.get("page")
    signed_in = Paginator(sessions_of(user), A_PAGE).get_page(number)
    known = KnownDevice.objects.filter(user=user, user__is_staff=False)
    devices = Paginator(known, A_PAGE).get_page(number)
    sessions = [
        {
            "name": name_of(session.user_agent),
            "ip": session.ip,
            "since": session.created_at,
            "used": session.last_seen_at,
            "handle": handle_of(session),
            "is_current": session.session_key == request.session.session_key,
        }
        for session in signed_in
    ]
    context = {
        "sessions": sessions,
        "elsewhere": signed_in.paginator.count > 1,
        "devices": devices,
        "page": max(signed_in, devices, key=lambda page: page.paginator.num_pages),
    }
    return render(request, "usersessions/usersession_list.html", context)


@posted_from("usersessions_list")
def sign_out(request: HttpRequest) -> HttpResponse:
    """Sign out one device, all others, or all of them, as the button says."""
    user: Any = request.user
    which = request.POST.get("which", "")
    if which == "all":
        end_sessions([user.pk])
        logout(request)
        return redirect("account_login")
    if which == "others":
        end_sessions([user.pk], but=request.session.session_key)
        messages.success(request, _("You are signed out everywhere else."))
    elif end_session(user, which):
        messages.success(request, _("That device is signed out."))
    else:
        messages.error(request, _("That device was signed out already."))
    return redirect("usersessions_list")


@for_customer
@posted_from("usersessions_list")
@confirmed_again
def forget(request: CustomerRequest) -> HttpResponse:
    try:
        forget_device(request.customer, request.POST.get("device", ""))
    except PortalError as error:
        messages.error(request, str(error))
    else:
        messages.success(
            request, _("The device is erased. A sign-in from it counts as one from a new device.")
        )
    return redirect("usersessions_list")
