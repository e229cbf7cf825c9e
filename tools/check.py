"""Run every check of `make check`, side by side, and say at the end which of them failed."""

import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from privacyportal import embedded

ROOT = Path(__file__).resolve().parent.parent
PYTHON = [sys.executable, "-m"]
MANAGE = [sys.executable, "-W", "error", "manage.py"]

# The slowest first: the others run beside it.
CHECKS = {
    "types": [*PYTHON, "mypy", "."],
    "settings of production": [*MANAGE, "check", "--deploy", "--fail-level", "WARNING"],
    "migrations": [*MANAGE, "makemigrations", "--check", "--dry-run"],
    "translations": [*PYTHON, "tools.messages", "check"],
    "import layers": [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
    "format": [*PYTHON, "ruff", "format", "--check", "."],
    "lint": [*PYTHON, "ruff", "check", "."],
    "templates": [*PYTHON, "tools.templates", "--check"],
    "lock files": [*PYTHON, "tools.lock", "--check"],
    "shell": ["bash", "-n", ".ci/run", "tools/venv"],
}


def main() -> int:
    with ExitStack() as stack, ThreadPoolExecutor(os.cpu_count()) as threads:
        environment = os.environ | _production(stack)
        running = {
            name: threads.submit(_run, command, environment) for name, command in CHECKS.items()
        }
        failed = [name for name, done in running.items() if not _report(name, *done.result())]
    sys.stdout.write(f"\nFailed: {', '.join(failed)}\n" if failed else "\nAll checks passed.\n")
    return 1 if failed else 0


def _production(stack: ExitStack) -> dict[str, str]:
    """Return an environment as a production has it, on an empty database.

    It names every value, so that nothing of a developer's .env plays a part.
    """
    directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="portal-check-")))
    database_url = os.environ.get("TEST_DATABASE_URL")
    if not database_url:
        database_url = stack.enter_context(embedded.postgres(directory, durable=False)).url
    return {
        "DATABASE_URL": database_url,
        "DATABASE_OWNER_URL": "",
        "REDIS_URL": "redis://localhost:6379/0",
        "CELERY_BROKER_URL": "redis://localhost:6379/0",
        "SECRET_KEY": os.urandom(40).hex(),
        "ENCRYPTION_KEYS": f"check:{secrets.token_urlsafe(32)}",
        "SIGNING_KEYS": f"check:{secrets.token_urlsafe(32)}",
        "DEBUG": "False",
        "SITE_ORIGIN": "https://privacy.example.com",
        "ALLOWED_HOSTS": "privacy.example.com",
        "EMAIL_URL": "smtp+tls://portal:password@mail.example.com:587",
        "DEFAULT_FROM_EMAIL": "privacy@example.com",
        "MEDIA_ROOT": str(directory / "media"),
        "LOG_LEVEL": "WARNING",
        "TRUSTED_PROXY_COUNT": "1",
    }


def _run(command: list[str], environment: Mapping[str, str]) -> tuple[bool, str]:
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=environment,
        check=False,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    return done.returncode == 0, done.stdout


def _report(name: str, passed: bool, output: str) -> bool:
    sys.stdout.write(f"{'ok  ' if passed else 'FAIL'}  {name}\n{'' if passed else output}")
    sys.stdout.flush()
    return passed


if __name__ == "__main__":
    sys.exit(main())
