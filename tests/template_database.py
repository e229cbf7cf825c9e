"""A migrated database, made once for all workers, of which PostgreSQL copies theirs.

Migrating takes longer than many tests. So the result is kept as SQL beside pytest's own cache,
under the hash of all migrations and packages, and the next run restores it. On a server of
somebody else's, it is migrated anew for each run.
"""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from privacyportal import embedded

NAME = "portal_tests_template"
ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".pytest_cache" / "migrated"


@contextmanager
def template(server_url: str, *, is_own: bool) -> Iterator[str]:
    """Make the database on the server that the URL names, and return its name."""
    url = urlsplit(server_url)._replace(path=f"/{NAME}").geturl()
    if not is_own:
        _run_sql(server_url, f"DROP DATABASE IF EXISTS {NAME}")
    _run_sql(server_url, f"CREATE DATABASE {NAME}")
    try:
        _fill(url, keep=is_own)
        yield NAME
    finally:
        if not is_own:
            _run_sql(server_url, f"DROP DATABASE IF EXISTS {NAME}")


def _fill(url: str, *, keep: bool) -> None:
    kept = CACHE / f"{_fingerprint()}.sql"
    if keep and kept.exists():
        _postgres_tool("psql", "--quiet", "--set=ON_ERROR_STOP=1", "--file", kept, url)
        return
    environment = {**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    command = [sys.executable, "manage.py", "migrate", "--verbosity=0", "--no-input"]
    subprocess.run(command, cwd=ROOT, env=environment, check=True)
    if keep:
        CACHE.mkdir(parents=True, exist_ok=True)
        for older in CACHE.glob("*.sql"):
            older.unlink(missing_ok=True)
        half = kept.with_suffix(f".{os.getpid()}")
        _postgres_tool("pg_dump", "--no-owner", "--no-privileges", "--file", half, url)
        half.rename(kept)  # whole or not there


def _fingerprint() -> str:
    """Return a hash that changes with each migration and each package."""
    digest = hashlib.sha256()
    for path in sorted([*ROOT.glob("*/migrations/*.py"), ROOT / "requirements-dev.lock"]):
        digest.update(f"{path.relative_to(ROOT)}\n".encode() + path.read_bytes())
    return digest.hexdigest()[:32]


def _postgres_tool(name: str, *arguments: str | Path) -> None:
    program = embedded.postgres_binaries() / name
    subprocess.run([program, *arguments], check=True, stdout=subprocess.DEVNULL)


def _run_sql(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)
