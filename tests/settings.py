"""The portal's settings, changed only where a test would be slow or need a build step."""

import os

from privacyportal.settings import *  # noqa: F403 -- the one place that may
from privacyportal.settings import DATABASES, STORAGES

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    **STORAGES,
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
# Threads of the tests open and close connections of their own.
DATABASES["default"]["OPTIONS"].pop("pool")
# Each worker's database begins as a copy of one that is migrated already.
DATABASES["default"]["TEST"] = {"TEMPLATE": os.environ.get("TEST_TEMPLATE")}
# Static files come from where they are written; nobody has to collect them first.
WHITENOISE_AUTOREFRESH = True
WHITENOISE_USE_FINDERS = True
