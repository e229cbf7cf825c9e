"""The portal's settings, changed only where a test would be slow or need a build step."""

from privacyportal.settings import *  # noqa: F403 -- the one place that may
from privacyportal.settings import DATABASES, STORAGES

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    **STORAGES,
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
# Threads of the tests open and close connections of their own.
DATABASES["default"]["OPTIONS"].pop("pool")
# Static files come from where they are written; nobody has to collect them first.
WHITENOISE_AUTOREFRESH = True
WHITENOISE_USE_FINDERS = True
