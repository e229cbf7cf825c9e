from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.contrib.messages.storage.cookie import CookieStorage
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from accounts import devices
from accounts.consents import ConsentChoice, choices_of
from accounts.models import Customer
from common.errors import PortalError
from marketing.forms import PreferencesForm
from marketing.preferences import COOKIE, Choices, choose, find_choices, refuses_by_signal
from marketing.suppression import is_marketing

REMEMBERED = timedelta(days=180)  # then a visitor is asked again
NECESSARY = (
    (settings.SESSION_COOKIE_NAME, _("Keeps you signed in.")),
    (settings.CSRF_COOKIE_NAME, _("Keeps other sites from sending forms in your name.")),
    (settings.LANGUAGE_COOKIE_NAME, _("Remembers the language you chose.")),
    (CookieStorage.cookie_name, _("Tells you on the next page whether a form was taken.")),
    (
        devices.COOKIE,
        _("Lets us tell you of a sign-in from a device that is new. Lasts 365 days."),
    ),
    (COOKIE, _("Remembers your choices on this page.")),
)


@csrf_exempt  # a token would set a cookie on whoever only reads; _require_own_page() stands for it
@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: HttpRequest) -> HttpResponse:
    """Let anybody choose what the company's sites may do; a cookie is set only on sending."""
    found = find_choices(request)
    sent = request.POST if request.method == "POST" else None
    form = PreferencesForm(sent, initial=asdict(found.choices))
    if request.method == "POST":
        _require_own_page(request)
        if form.is_valid():
            try:
                return _keep(request, Choices(**form.cleaned_data))
            except PortalError as error:
                form.add_error(None, str(error))
    return render(
        request,
        "marketing/preferences.html",
        {
            "form": form,
            "found": found,
            "consents": _consents_of(request),
            "saved": "saved" in request.GET,
            "signal": refuses_by_signal(request),
            "necessary": NECESSARY,
        },
    )


def _consents_of(request: HttpRequest) -> list[ConsentChoice]:
    """Return what a signed-in customer decided elsewhere about marketing."""
    customer = Customer.objects.open().signed_in_as(request.user).first()
    choices = choices_of(customer) if customer else []
    return [choice for choice in choices if is_marketing(choice.purpose)]


def _require_own_page(request: HttpRequest) -> None:
    """Refuse choices that another site sends in a visitor's name; browsers say where from."""
    if request.headers.get("Origin", settings.SITE_ORIGIN) != settings.SITE_ORIGIN:
        raise PermissionDenied


def _keep(request: HttpRequest, choices: Choices) -> HttpResponse:
    customer = Customer.objects.open().signed_in_as(request.user).first()
    if customer is not None:
        by: Any = request.user
        choose(customer, choices, by=by)
    response = redirect(f"{reverse('preferences')}?saved=1")
    response.set_cookie(
        COOKIE,
        choices.to_cookie(),
        max_age=REMEMBERED,
        secure=settings.IS_HTTPS,
        httponly=True,
        samesite="Lax",
    )
    return response


@login_not_required
@never_cache
@require_safe
def preferences_json(request: HttpRequest) -> HttpResponse:
    """Answer the company's other sites what this visitor allows; see docs/preferences.md."""
    response = JsonResponse(find_choices(request).to_json())
    patch_vary_headers(response, ["Origin", "Cookie", "Sec-GPC"])
    origin = request.headers.get("Origin", "")
    if origin in settings.PREFERENCE_ORIGINS:
        response["Access-Control-Allow-Origin"] = origin
        response["Access-Control-Allow-Credentials"] = "true"
    return response
