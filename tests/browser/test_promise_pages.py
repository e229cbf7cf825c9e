"""The board of promises and the public page, in a real browser."""

from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from django.utils import timezone

from policies.loading import load_profile
from policies.models import Promise, PromiseResult
from policies.promises import record_results
from privacyportal.roles import DPO
from tests.factories import make_complaint, make_customer, make_staff

WIDE, NARROW = {"width": 1360, "height": 900}, {"width": 390, "height": 800}


@pytest.fixture
def past(portal):
    """Promises of SpeedSMS with 90 days behind them, and a complaint that is late."""
    load_profile("speedsms")
    make_customer()
    make_complaint(received_at=timezone.now() - timedelta(days=60))
    record_results()
    yesterday = timezone.localdate() - timedelta(days=1)
    now = timezone.now()
    PromiseResult.objects.bulk_create(
        PromiseResult(
            promise=promise,
            control=promise.control,
            day=yesterday - timedelta(days=ago),
            status="broken" if ago % 41 == 3 else "at_risk" if ago % 17 == 2 else "kept",
            figure=3,
            unit="complaints",
            measured_at=now,
        )
        for promise in Promise.objects.active()
        if promise.control.startswith(("complaint", "purpose"))
        for ago in range(70)
    )


def faults(page):
    found = Axe().run(page, options={"resultTypes": ["violations"], "preload": False})
    return [
        (fault["id"], [node["target"] for node in fault["nodes"]])
        for fault in found.response["violations"]
    ]


def look(page, name):
    """Expect a page that fits both widths and passes axe."""
    for size in (WIDE, NARROW):
        page.set_viewport_size(size)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
    assert faults(page) == []


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_board_serves_everybody(language, page, site, past, client):
    client.force_login(make_staff(DPO, language=language))
    cookies = {"sessionid": client.cookies["sessionid"].value, "django_language": language}
    page.context.add_cookies(
        [{"name": name, "value": value, "url": site} for name, value in cookies.items()]
    )
    promise = Promise.objects.get(code="SP-12")

    for name, args in (("changelist", []), ("change", [promise.pk])):
        page.set_viewport_size(WIDE)
        page.goto(site + reverse(f"admin:policies_promise_{name}", args=args))
        page.wait_for_function("window.Alpine && !document.querySelector('html[x-cloak]')")
        look(page, f"{name}-{language}")


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_public_page_serves_everybody(language, page, site, past):
    page.context.add_cookies([{"name": "django_language", "value": language, "url": site}])

    page.goto(site + reverse("promises"))

    page.wait_for_load_state()
    look(page, f"public-{language}")
