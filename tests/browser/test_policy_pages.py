"""The pages of the policy in a real browser: readable by everybody, at each width."""

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.acceptance import accept_policy
from policies.models import PolicyVersion
from tests.factories import make_customer, make_policy_version

PUBLIC = [
    "/policy/",
    "/policy/1/",
    "/policy/changes/?day=2026-10-01",
    "/policy/changes/?day=x",
    "/policy/compare/",
    "/policy/compare/?old=1&new=2&only_changes=on",
    "/policy/compare/?old=1&new=1",
]


@pytest.fixture
def versions(portal):
    """Version 1 as loaded, 2 with a change of each kind, 3 to come."""
    one = PolicyVersion.objects.get()
    texts = {text.language: text.body for text in one.texts.all()}
    two = {
        language: body.replace("12", "6").replace("- **", "- A new item.\n- **", 1)
        + ("\n\n## 99. Mới\n\nĐoạn mới." if language == "vi" else "\n\n## 99. New\n\nNew words.")
        for language, body in texts.items()
    }
    make_policy_version("2", texts=two)
    three = {language: body.replace("5", "7", 3) for language, body in two.items()}
    make_policy_version("3", effective_in_days=9, texts=three)


@pytest.fixture
def customer(versions, client):
    customer = make_customer()
    accept_policy(customer, PolicyVersion.objects.get(number="3").text_in("vi"))
    make_policy_version("4", effective_in_days=20)
    client.force_login(customer.user)
    return customer


def look(visitor, site, address):
    assert visitor.page.goto(site + address).status == 200
    if address.endswith("?day=x"):
        visitor.complaints.clear()  # the browser itself says that this is no day
    visitor.look(widely=True)


LOOKS = [("vi", "light"), ("en", "dark")]


def test_everybody_can_read_the_policy_and_its_changes(visitor, site, versions):
    for language, colours in LOOKS:
        visitor.speak(language)
        visitor.page.emulate_media(color_scheme=colours)
        for address in PUBLIC:
            look(visitor, site, address)


@pytest.mark.parametrize(("language", "colours"), LOOKS)
def test_a_customer_is_asked_accepts_and_sees_what_was_accepted(
    visitor, site, customer, client, language, colours
):
    page, address = visitor.page, reverse("accept_policy")
    visitor.enter(client)
    visitor.speak(language)
    page.emulate_media(color_scheme=colours)
    look(visitor, site, f"{address}?day={timezone.localdate()}")
    look(visitor, site, address)
    page.locator("main form button").click()
    page.wait_for_url(site + reverse("overview"))
    look(visitor, site, f"{address}?next=/me/")
