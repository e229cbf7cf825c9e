"""The year view of the official calendar, in a real browser."""

import os

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse

from policies.calendar_changes import propose_year
from privacyportal.roles import DPO
from tests.factories import make_staff

WIDE, NARROW = {"width": 1360, "height": 900}, {"width": 390, "height": 800}


def faults(page):
    found = Axe().run(page, options={"resultTypes": ["violations"], "preload": False})
    return [
        (fault["id"], [node["target"] for node in fault["nodes"]])
        for fault in found.response["violations"]
    ]


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_year_serves_everybody(language, page, site, portal, client):
    dpo = make_staff(DPO, language=language)
    propose_year(2028, by=dpo)
    client.force_login(dpo)
    cookies = {"sessionid": client.cookies["sessionid"].value, "django_language": language}
    page.context.add_cookies(
        [{"name": name, "value": value, "url": site} for name, value in cookies.items()]
    )
    calendar = reverse("admin:policies_officialday_changelist")

    for address in (f"{calendar}?year=2026", f"{calendar}?year=2028", f"{calendar}import/"):
        page.goto(site + address)
        page.wait_for_function("window.Alpine && !document.querySelector('html[x-cloak]')")
        for size in (WIDE, NARROW):
            page.set_viewport_size(size)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address
            if folder := os.environ.get("SHOTS"):
                name = address.strip("/").replace("/", "-").replace("?", "-")
                path = f"{folder}/{name}-{language}-{size['width']}.png"
                page.screenshot(path=path, full_page=True)
        assert faults(page) == [], address
