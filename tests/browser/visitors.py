"""Somebody who looks at pages in a real browser."""

import os
from collections.abc import Callable

from axe_playwright_python.sync_playwright import Axe
from django.core import mail
from django.utils import translation
from playwright.sync_api import Page

from notices.services import send_due_notices

AXE = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
    "preload": False,
}
NARROW = (320, 390)
DESK = {"width": 1280, "height": 900}


class Visitor:
    """Somebody in front of the browser who notices what is wrong with a page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on("console", lambda message: self._note(message.type, message.text))
        page.on("pageerror", lambda error: self._note("error", str(error)))

    def _note(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.complaints.append(f"{self.page.url}: {text}")

    def look(self) -> None:
        """Expect a page that fits every width, says its name and passes axe."""
        self.page.wait_for_load_state()  # a heading can stand before its style sheets are there
        assert self.complaints == []
        for width in NARROW:
            self.page.set_viewport_size({"width": width, "height": 800})
            scrolls = self.page.evaluate("document.documentElement.scrollWidth")
            assert scrolls <= width, self.page.url
            self._keep_shot(width)
        found = Axe().run(self.page, options=AXE)
        assert [f"{each['id']}: {each['nodes']}" for each in found.response["violations"]] == []
        self.page.set_viewport_size(DESK)
        self._keep_shot(DESK["width"])
        assert " – " in self.page.title()
        self.page.wait_for_timeout(20)
        self.complaints.clear()  # axe itself tries inline styles, which the policy stops

    def _keep_shot(self, width: int) -> None:
        """Leave a picture where SHOTS names a folder, for people to look at."""
        if folder := os.environ.get("SHOTS"):
            language = self.page.locator("html").get_attribute("lang")
            name = self.page.url.partition("//")[2].partition("/")[2].strip("/").replace("/", "-")
            self.page.screenshot(path=f"{folder}/{name}-{language}-{width}.png", full_page=True)


def in_language(language: str) -> Callable[[str], str]:
    def say(text: str) -> str:
        with translation.override(language):
            return translation.gettext(text)

    return say


def newest_mail() -> mail.EmailMessage:
    send_due_notices()
    return mail.outbox[-1]
