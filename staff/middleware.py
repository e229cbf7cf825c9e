from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from access.gate import lacks_undertaking


class UndertakingMiddleware:
    """Say what to do to a member of staff who is refused for want of an undertaking."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        user: Any = request.user
        is_refused = isinstance(exception, PermissionDenied) and user.is_authenticated
        if is_refused and lacks_undertaking(user):
            return render(request, "403_unbound.html", status=403)
        return None
