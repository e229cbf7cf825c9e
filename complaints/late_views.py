"""Writing to us from the page of a closed account: by its link, without sign-in."""

from http import HTTPStatus

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import csrf_exempt

from accounts.closed_pages import public_id_in
from casework.clocks import preview_clocks
from common.errors import PortalError
from common.forms import tell_of_masked_cards
from common.open_forms import is_within_limits
from complaints import intake
from complaints.exceptions import SenderErased
from complaints.forms import LateMessageForm
from complaints.late_messages import file_late_message, may_write


@csrf_exempt
@login_not_required
@cache_control(no_store=True)
def write(request: HttpRequest, token: str) -> HttpResponse:
    """Take a message; the link is the key, and nothing of the customer is shown.

    Of whom nothing is left, or whose account is open again, the page of the account tells.
    """
    public_id = public_id_in(token)
    form = LateMessageForm(request.POST or None)
    status = HTTPStatus.OK
    if form.is_valid():
        if is_within_limits(request, "closed_message", public_id):
            if _is_filed(request, public_id, form):
                return redirect("closed_account", token)
            status = HTTPStatus.CONFLICT
        else:
            form.add_error(None, _("Too many messages were sent just now. Please try again later."))
            status = HTTPStatus.TOO_MANY_REQUESTS
    elif not may_write(public_id):
        return redirect("closed_account", token)
    clocks = preview_clocks(intake.CLOCKS, timezone.now())
    context = {
        "form": form,
        "token": token,
        "clocks": clocks,
        "may_write": may_write(public_id),
    }
    response = render(request, "complaints/late/write.html", context, status=status)
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response


def _is_filed(request: HttpRequest, public_id: str, form: LateMessageForm) -> bool:
    """File what was written, or say why not; return whether there is nothing more to do here."""
    try:
        complaint = file_late_message(public_id, **form.cleaned_data)
    except SenderErased as error:
        messages.error(request, str(error))
        return True
    except PortalError as error:
        form.add_error(None, str(error))
        form.become_another()
        return False
    tell_of_masked_cards(request, form)
    said = _("We have your message. Its reference is %s. We answer by mail.")
    messages.success(request, said % complaint.reference)
    return True
