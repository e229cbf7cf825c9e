from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account.decorators import reauthentication_required
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_POST

from accounts.acceptance import version_to_accept
from accounts.exceptions import AccountClosed
from accounts.models import Customer, User

ASK_DETAILS = "ask_details"  # in a session that began and has details to choose from
ASK_POLICY = "ask_policy"  # in a session that began and has not been asked yet


class CustomerRequest(HttpRequest):
    """What a view gets behind ``for_customer``."""

    user: User
    customer: Customer


def for_customer(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Let a signed-in customer in, as ``request.customer``; send staff to their own desk.

    The first page after a sign-in asks about a policy version that is still to be accepted.
    """

    @wraps(view)
    def inner(request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        customer = Customer.objects.open().signed_in_as(request.user).first()
        if customer is None:
            return redirect("admin:index" if request.user.is_staff else "home")
        request.customer = customer
        if request.method == "GET" and request.session.pop(ASK_DETAILS, False):
            return redirect("choose_details")
        if request.method == "GET" and _is_to_be_asked(request):
            query = urlencode({"next": request.get_full_path()})
            return redirect(f"{reverse('accept_policy')}?{query}")
        try:
            return view(request, *args, **kwargs)
        except AccountClosed:  # at this moment, elsewhere
            return redirect("home")

    return inner


def confirmed_again(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Ask for the password or the second factor, unless that was within the last five minutes.

    For what a stolen session must not do: closing, deleting, handing out, changing where we
    write to. A form that was being sent waits in the session and goes through afterwards.
    """
    asked: Callable[..., HttpResponseBase] = reauthentication_required(view)
    return asked


def sent_after_confirming(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Ask as ``confirmed_again`` does, but only when the form is sent: looking is free."""
    asked: Callable[..., HttpResponseBase] = reauthentication_required(view, allow_get=True)
    return asked


def posted_from(page: str) -> Callable[..., Callable[..., HttpResponseBase]]:
    """Let a view only be posted to, and lead whoever opens its address to ``page`` instead.

    A session that ends before a form is sent leads through the sign-in to the form's address.
    """

    def decorate(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        posted: Callable[..., HttpResponseBase] = require_POST(view)

        @wraps(view)
        def inner(request: Any, **kwargs: Any) -> HttpResponseBase:
            if request.method in ("GET", "HEAD"):
                return redirect(reverse(page, kwargs=kwargs))
            return posted(request, **kwargs)

        return inner

    return decorate


def _is_to_be_asked(request: CustomerRequest) -> bool:
    """Say whether to lead to the page that asks; take the mark of a new sign-in away if so.

    The page that asks takes the mark away itself: it also serves those who ask for a day.
    """
    if ASK_POLICY not in request.session or request.path == reverse("accept_policy"):
        return False
    waits = version_to_accept(request.customer) is not None
    del request.session[ASK_POLICY]
    return waits
