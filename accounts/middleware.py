from collections.abc import Callable
from typing import Any

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode

from accounts.second_factor import has_passed, has_second_factor
from accounts.sessions import is_over, note_use

SETTING_UP = {
    "mfa_index",
    "mfa_activate_totp",
    "mfa_add_webauthn",
    "account_reauthenticate",
}
SHOWING = {"mfa_reauthenticate", "mfa_reauthenticate_webauthn"}


class SessionLifetimeMiddleware:
    """End a session that nobody uses, or that is too old; tell a browser to forget what it holds.

    The browser is told at every sign-out, so that its Back button shows nothing.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.user.is_authenticated:
            return self.get_response(request)
        if is_over(request):
            logout(request)
        else:
            note_use(request)
        response = self.get_response(request)
        if not request.user.is_authenticated:
            response["Clear-Site-Data"] = '"cache", "storage"'
        return response


class StaffSecondFactorMiddleware:
    """Let no member of staff reach anything before their second factor.

    What is open to everybody is open to them too, and the pages on which they set one up; once
    they have one, only those on which they show it: whoever knows the password alone must not
    add another.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        user: Any = request.user
        is_for_everybody = not getattr(view, "login_required", True)
        if is_for_everybody or not getattr(user, "is_staff", False) or has_passed(request):
            return None
        if has_second_factor(user):
            query = urlencode({"next": request.get_full_path()})
            return _unless_here(request, SHOWING, f"{reverse('mfa_reauthenticate')}?{query}")
        return _unless_here(request, SETTING_UP, reverse("mfa_index"))


def _unless_here(request: HttpRequest, pages: set[str], target: str) -> HttpResponseBase | None:
    match = request.resolver_match
    return None if match and match.url_name in pages else redirect(target)
