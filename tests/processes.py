"""Processes of their own, to be killed in the middle of what they do."""

import os
import subprocess
import sys
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection

PREPARED = "import django; django.setup()\n"


def run_apart(code: str, **variables: str) -> subprocess.Popen[bytes]:
    """Start a process that runs the code on the database and the cache of this test.

    ``variables`` of its environment differ.
    """
    url = urlsplit(os.environ["DATABASE_URL"])
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "privacyportal.settings",
        "DATABASE_URL": url._replace(path=f"/{connection.settings_dict['NAME']}").geturl(),
        **variables,
    }
    command = [sys.executable, "-c", PREPARED + code]
    return subprocess.Popen(command, env=environment, cwd=settings.BASE_DIR)
