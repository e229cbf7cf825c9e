"""The two doors to the pages of one complaint: signed in, and by the signed link of a mail."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import csrf_exempt

from accounts.http import CustomerRequest, for_customer
from accounts.models import User
from complaints.links import followed_by
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


def followed(view: View) -> View:
    """Let in whoever has the link. It is the key; a token of this browser would say no more."""

    @csrf_exempt
    @login_not_required
    @cache_control(no_store=True)
    @wraps(view)
    def inner(request: HttpRequest, token: str, **kwargs: Any) -> HttpResponseBase:
        visit = Visit(followed_by(token), None, token)
        response = view(request, visit, **kwargs)
        response["X-Robots-Tag"] = "noindex, nofollow"
        return response

    return inner
