"""What every request gets: an id, a clean and canonical address, and an answer no cache keeps."""

from collections.abc import Callable
from contextvars import ContextVar
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import render

from common.errors import FileUnreadable
from common.tokens import new_public_id

GetResponse = Callable[[HttpRequest], HttpResponse]

request_id: ContextVar[str] = ContextVar("request_id", default="")


class RequestIdMiddleware:
    """Give each request a fresh id; one sent by the client is never believed."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = request_id.set(new_public_id())
        try:
            response = self.get_response(request)
            response["X-Request-ID"] = request_id.get()
            return response
        finally:
            request_id.reset(token)


class MethodsMiddleware:
    """Refuse what no page of the portal answers, before any of it is read.

    Of a body without its length Django reads nothing: the form would come empty.
    """

    METHODS = ("GET", "HEAD", "POST", "OPTIONS")

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method not in self.METHODS:
            return HttpResponseNotAllowed(self.METHODS)
        if "HTTP_TRANSFER_ENCODING" in request.META:
            raise BadRequest("a body without its length")
        return self.get_response(request)


class NoNulMiddleware:
    """Refuse NUL in an address or a cookie: PostgreSQL takes no text with it.

    In what a form sends, its fields refuse it.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        texts = (request.path_info, *request.COOKIES.values())
        if "%00" in request.META.get("QUERY_STRING", "") or any("\0" in text for text in texts):
            raise BadRequest("NUL in an address")
        return self.get_response(request)


class CanonicalOriginMiddleware:
    """Build every absolute link from SITE_ORIGIN, whatever host or port the request named.

    ALLOWED_HOSTS refuses a foreign host, but lets any port pass; a mailed
    link would then lead there.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.get_host()  # raises DisallowedHost
        request.META["HTTP_HOST"] = urlsplit(settings.SITE_ORIGIN).netloc
        return self.get_response(request)


class UnreadableFileMiddleware:
    """Say that nobody is given a stored file, whoever asked for it and wherever."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, FileUnreadable):
            return None
        return render(request, error.page, status=410)


class PrivateResponseMiddleware:
    """Keep what a signed-in person saw out of every cache, the browser's included."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.user.is_authenticated:
            response["Cache-Control"] = "no-store"
        return response
