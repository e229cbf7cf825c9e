from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect

from accounts.models import Customer, User


class CustomerRequest(HttpRequest):
    """What a view gets behind ``for_customer``."""

    user: User
    customer: Customer


def for_customer(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Let a signed-in customer in, as ``request.customer``; send staff to their own desk."""

    @wraps(view)
    def inner(request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        customer = Customer.objects.open().filter(user=request.user).first()
        if customer is None:
            return redirect("admin:index" if request.user.is_staff else "home")
        request.customer = customer
        return view(request, *args, **kwargs)

    return inner
