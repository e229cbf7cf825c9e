import sys

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.i18n import set_language

from accounts import details
from accounts.acceptance import version_to_accept
from accounts.accuracy import review
from accounts.consents import choices_of
from accounts.http import CustomerRequest, for_customer
from accounts.models import AccessApproval, Customer
from accounts.phone import waits_for_verification
from accounts.uses import accesses_told_to
from common.database_role import tables_without_grants
from common.outside import StoreAway
from complaints.models import Complaint
from hosting.models import BackupRequest
from policies.models import Purpose
from retention import ledger
from retention.exceptions import LedgerAhead, LedgerLost


@login_not_required
def home(request: HttpRequest) -> HttpResponse:
    """Welcome a visitor; send whoever is signed in to their page."""
    if request.user.is_authenticated:
        if Customer.objects.open().signed_in_as(request.user).exists():
            return redirect("overview")
        if request.user.is_staff:
            return redirect("admin:index")
    return render(request, "home.html")


@for_customer
def overview(request: CustomerRequest) -> HttpResponse:
    customer = request.customer
    choices, now = choices_of(customer), timezone.now()
    return render(
        request,
        "overview.html",
        {
            "customer": customer,
            "phone_to_verify": waits_for_verification(customer),
            "policy_to_accept": version_to_accept(customer),
            "is_review_due": review().is_due(customer),
            "open_complaints": Complaint.objects.of(customer).open(),
            "consents_given": sum(choice.is_given for choice in choices),
            "consents_asked": len(choices),
            "last_accesses": accesses_told_to(customer)[:3],
            "purposes": Purpose.objects.in_bulk(field_name="code"),
            "requests_waiting": AccessApproval.objects.filter(customer=customer).waiting(now),
            "requests_running": AccessApproval.objects.filter(customer=customer).running(now),
            "backups_waiting": BackupRequest.objects.of(customer).waiting(now),
        },
    )


@csrf_exempt
@login_not_required
def choose_language(request: HttpRequest) -> HttpResponseBase:
    """Switch the pages, and for whoever is signed in the mails too.

    Without a token, so that no page sets a cookie on a visitor who only reads;
    the session's cookie is SameSite, so no other site speaks for a customer.
    """
    language = request.POST.get("language")
    if request.user.is_authenticated and language in dict(settings.LANGUAGES):
        details.choose_language(request.user, language)
    return set_language(request)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer a fault of ours; a database that does not answer is a 503, to be tried again."""
    away = isinstance(sys.exc_info()[1], OperationalError)
    template = "503.html" if away else "500.html"
    return HttpResponse(render_to_string(template), status=503 if away else 500)


def form_too_old(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Refuse a form without a valid token, and give back what was written in words.

    Nothing can be sent on from there: the form may have been another site's.
    """
    words = [
        text
        for name, text in request.POST.dict().items()
        if " " in str(text).strip() and "password" not in name
    ]
    return render(request, "403_csrf.html", {"texts": words, "address": request.path}, status=403)


@login_not_required
def health(request: HttpRequest) -> HttpResponse:
    """Answer 200 when the database answers and has nobody back who was erased, else 503.

    A migration after which grant_database_role was forgotten is told before a page fails.
    """
    try:
        if tables_without_grants():
            return _unhealthy("tables without rights: run grant_database_role")
        ledger.check()
    except OperationalError:
        return _unhealthy("database unreachable")
    except LedgerAhead:
        return _unhealthy("restored backup: run replay_erasures")
    except StoreAway:
        return _unhealthy("ledger of erasures out of reach")
    except (LedgerLost, OSError):
        return _unhealthy("ledger of erasures missing")
    return HttpResponse(f"ok {timezone.now():%Y-%m-%dT%H:%M:%SZ}\n", content_type="text/plain")


def _unhealthy(reason: str) -> HttpResponse:
    return HttpResponse(f"{reason}\n", status=503, content_type="text/plain")
