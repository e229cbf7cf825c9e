import pytest
from django.core.cache import cache
from django.utils import translation

from policies.services import load_profile


def pytest_collection_modifyitems(items):
    """Refuse a parameter that bears the name of a fixture of Playwright's, such as "page".

    Its test would be taken for one in a browser, and run after those have emptied the tables.
    """
    for item in items:
        values = getattr(item, "callspec", None)
        if values and "browser_name" in values.params and not item.get_closest_marker("browser"):
            raise pytest.UsageError(f"{item.nodeid}: a parameter has the name of a fixture.")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """Every test finds a configured portal: one company, the statute pack, the calendar."""
    with django_db_blocker.unblock():
        load_profile("fpt_smart_cloud")


@pytest.fixture(autouse=True)
def own_media(settings, tmp_path):
    """Each test stores files in a folder of its own."""
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture(autouse=True)
def no_throttle_from_before():
    """Each test may try as often as a new visitor."""
    cache.clear()


@pytest.fixture(autouse=True)
def speak_vietnamese():
    """A request leaves its language behind in the thread; no test inherits it."""
    with translation.override("vi"):
        yield


@pytest.fixture
def portal(transactional_db):
    """A configured portal for tests that commit: those begin with empty tables."""
    load_profile("fpt_smart_cloud")
