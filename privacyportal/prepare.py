"""Bring database, translations and static files up to date: a step of `make run`.

    python -m privacyportal.prepare PROFILE [--sample-people]

It is a process of its own, because settings need an environment that is complete. With
DATABASE_OWNER_URL it works as the owner of the tables, and grants the portal's role what it needs.
What is up to date is left alone. Prints the logins of sample people that it has just created, or
why it failed.
"""

import argparse
import hashlib
import os
import sys
from pathlib import Path
from urllib.parse import urlsplit

import django
from django.conf import settings
from django.core.management import CommandError, call_command

from tools import messages

ROOT = Path(__file__).resolve().parent.parent
STAMP = ROOT / "var" / "static.stamp"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m privacyportal.prepare")
    parser.add_argument("profile")
    parser.add_argument("--sample-people", action="store_true")
    options = parser.parse_args()
    os.environ["DJANGO_SETTINGS_MODULE"] = "privacyportal.settings"
    role = urlsplit(os.environ["DATABASE_URL"]).username
    owner_url = os.environ.get("DATABASE_OWNER_URL")
    os.environ["DATABASE_URL"] = owner_url or os.environ["DATABASE_URL"]
    messages.compile_stale()
    django.setup()
    try:
        call_command("migrate", verbosity=0, interactive=False)
        if owner_url:
            call_command("grant_database_role", role)
        collect_static_files()
        call_command("load_profile", options.profile, stdout=sys.stderr)
        if options.sample_people:
            call_command("sample_people")
    except CommandError as error:
        sys.stdout.write(str(error))
        return 1
    return 0


def collect_static_files() -> None:
    fingerprint = _static_fingerprint()
    if not STAMP.exists() or STAMP.read_text() != fingerprint or not _manifest().exists():
        call_command("collectstatic", verbosity=0, interactive=False)
        STAMP.write_text(fingerprint)


def _manifest() -> Path:
    return Path(settings.STATIC_ROOT) / "staticfiles.json"


def _static_fingerprint() -> str:
    """Return what changes when a static file of ours or of a package changes."""
    digest = hashlib.sha256((ROOT / "requirements.lock").read_bytes())
    sources = {*ROOT.glob("static/**/*"), *ROOT.glob("[a-z]*/static/**/*")}
    for path in sorted(sources - {*(ROOT / "var").rglob("*")}):
        status = path.stat()
        digest.update(f"{path} {status.st_mtime_ns} {status.st_size}".encode())
    return digest.hexdigest()


if __name__ == "__main__":
    sys.exit(main())
