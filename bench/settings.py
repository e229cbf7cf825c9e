"""The portal's settings, and beside its rooms what its access records are compared with."""

from privacyportal.settings import *  # noqa: F403 -- all of them
from privacyportal.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "auditlog", "pgtrigger", "pghistory", "bench"]
