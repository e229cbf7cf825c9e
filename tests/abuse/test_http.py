"""What nobody should send, sent as requests: cases of the area "http"."""

import pytest
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse
from django.urls.exceptions import NoReverseMatch

from privacyportal.roles import DPO
from tests.factories import make_customer, make_staff

pytestmark = pytest.mark.django_db


def plain_routes(patterns=None, prefix=""):
    """Return the address of every route of ours that takes no argument."""
    for pattern in patterns or get_resolver().url_patterns:
        route = prefix + str(pattern.pattern)
        if not isinstance(pattern, URLPattern):
            yield from plain_routes(pattern.url_patterns, route)
        elif "<" not in route and "(" not in route:
            yield "/" + route.replace("^", "").replace("$", "").replace("\\Z", "")


ROUTES = sorted(set(plain_routes()))
PAGES = [route for route in ROUTES if not route.startswith(("/admin/", "/account/"))]


def test_the_routes_are_found():
    assert {reverse("home"), reverse("data"), reverse("file_complaint")} <= set(ROUTES)
    with pytest.raises(NoReverseMatch):
        reverse("nothing")


@pytest.mark.parametrize("method", ["TRACE", "PUT", "DELETE", "PATCH", "QUERY", "BREW"])
def test_a_method_that_no_page_has_is_not_allowed(client, method):
    client.force_login(make_customer().user)
    for route in PAGES:
        assert client.generic(method, route).status_code == 405, route


@pytest.mark.parametrize(
    "path",
    [
        "/.git/",
        "/.git/config",
        "/.env",
        "/static/../privacyportal/settings.py",
        "/static/..%2f..%2f.env",
        "/admin/doc/",
        "/openapi.json",
        "/metrics",
        "/media/",
        "/server-status",
    ],
)
def test_what_is_not_for_the_public_is_not_there(client, path):
    response = client.get(path)
    assert response.status_code in (302, 404)
    if response.status_code == 302:
        assert response.url.startswith((reverse("account_login"), reverse("admin:login")))


@pytest.mark.parametrize("who", ["visitor", "customer", "dpo"])
def test_no_page_breaks_over_a_strange_query(client, who):
    if who == "customer":
        client.force_login(make_customer().user)
    elif who == "dpo":
        client.force_login(make_staff(DPO))
    strange = "?page=x&day=x&q=%F0%9F%99%82&from=x&to=x&next=//evil.example&o=9.9&p=-1&_to_field=x"
    routes = [route for route in ROUTES if not route.startswith("/admin/jsi18n")]
    for route in routes:
        assert client.get(route + strange).status_code < 500, route


def test_an_error_page_tells_nothing_of_the_machine(client, monkeypatch):
    client.raise_request_exception = False

    def broken(*args, **kwargs):
        raise RuntimeError("SELECT secret FROM accounts_customer")

    monkeypatch.setattr("accounts.views.details.held_about", broken)
    client.force_login(make_customer().user)

    response = client.get(reverse("data"))

    page = response.content.decode()
    assert response.status_code == 500
    for told in ("SELECT", "Traceback", "RuntimeError", "Django", "/accounts/views"):
        assert told not in page
    assert page.count(response["X-Request-ID"]) == 2


def test_http_08_each_error_page_shows_the_number_of_its_request(client):
    pages = [client.get("/no-such-page/"), client.get("/%00")]
    client.force_login(make_customer().user)
    pages.append(client.get("/me/data/erase/nothing/"))
    strict = Client(enforce_csrf_checks=True)
    pages.append(strict.post(reverse("account_login"), {}))

    assert [page.status_code for page in pages] == [404, 400, 404, 403]
    for page in pages:
        assert page.text.count(f"<code>{page['X-Request-ID']}</code>") == 2
