"""A portal of the benches' own: fresh servers on sockets, gone with the run."""

import os
import secrets
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import django
from django.conf import settings
from django.core.management import call_command
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
            # What is compared with is one statement, however many rows it writes.
            "DATABASE_STATEMENT_TIMEOUT_MS": "600000",
        }
        django.setup()
        call_command("migrate", run_syncdb=True, verbosity=0, interactive=False)
        call_command("load_profile", profile, stdout=sys.stderr)
        yield


def plain_static() -> override_settings:
    """Let pages come as from a portal whose static files nobody has collected."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    return override_settings(STORAGES={**settings.STORAGES, "staticfiles": plain})
