"""Somebody who looks at pages in a real browser."""

import os
from collections.abc import Callable

from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.core import mail
from django.test import Client
from django.utils import translation
from playwright.sync_api import Page, ViewportSize

from notices.services import send_due_notices

PAGE_RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
    "preload": False,
}
DESK_RULES = {"resultTypes": ["violations"], "preload": False}
WIDE = {"width": 1360, "height": 900}
NARROW = {"width": 390, "height": 800}
NARROWEST = {"width": 320, "height": 800}


class Visitor:
    """Somebody in front of the browser who notices what is wrong with a page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on("console", lambda message: self._note(message.type, message.text))
        page.on("pageerror", lambda error: self._note("error", str(error)))
        page.add_init_script(Axe().axe_script)  # sent once, not with each look

    def _note(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.complaints.append(f"{self.page.url}: {text}")

    def speak(self, language: str) -> None:
        """Come with the language chosen on an earlier visit."""
        self._keep_cookie("django_language", language)

    def enter(self, client: Client) -> None:
        """Be signed in as this client is."""
        self._keep_cookie("sessionid", client.cookies["sessionid"].value)

    def _keep_cookie(self, name: str, value: str) -> None:
        self.page.context.add_cookies([{"name": name, "value": value, "url": settings.SITE_ORIGIN}])

    def look(self, *, widely: bool = False) -> None:
        """Expect a page that fits every width, says its name and passes axe."""
        self.page.wait_for_load_state()  # a heading can stand before its style sheets are there
        assert self.complaints == [], self.complaints
        found = self._too_wide(NARROWEST) + self._too_wide(NARROW) + self._faults(PAGE_RULES)
        found += self._too_wide(WIDE)
        if widely:  # for pages that lay out otherwise what is wide
            found += self._faults(PAGE_RULES)
        assert found == [], f"{self.page.url}: {found}"
        assert " – " in self.page.title()
        self.page.wait_for_timeout(20)
        self.complaints.clear()  # axe itself tries inline styles, which the policy stops

    def find_faults_at_desk(self) -> list[str]:
        """Return what is wrong with a page of the desk, once its scripts have run."""
        is_ready(self.page)
        return self._too_wide(NARROW) + self._faults(DESK_RULES) + self._too_wide(WIDE)

    def _too_wide(self, size: ViewportSize) -> list[str]:
        self.page.set_viewport_size(size)
        self._keep_shot(size["width"])
        takes = self.page.evaluate("document.documentElement.scrollWidth")
        return [f"{takes} wide at {size['width']}"] if takes > size["width"] else []

    def _faults(self, rules: dict[str, object]) -> list[str]:
        found = self.page.evaluate("rules => axe.run(rules).then(all => all.violations)", rules)
        return [f"{each['id']}: {[node['target'] for node in each['nodes']]}" for each in found]

    def _keep_shot(self, width: int) -> None:
        """Leave a picture where SHOTS names a folder, for people to look at."""
        if folder := os.environ.get("SHOTS"):
            language = self.page.locator("html").get_attribute("lang")
            name = self.page.url.partition("//")[2].partition("/")[2].strip("/").replace("/", "-")
            self.page.screenshot(path=f"{folder}/{name}-{language}-{width}.png", full_page=True)


def is_ready(page: Page) -> None:
    """Wait for the scripts of a page of the desk."""
    page.wait_for_function("window.Alpine && !document.querySelector('html[x-cloak]')")


def in_language(language: str) -> Callable[[str], str]:
    def say(text: str) -> str:
        with translation.override(language):
            return translation.gettext(text)

    return say


def newest_mail() -> mail.EmailMessage:
    send_due_notices()
    return mail.outbox[-1]
