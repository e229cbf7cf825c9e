from http import HTTPStatus

from django.http import HttpRequest, HttpResponse

from common.networks import network
from common.requests import GetResponse
from visits.counting import count_visit, is_robot


class CountVisitsMiddleware:
    """Count each page that a person opens, once its answer is made.

    The page is known by the name of its route: an address can hold an id, or what was typed.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if (page := page_of(request, response)) and not is_robot(request):
            count_visit(page, network.get())
        return response


def page_of(request: HttpRequest, response: HttpResponse) -> str:
    """Return the route of a page that was shown, or "" for what is none, and for the desk."""
    route = request.resolver_match
    is_page = (
        route is not None
        and request.method == "GET"
        and response.status_code == HTTPStatus.OK
        and response.get("Content-Type", "").startswith("text/html")
        and "admin" not in route.namespaces
    )
    return route.view_name if route and is_page else ""
