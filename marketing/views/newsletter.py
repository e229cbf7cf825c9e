from datetime import timedelta
from http import HTTPStatus

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from accounts.consents import Words
from accounts.models import Customer
from common.errors import PortalError
from common.networks import network
from common.throttle import may_try
from marketing import subscriptions
from marketing.forms import SubscribeForm
from marketing.links import read_confirmation
from marketing.unsubscribing import unsubscribe as end_mails

MOST_AN_HOUR = 20  # from one network

read_or_sent = require_http_methods(["GET", "HEAD", "POST"])


@csrf_exempt  # a token would set a cookie on whoever only reads; all that follows is a mail
@login_not_required
@read_or_sent
def newsletter(request: HttpRequest) -> HttpResponse:
    """Let anybody ask for the newsletter; customers find that question among their consents."""
    purpose = subscriptions.newsletter_purpose()
    if purpose is None:
        raise Http404
    if Customer.objects.open().signed_in_as(request.user).exists():
        return redirect("consents")
    form = SubscribeForm(request.POST if request.method == "POST" else None, purpose=purpose)
    if not form.is_valid():
        return _form(request, form)
    if not may_try("subscribe", network.get(), most=MOST_AN_HOUR, within=timedelta(hours=1)):
        form.add_error(None, _("Too many requests came from your network. Please wait an hour."))
        return _form(request, form, status=HTTPStatus.TOO_MANY_REQUESTS)
    subscriptions.ask_for_subscription(
        form.cleaned_data["email"],
        purpose,
        words=Words(purpose.wording, translation.get_language()[:2]),
    )
    return redirect("newsletter_asked")


def _form(request: HttpRequest, form: SubscribeForm, status: int = HTTPStatus.OK) -> HttpResponse:
    return render(request, "marketing/newsletter.html", {"form": form}, status=status)


@login_not_required
def newsletter_asked(request: HttpRequest) -> HttpResponse:
    return render(request, "marketing/newsletter_asked.html")


@csrf_exempt  # the link itself is the proof, and no cookie is set on whoever only reads
@login_not_required
@never_cache
@read_or_sent
def confirm_subscription(request: HttpRequest, token: str) -> HttpResponse:
    """Show a button, because programs that check mails follow links; pressing it confirms."""
    if request.method != "POST":
        return render(request, "marketing/confirm.html")
    try:
        subscriptions.confirm_subscription(read_confirmation(token) or "")
    except PortalError as error:
        context = {"refusal": str(error)}
        return render(request, "marketing/confirm.html", context, status=HTTPStatus.NOT_FOUND)
    return render(request, "marketing/confirmed.html")


@csrf_exempt  # mail programs post here without having seen a page (RFC 8058)
@login_not_required
@never_cache
@read_or_sent
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Show buttons to people; whoever posts, a person or a mail program, ends the mails.

    Every link gets the same answers, so that none tells whether it was one of ours.
    """
    if request.method != "POST":
        return render(request, "marketing/unsubscribe.html")
    from_all = "all" in request.POST  # mail programs send another word
    end_mails(token, from_all=from_all)
    return render(request, "marketing/unsubscribed.html", {"from_all": from_all})
