"""A portal of the benches' own: fresh servers on sockets, gone with the run."""

import os
import secrets
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import django
import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test import override_settings

from privacyportal import embedded


@contextmanager
def own_portal(profile: str) -> Iterator[None]:
    """Set Django up on an empty, configured portal. Processes started inside find it too."""
    with (
        tempfile.TemporaryDirectory(prefix="portal-bench-") as name,
        embedded.postgres(Path(name) / "postgres", durable=False) as database,
        embedded.valkey(Path(name) / "valkey", durable=False) as valkey,
    ):
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "bench.settings",
            "DATABASE_URL": database.url,
            "DATABASE_OWNER_URL": "",
            "REDIS_URL": valkey.url,
            "CELERY_BROKER_URL": embedded.celery_broker_url(valkey.url),
            "CACHE_KEY_PREFIX": "bench",
            "MEDIA_ROOT": f"{name}/media",
            "ACCESS_SEALS_FILE": f"{name}/access-seals",
            "ERASURE_LEDGER": f"{name}/erasures",
            "SECRET_KEY": os.urandom(40).hex(),
            "ENCRYPTION_KEYS": f"bench:{secrets.token_urlsafe(32)}",
            "SIGNING_KEYS": f"bench:{secrets.token_urlsafe(32)}",
            "DEBUG": "False",
            "SITE_ORIGIN": "http://localhost",
            "ALLOWED_HOSTS": "localhost",
            "EMAIL_URL": "memorymail://",
            "DEFAULT_FROM_EMAIL": "privacy@example.com",
            "LOG_LEVEL": "WARNING",
            "TRUSTED_PROXY_COUNT": "0",
            # However many go at once, nobody has to look at it first.
            "PURGE_NEVER_MANY": str(10**9),
            # What is compared with is one statement, however many rows it writes.
            "DATABASE_STATEMENT_TIMEOUT_MS": "600000",
        }
        django.setup()
        call_command("migrate", run_syncdb=True, verbosity=0, interactive=False)
        call_command("load_profile", profile, stdout=sys.stderr)
        yield


@contextmanager
def own_database(name: str) -> Iterator[None]:
    """Work on a copy of the portal's database as it is now; processes started inside do too."""
    usual, url = connection.settings_dict["NAME"], os.environ["DATABASE_URL"]
    _leave(usual)
    with psycopg.connect(url.replace(f"/{usual}?", "/postgres?"), autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name} TEMPLATE {usual}")
        connection.settings_dict["NAME"] = name
        os.environ["DATABASE_URL"] = url.replace(f"/{usual}?", f"/{name}?")
        try:
            yield
        finally:
            _leave(usual)
            os.environ["DATABASE_URL"] = url
            server.execute(f"DROP DATABASE {name}")
            Path(settings.ERASURE_LEDGER).unlink(missing_ok=True)  # of erasures in there


def _leave(database: str) -> None:
    """Close all connections, and let the next one be to that database."""
    ours: Any = connection
    ours.close()
    ours.close_pool()
    ours.settings_dict["NAME"] = database


def plain_static() -> override_settings:
    """Let pages come as from a portal whose static files nobody has collected."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    return override_settings(STORAGES={**settings.STORAGES, "staticfiles": plain})
