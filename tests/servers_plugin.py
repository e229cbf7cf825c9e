"""Servers of the tests' own, and an environment in which no other server is known.

The root conftest.py loads this before anything imports a model. Fresh servers start with the run
and end with it; TEST_DATABASE_URL and TEST_REDIS_URL name others instead. Whatever else the
developer's environment or .env says is covered by the values here, so that no test ever touches
a database that somebody needs.
"""

import atexit
import os
import tempfile
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import django
import pytest
from django.conf import settings

from privacyportal import embedded
from tests.template_database import template
from tools import messages

_running = ExitStack()
atexit.register(_running.close)


def _start() -> None:
    """Set the environment and start what it needs; with pytest-xdist, once for all workers."""
    if settings.configured:
        pytest.exit("Unset DJANGO_SETTINGS_MODULE: the tests bring settings of their own.", 3)
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    if worker:
        redis_url = _database_of(worker, os.environ["TEST_REDIS_URL"])
    else:
        messages.compile_stale()
        directory = _running.enter_context(tempfile.TemporaryDirectory(prefix="portal-tests-"))
        os.environ["TEST_DIRECTORY"] = directory
        is_own = "TEST_DATABASE_URL" not in os.environ
        _start_servers(Path(directory))
        redis_url = os.environ["TEST_REDIS_URL"]
    _set_environment(worker, redis_url)
    if not worker:
        server_url = os.environ["TEST_DATABASE_URL"]
        made = _running.enter_context(template(server_url, is_own=is_own))
        os.environ["TEST_TEMPLATE"] = made
    django.setup()
    # pytest-django in a worker would take it for the user's, and read settings before this module.
    del os.environ["DJANGO_SETTINGS_MODULE"]


def _set_environment(worker: str, redis_url: str) -> None:
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DATABASE_URL": os.environ["TEST_DATABASE_URL"],
        "DATABASE_OWNER_URL": "",
        "REDIS_URL": redis_url,
        "CELERY_BROKER_URL": embedded.celery_broker_url(redis_url),
        "CACHE_KEY_PREFIX": "tests",
        "MEDIA_ROOT": f"{os.environ['TEST_DIRECTORY']}/media{worker}",
        "ACCESS_SEALS_FILE": f"{os.environ['TEST_DIRECTORY']}/access-seals{worker}",
        "SECRET_KEY": "tests" * 10,
        "ENCRYPTION_KEYS": f"test:{'k' * 43}",
        "SIGNING_KEYS": f"test:{'s' * 43}",
        "DEBUG": "False",
        "SITE_ORIGIN": "http://testserver",
        "ALLOWED_HOSTS": "testserver,localhost,127.0.0.1",
        "EMAIL_URL": "memorymail://",
        "SMS_URL": "memory://",
        "SMS_KEY": "",
        "DEFAULT_FROM_EMAIL": "Privacy portal <privacy@example.com>",
        "LOG_LEVEL": "WARNING",
        "LOG_FOLDERS": "",
        "ERASURE_LEDGER": f"{os.environ['TEST_DIRECTORY']}/erasures{worker}",
        "TRUSTED_PROXY_COUNT": "0",
        "DATABASE_STATEMENT_TIMEOUT_MS": "8000",
        "LANGUAGE": "en",  # of commands, whatever the developer's terminal speaks
    }


def _start_servers(directory: Path) -> None:
    try:
        if "TEST_DATABASE_URL" not in os.environ:
            server = embedded.postgres(directory / "postgres", durable=False)
            os.environ["TEST_DATABASE_URL"] = _running.enter_context(server).url
        if "TEST_REDIS_URL" not in os.environ:
            server = embedded.valkey(directory / "valkey", durable=False)
            os.environ["TEST_REDIS_URL"] = _running.enter_context(server).url
    except embedded.EmbeddedError as error:
        pytest.exit(f"{error} For tests the names are TEST_DATABASE_URL and TEST_REDIS_URL.", 3)


def _database_of(worker: str, redis_url: str) -> str:
    """Return the address of a worker's own Redis database: gw0 has 1, gw1 has 2 ..."""
    number = str(int(worker.removeprefix("gw")) + 1)
    address = redis_url.partition("?")[0]
    if address.startswith("unix://"):
        return f"{address}?db={number}"
    return urlsplit(address)._replace(path=f"/{number}").geturl()


# Not in a hook: test modules and conftest.py files import models before pytest calls the first one.
_start()
