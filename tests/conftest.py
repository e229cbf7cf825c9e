import asyncio
import gc
from itertools import count

import pytest
from django.core.cache import cache
from django.test import TransactionTestCase
from django.utils import translation

from notices import sms
from policies.loading import load_profile
from retention import ledger
from tests.clients import PortalClient
from tests.configured import Snapshot

LONGEST = {"test_bench.py", "test_every_door.py", "test_purge_chaos.py", "test_run.py"}


@pytest.hookimpl(trylast=True)  # after Playwright has taken it
def pytest_generate_tests(metafunc):
    """Refuse a parameter that bears the name of a fixture of Playwright's, such as "page".

    Its test would be taken for one in a browser, and run after those have emptied the tables.
    """
    is_for_browser = metafunc.definition.get_closest_marker("browser")
    if "browser_name" in metafunc.fixturenames and not is_for_browser:
        name = metafunc.definition.name
        pytest.fail(
            f"{name}: a parameter has the name of a fixture of Playwright's.", pytrace=False
        )


@pytest.hookimpl(trylast=True)  # after pytest-django has put what uses no database at the end
def pytest_collection_modifyitems(items):
    """Begin with what takes longest, so that no worker is left with it at the end."""
    items.sort(key=lambda item: item.path.name not in LONGEST)


def pytest_collection_finish():
    """Spare the garbage collector all that was imported: it stays, and was looked through anew."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """Every test finds a configured portal: one company, the statute pack, the calendar."""
    with django_db_blocker.unblock():
        load_profile("fpt_smart_cloud")
        ledger.must_wait()  # later requests answer without a look at the ledger
        configured = Snapshot()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda _: configured.put_back())
        yield


@pytest.fixture
def client():
    """A browser; ``force_login`` brings staff in with their second factor passed."""
    return PortalClient()


@pytest.fixture(scope="session")
def folders(tmp_path_factory):
    """Names of folders, none of which exists before it is used: most tests store no file."""
    return map(tmp_path_factory.mktemp("stored").joinpath, map(str, count()))


@pytest.fixture(autouse=True)
def own_media(settings, folders):
    """Each test stores files in a folder of its own."""
    folder = next(folders)
    settings.MEDIA_ROOT = folder / "media"
    settings.ACCESS_SEALS_FILE = folder / "access-seals"
    settings.ERASURE_LEDGER = folder / "erasures"


@pytest.fixture(autouse=True)
def no_event_loop_from_before(request):
    """Playwright's goes on in the thread of its tests, where no other loop could be run."""
    loop = asyncio._get_running_loop()
    if loop is None or request.node.get_closest_marker("browser"):
        yield
        return
    asyncio._set_running_loop(None)
    yield
    asyncio._set_running_loop(loop)


@pytest.fixture(autouse=True)
def no_throttle_from_before():
    """Each test may try as often as a new visitor."""
    cache.clear()


@pytest.fixture(autouse=True)
def no_messages_from_before():
    """Django empties the mails' outbox itself."""
    sms.outbox.clear()


@pytest.fixture(autouse=True)
def speak_vietnamese():
    """A request leaves its language behind in the thread; no test inherits it."""
    with translation.override("vi"):
        yield


@pytest.fixture
def portal(transactional_db):
    """A configured portal for tests that commit."""
