from collections.abc import Callable

from django.db import Error
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from retention import ledger

HEALTH = "/healthz"  # tells it by itself


class ReplayFirstMiddleware:
    """Serve no page of a database that has people back who were erased, or may have."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info != HEALTH and _must_wait():
            return HttpResponse(render_to_string("503.html"), status=503)
        return self.get_response(request)


def _must_wait() -> bool:
    try:
        return ledger.must_wait()
    except Error:
        return False  # the page that needs the database says so
