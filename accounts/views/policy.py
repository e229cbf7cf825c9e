"""A customer and the policy: asked to accept it, and told what applied to them on a day."""

from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts import acceptance
from accounts.consents import consents_on
from accounts.exceptions import NoSuchPolicy
from accounts.http import ASK_POLICY, CustomerRequest, for_customer
from accounts.models import Customer, PolicyEventKind
from common.errors import PortalError
from policies.counting import local_day
from policies.forms import DayForm
from policies.models import Language, PolicyText, PolicyVersion
from policies.reading import draw

TELLS = {"accepted", "day"}  # in the address: tell what was accepted, or what applied on a day


class AcceptForm(forms.Form):
    """The very text that was shown."""

    number = forms.CharField()
    language = forms.ChoiceField(choices=Language)
    sha256 = forms.CharField()

    def find(self) -> PolicyText | None:
        """Return the published text that was shown, if there is one like it."""
        if not self.is_valid():
            return None
        shown = self.cleaned_data
        return PolicyText.objects.filter(
            version__in=PolicyVersion.objects.of_company(),
            version__number=shown["number"],
            language=shown["language"],
            sha256=shown["sha256"],
        ).first()


@for_customer
def accept_policy(request: CustomerRequest) -> HttpResponse:
    """Ask about a version to accept; else, or if that is asked, tell what was accepted."""
    if request.method == "POST":
        return _accept(request)
    version = acceptance.version_to_accept(request.customer)
    if version is None or request.GET.keys() & TELLS:
        return _tell(request, version)
    return _ask(request, version)


def _ask(request: CustomerRequest, version: PolicyVersion) -> HttpResponse:
    text = version.text_in(get_language()[:2])
    acceptance.record_shown(request.customer, text)
    request.session.pop(ASK_POLICY, None)
    accepted = _accepted_before(request.customer, version)
    news = PolicyVersion.objects.filter(pk=version.pk)
    if accepted:
        news = PolicyVersion.objects.of_company().filter(effective_on__gt=accepted.effective_on)
    context = {
        "version": version,
        "text": text,
        "html": draw(text, demote=2).html,
        "accepted": accepted,
        "news": news,
        "next": _next(request),
        "is_to_come": version.state == version.State.PUBLISHED,
    }
    return render(request, "accounts/policy_ask.html", context)


def _accept(request: CustomerRequest) -> HttpResponse:
    text = AcceptForm(request.POST).find()
    target = _next(request)
    try:
        if text is None:
            raise NoSuchPolicy(_("Please read the version once more before you accept it."))
        acceptance.accept_policy(request.customer, text)
    except PortalError as error:
        messages.error(request, str(error))
        return redirect(f"{reverse('accept_policy')}?{urlencode({'next': target})}")
    accepted = _("You have accepted version %s of the privacy policy.")
    messages.success(request, accepted % text.version.number)
    return redirect(target)


def _tell(request: CustomerRequest, to_accept: PolicyVersion | None) -> HttpResponse:
    form = DayForm(request.GET if "day" in request.GET else None)
    customer = request.customer
    accepted = customer.policy_events.filter(kind=PolicyEventKind.ACCEPTED)
    context = {
        "to_accept": to_accept,
        "accepted": accepted.select_related("text__version").order_by("-pk"),
        "form": form,
    }
    if form.is_valid():
        context |= _on(customer, form.cleaned_data["day"])
    return render(request, "accounts/policy.html", context)


def _on(customer: Customer, day: date) -> dict[str, Any]:
    if day > local_day(timezone.now()):
        return {"day": day, "is_future": True}
    if day < local_day(customer.opened_at):
        return {"day": day, "opened_on": local_day(customer.opened_at)}
    return {
        "day": day,
        "applied": PolicyVersion.objects.of_company().filter(effective_on__lte=day).first(),
        "accepted_then": acceptance.accepted_by(customer, day),
        "consents": consents_on(customer, day),
    }


def _accepted_before(customer: Customer, version: PolicyVersion) -> PolicyVersion | None:
    """Return what the customer accepted last, if it is an earlier version of the same policy."""
    event = acceptance.accepted_by(customer, local_day(timezone.now()))
    if event is None or event.text.version.profile != version.profile:
        return None
    return event.text.version


def _next(request: CustomerRequest) -> str:
    """Return where the customer wanted to go, if that is a page of this portal."""
    target = request.POST.get("next") or request.GET.get("next") or ""
    here = {request.get_host()}
    if url_has_allowed_host_and_scheme(target, here, require_https=request.is_secure()):
        return target
    return reverse("overview")
