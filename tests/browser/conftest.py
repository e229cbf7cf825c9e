"""Tests in a real browser: the system's Chromium, driven by Playwright."""

import importlib.util
import os
import shutil
from collections.abc import Iterator

import pytest
from django.db import DEFAULT_DB_ALIAS, connections

# First the one without windows: it draws the same pages for two thirds of the work.
BROWSERS = ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"]
CHROMIUM = next(filter(None, map(shutil.which, BROWSERS)), "")
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--js-flags=--no-opt,--no-maglev",  # no page lives long enough to be worth compiling well
]

if importlib.util.find_spec("pytest_playwright") is None:
    UNAVAILABLE = "Browser tests need the packages of requirements-dev.lock: run make test."
elif not CHROMIUM:
    UNAVAILABLE = "Browser tests need Chromium (Debian: apt install chromium-headless-shell)."
else:
    UNAVAILABLE = ""

# Playwright runs an event loop in the tests' thread; Django would refuse its database there.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


class UnavailableModule(pytest.Module):
    def collect(self):
        pytest.skip(UNAVAILABLE, allow_module_level=True)


def pytest_pycollect_makemodule(module_path, parent):
    kind = UnavailableModule if UNAVAILABLE else pytest.Module
    module = kind.from_parent(parent, path=module_path)
    module.add_marker("browser")
    return module


@pytest.fixture(scope="session")
def playwright(request):
    """Start Playwright, and keep the connection to the database that the tests have.

    While an event loop runs in a thread, Django gives it connections of its own. They would be
    left open when the loop ends, and the test database could not be dropped.
    """
    connection = connections[DEFAULT_DB_ALIAS]
    playwright = request.getfixturevalue("playwright")
    connections[DEFAULT_DB_ALIAS] = connection
    return playwright


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": QUIET}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args):
    return {**browser_context_args, "locale": "en-US", "reduced_motion": "reduce"}


@pytest.fixture
def site(live_server, settings, context) -> Iterator[str]:
    """Serve the portal to the browser and return its address.

    A request to any other host fails the test.
    """
    settings.SITE_ORIGIN = live_server.url
    strangers = []
    context.on("request", lambda request: strangers.append(request.url))

    yield live_server.url

    at_home = (f"{live_server.url}/", "data:", "blob:")
    assert [url for url in strangers if not url.startswith(at_home)] == []


@pytest.fixture
def visitor(site, portal, page):
    from tests.browser.visitors import WIDE, Visitor  # noqa: PLC0415 -- needs what may be missing

    page.set_viewport_size(WIDE)
    someone = Visitor(page)

    yield someone

    assert someone.complaints == []
