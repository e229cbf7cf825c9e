"""The two doors to the pages of one complaint: signed in, and by the signed link of a mail."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import csrf_exempt

from accounts.http import CustomerRequest, for_customer
from accounts.models import User
from complaints.exceptions import LinkGone
from complaints.links import followed_by, token_of, withdrawn_by
from complaints.models import Complaint

View = Callable[..., HttpResponseBase]


@dataclass(frozen=True)
class Visit:
    """A customer at a complaint of theirs; ``by`` is nobody who came by the link, ``token``."""

    complaint: Complaint
    by: User | None
    token: str = ""

    def url(self, page: str, *args: str) -> str:
        """Return the address of another page of this complaint, behind the same door."""
        if self.token:
            return reverse(f"followed_{page}", args=[self.token, *args])
        return reverse(page, args=[self.complaint.public_id, *args])


def own(view: View) -> View:
    """Let a customer in to their own complaint, else 404 (also when it exists)."""

    @for_customer
    @wraps(view)
    def inner(request: CustomerRequest, public_id: str, **kwargs: Any) -> HttpResponseBase:
        complaints = Complaint.objects.of(request.customer).select_related("customer")
        complaint = complaints.filter(public_id=public_id).first()
        if complaint is None:
            raise Http404
        return view(request, Visit(complaint, request.user), **kwargs)

    return inner


def by_link(find: Callable[[str], Visit | str]) -> Callable[[View], View]:
    """Let in whoever has the link. It is the key; a token of this browser would say no more.

    One that opens nothing, whyever, leads to a page that mails another.
    """

    def door(view: View) -> View:
        @csrf_exempt
        @login_not_required
        @cache_control(no_store=True)
        @wraps(view)
        def inner(request: HttpRequest, token: str, **kwargs: Any) -> HttpResponseBase:
            try:
                response = view(request, find(token), **kwargs)
            except LinkGone:
                context = {"token": token}
                response = render(request, "complaints/open/link_gone.html", context, status=404)
            response["X-Robots-Tag"] = "noindex, nofollow"
            return response

        return inner

    return door


@by_link
def confirming(token: str) -> str:
    """Leave it to the page: nothing is filed by opening it."""
    return token


@by_link
def followed(token: str) -> Visit:
    return Visit(followed_by(token), None, token)


@by_link
def withdrawing(token: str) -> Visit:
    """Go on by the link that follows: the one that withdraws has done its work."""
    complaint = withdrawn_by(token)
    return Visit(complaint, None, token_of(complaint))
