"""Whoever only reads is asked for nothing and given nothing to be known by."""

from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, get_resolver, reverse

from marketing.views.preferences import NECESSARY
from tests.factories import PASSWORD, make_customer, make_policy_version

pytestmark = pytest.mark.django_db

ENTRANCES = {"account_login", "account_signup", "account_reset_password"}


def routes(patterns) -> Iterator[str]:
    """Yield the names of all routes but the desk's, whose entrance is the sign-in."""
    for each in patterns:
        if not isinstance(each, URLPattern):
            if each.namespace != "admin":
                yield from routes(each.url_patterns)
        elif each.name:
            yield each.name


def public_pages() -> dict[str, dict]:
    """Open each address that takes no value as a new visitor; return what cookies came with it."""
    found = {}
    for name in routes(get_resolver().url_patterns):
        try:
            page = Client().get(reverse(name))
        except NoReverseMatch:
            continue
        if page.status_code == 200 and page["Content-Type"].startswith("text/html"):
            found[name] = page.cookies
    return found


def test_no_page_gives_a_cookie_to_whoever_only_reads():
    make_policy_version("9")

    pages = public_pages()

    assert {"home", "policy", "policy_changes", "compare_policy", "promises"} <= set(pages)
    assert {name for name, cookies in pages.items() if cookies} == ENTRANCES


def test_the_entrances_give_one_that_names_nobody_and_ends_with_the_browser():
    """Without it another site could sign a visitor in under an account of its own."""
    pages = public_pages()

    for name in ENTRANCES:
        assert set(pages[name]) == {"csrftoken"}
        cookie = pages[name]["csrftoken"]
        assert (cookie["max-age"], cookie["expires"]) == ("", "")
        assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")


def test_each_cookie_is_named_on_the_page_of_cookies(client):
    customer = make_customer(is_verified=True)
    client.get(reverse("account_login"))
    client.post(reverse("set_language"), {"language": "en"})
    client.post(reverse("preferences"), {"ads": "none"})
    client.post(reverse("account_login"), {"login": customer.email, "password": PASSWORD})
    client.post(reverse("confirm_details"))

    page = client.get(reverse("preferences")).text

    assert set(client.cookies) == {name for name, _use in NECESSARY}
    assert [name for name in client.cookies if f"<code>{name}</code>" not in page] == []


def test_a_language_that_a_visitor_chose_is_forgotten_with_the_browser(client):
    cookie = client.post("/language/", {"language": "en"}).cookies["django_language"]

    assert (cookie["max-age"], cookie["expires"]) == ("", "")
