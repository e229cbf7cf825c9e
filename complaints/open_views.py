"""The door for who has no account: a form, a mailed link, then the page of the complaint."""

from allauth.core import ratelimit
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from casework.clocks import preview_clocks
from common.errors import PortalError
from common.forms import tell_of_masked_cards
from common.open_forms import TRAP, is_within_limits
from complaints import intake, open_intake
from complaints.exceptions import LinkGone
from complaints.forms import OpenComplaintForm
from complaints.links import mail_new_link, token_of


@csrf_exempt
@login_not_required
def send(request: HttpRequest) -> HttpResponse:
    """Take a complaint of anybody.

    Without a token, so that no cookie is needed: whoever sends it acts for nobody else.
    """
    form = OpenComplaintForm(request.POST or None)
    status = 200
    if form.is_valid():
        if is_within_limits(request, "open_complaint", form.cleaned_data["email"]):
            open_intake.send_open_complaint(**form.cleaned_data, language=get_language()[:2])
            tell_of_masked_cards(request, form)
            return redirect("open_complaint_sent")
        form.add_error(None, _("Too many messages were sent just now. Please try again later."))
        status = 429
    clocks = preview_clocks(intake.CLOCKS, timezone.now())
    context = {"form": form, "trap": TRAP, "clocks": clocks}
    return render(request, "complaints/open/send.html", context, status=status)


@login_not_required
def sent(request: HttpRequest) -> HttpResponse:
    return render(request, "complaints/open/sent.html")


def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """Confirm the address by a button, so that a program that only opens links does nothing."""
    if request.method != "POST":
        return render(request, "complaints/open/confirm.html")
    try:
        complaint = open_intake.confirm_open_complaint(token)
    except LinkGone:
        raise  # the door leads on
    except PortalError as error:
        context = {"refusal": str(error)}
        return render(request, "complaints/open/confirm.html", context, status=409)
    return redirect(reverse("followed_complaint", args=[token_of(complaint)]))


@csrf_exempt
@login_not_required
def new_link(request: HttpRequest, token: str) -> HttpResponse:
    """Mail a new link for one that opens nothing any more; the answer is the same for any."""
    context: dict[str, object] = {"token": token}
    status = 404
    if request.method == "POST":
        is_within = bool(ratelimit.consume(request, action="complaint_link"))
        if is_within:
            mail_new_link(token)
        context["is_sent"], context["is_too_often"] = is_within, not is_within
        status = 200 if is_within else 429
    return render(request, "complaints/open/link_gone.html", context, status=status)
