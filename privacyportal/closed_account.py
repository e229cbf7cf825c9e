"""The page of a closed account for its customer: read-only, behind a signed link, no sign-in."""

from datetime import timedelta
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import cache_control

from accounts.closed_pages import public_id_in
from accounts.models import Customer
from accounts.reopening import can_reopen_alone
from casework.models import Case
from common.paper import hand_out
from common.personal_data import stays_of, what_keeps
from policies.counting import local_day
from retention.certificates import can_be_certified, issue_certificate
from retention.models import Tombstone
from retention.runs import may_delete

REMEMBERED = timedelta(days=30)  # after the erasure the page says for so long that it is done


@login_not_required
@cache_control(no_store=True)
def closed_account(request: HttpRequest, token: str) -> HttpResponse:
    """Show what goes on; 404 for a wrong link, and for one whose customer is long gone."""
    public_id = public_id_in(token)
    customers = Customer.objects.select_related("closing_rule", "user")
    customer = customers.filter(public_id=public_id).first()
    if customer is None:
        return _erased(request, token, public_id)
    if customer.kept_until is None:
        return render(request, "accounts/reopened.html")
    is_over = customer.kept_until < local_day(timezone.now())
    rule: Any = customer.closing_rule  # a constraint: who closed has one
    me = Customer.objects.filter(pk=customer.pk)
    context = {
        "customer": customer,
        "kept_by": next(iter(what_keeps(me)), ""),
        "token": token,
        "cases": Case.objects.of(customer).open().select_related("complaint").order_by("pk"),
        "stays": stays_of([customer.pk]).get(customer.pk, []),
        "may_reopen": can_reopen_alone(customer),
        "is_over": is_over,
        "is_prepared": is_over and not may_delete(rule),
    }
    return _unindexed(render(request, "accounts/closed.html", context))


@login_not_required
@cache_control(no_store=True)
def erasure_certificate(request: HttpRequest, token: str, form: str) -> HttpResponse:
    tombstone = _recent_tombstone(public_id_in(token))
    if not can_be_certified(tombstone):
        raise Http404
    document = issue_certificate(tombstone)
    name = "erasure-certificate"
    return _unindexed(hand_out(document, name=name, form=form, verified_at=reverse("verify")))


def _erased(request: HttpRequest, token: str, public_id: str) -> HttpResponse:
    tombstone = _recent_tombstone(public_id)
    context = {
        "tombstone": tombstone,
        "token": token,
        "has_certificate": can_be_certified(tombstone),
    }
    return _unindexed(render(request, "accounts/erased.html", context))


def _recent_tombstone(public_id: str) -> Tombstone:
    """Raises Http404."""
    recent = Tombstone.objects.filter(erased_at__gte=timezone.now() - REMEMBERED)
    return get_object_or_404(recent.select_related("run", "rule"), public_id=public_id)


def _unindexed(response: HttpResponse) -> HttpResponse:
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response
