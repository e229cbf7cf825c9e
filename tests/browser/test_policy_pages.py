"""The pages of the policy in a real browser: readable by everybody, at each width."""

import os
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from django.utils import timezone

from accounts.acceptance import accept_policy
from policies.models import PolicyVersion
from tests.browser.visitors import AXE
from tests.factories import make_customer, make_policy_version

WIDTHS = (320, 390, 1360)
PUBLIC = [
    "/policy/",
    "/policy/1/",
    "/policy/changes/?day=2026-10-01",
    "/policy/changes/?day=x",
    "/policy/compare/",
    "/policy/compare/?old=1&new=2&only_changes=on",
    "/policy/compare/?old=1&new=1",
]
PICTURES = os.environ.get("PICTURES")  # a folder, for whoever wants to look


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
def customer(versions, client, context, site):
    customer = make_customer()
    accept_policy(customer, PolicyVersion.objects.get(number="3").text_in("vi"))
    make_policy_version("4", effective_in_days=20)
    client.force_login(customer.user)
    session = client.cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": session, "url": site}])
    return customer


def look(page, site, addresses, language, colours):
    """Return by address what is wrong with a page, too wide or found by axe."""
    page.context.add_cookies([{"name": "django_language", "value": language, "url": site}])
    page.emulate_media(color_scheme=colours, reduced_motion="reduce")
    return {address: [*faults(page, site + address, language, colours)] for address in addresses}


def faults(page, url, language, colours):
    assert page.goto(url).status == 200
    page.wait_for_load_state()
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        if page.evaluate("document.documentElement.scrollWidth") > width:
            yield f"wider than {width}"
        if width == 320:
            continue
        if PICTURES:
            name = "".join(c if c.isalnum() else "-" for c in url.split("/", 3)[3])
            path = Path(PICTURES) / f"{name}{width}-{language}-{colours}.png"
            page.screenshot(path=path, full_page=True)
        for fault in Axe().run(page, options=AXE).response["violations"]:
            yield fault["id"], width, [node["target"] for node in fault["nodes"]]


LOOKS = pytest.mark.parametrize(("language", "colours"), [("vi", "light"), ("en", "dark")])


@LOOKS
def test_everybody_can_read_the_policy_and_its_changes(page, site, versions, language, colours):
    found = look(page, site, PUBLIC, language, colours)
    assert found == {address: [] for address in PUBLIC}


@LOOKS
def test_a_customer_is_asked_accepts_and_sees_what_was_accepted(
    page, site, customer, language, colours
):
    address = reverse("accept_policy")
    then = f"{address}?day={timezone.localdate()}"
    assert look(page, site, [address, then], language, colours) == {address: [], then: []}

    page.goto(site + address)
    page.locator("main form button").click()
    page.wait_for_url(site + reverse("overview"))
    after = f"{address}?next=/me/"
    assert look(page, site, [after], language, colours) == {after: []}
