import pytest

from tests.clients import PortalClient
from visits import counting
from visits.counting import counting_paused

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture(autouse=True)
def a_new_process(monkeypatch):
    """No test knows the salt of another one's Redis, or has given up counting before."""
    monkeypatch.setattr(counting, "_salt", None)
    yield
    counting_paused.reset()


@pytest.fixture
def visitor(db):
    return PortalClient(headers={"user-agent": BROWSER}, REMOTE_ADDR="203.0.113.7")
