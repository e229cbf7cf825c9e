from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from common.forms import tell_of_masked_cards
from common.open_forms import TRAP, is_within_limits
from enquiries import services
from enquiries.exceptions import EnquiryGone
from enquiries.forms import EnquiryForm
from enquiries.mails import CONFIRMING


@csrf_exempt
@login_not_required
def enquiry(request: HttpRequest) -> HttpResponse:
    """Take a message of anybody.

    Without a token, so that no cookie is needed: whoever sends it acts for nobody else.
    """
    form = EnquiryForm(request.POST or None)
    status = 200
    if form.is_valid():
        if is_within_limits(request, "enquiry", form.cleaned_data["email"]):
            services.send_enquiry(**form.cleaned_data, language=get_language()[:2])
            tell_of_masked_cards(request, form)
            return redirect("enquiry_sent")
        form.add_error(None, _("Too many messages were sent just now. Please try again later."))
        status = 429
    return render(request, "enquiries/enquiry.html", {"form": form, "trap": TRAP}, status=status)


@login_not_required
def sent(request: HttpRequest) -> HttpResponse:
    return render(request, "enquiries/sent.html")


@csrf_exempt
@login_not_required
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """Confirm the address by a button, so that a program that only opens links does nothing.

    The link is the key; a token of this browser would say nothing more.
    """
    if request.method != "POST":
        return render(request, "enquiries/confirm.html")
    try:
        confirmed = services.confirm_enquiry(CONFIRMING.read(token))
    except EnquiryGone:
        return render(request, "enquiries/gone.html", status=404)
    return render(request, "enquiries/confirmed.html", {"enquiry": confirmed})
