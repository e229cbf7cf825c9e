import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest

from privacyportal import run as portal_run

ROOT = Path(portal_run.__file__).parent.parent
READY = "Ctrl-C stops it."
UNSET = {
    "DATABASE_URL",
    "DATABASE_OWNER_URL",
    "REDIS_URL",
    "CELERY_BROKER_URL",
    "MEDIA_ROOT",
    "DJANGO_SETTINGS_MODULE",
    "ENCRYPTION_KEYS",
}


@pytest.fixture
def checkout(tmp_path):
    """A checkout of its own: the same code, other data."""
    for path in ROOT.iterdir():
        if path.name not in {"var", ".env", ".git"}:
            (tmp_path / path.name).symlink_to(path)
    # These find the checkout by their own place.
    for name in ("privacyportal", "tools"):
        (tmp_path / name).unlink()
        (tmp_path / name).mkdir()
        for path in (ROOT / name).iterdir():
            if path.suffix == ".py":
                (tmp_path / name / path.name).write_bytes(path.read_bytes())
            elif path.name != "__pycache__":
                (tmp_path / name / path.name).symlink_to(path)
    return tmp_path


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def command(*arguments):
    return [sys.executable, "-m", "privacyportal.run", *map(str, arguments)]


def environment():
    return {name: value for name, value in os.environ.items() if name not in UNSET} | {
        "SITE_ORIGIN": "",
        "EMAIL_URL": "",
    }


@contextmanager
def running(checkout, port):
    output = checkout / "output"
    with output.open("w") as file:
        process = subprocess.Popen(
            command("--port", port),
            cwd=checkout,
            env=environment(),
            stdout=file,
            stderr=file,
        )
    try:
        give_up_at = time.monotonic() + 100
        while READY not in output.read_text() and process.poll() is None:
            assert time.monotonic() < give_up_at, "waited in vain"
            time.sleep(0.1)
        assert READY in output.read_text(), output.read_text()
        yield process, output
    finally:
        process.kill()
        process.wait()


def processes_of(checkout):
    """Return the command lines of all processes that work in this checkout."""
    found = []
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            if (directory / "cwd").readlink().is_relative_to(checkout):
                found.append((directory / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue  # it has just ended
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="looks at processes through /proc")
def test_it_serves_and_leaves_nothing_running_however_it_ends(checkout):
    port = free_port()

    with running(checkout, port) as (process, output):
        with urllib.request.urlopen(f"http://localhost:{port}/healthz", timeout=10) as answer:
            assert answer.status == 200
        second = subprocess.run(
            command("--port", free_port()),
            cwd=checkout,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0

    assert second.returncode == 1
    assert f"already running at http://localhost:{port}" in second.stderr
    assert processes_of(checkout) == []
    logins = re.search(r"Sample people.*(?=Ctrl-C)", output.read_text(), re.DOTALL).group()
    keys = checkout / "var" / "encryption_keys"
    made, mode = keys.read_text(), keys.stat().st_mode & 0o777

    with running(checkout, port) as (process, output):
        assert logins in output.read_text()
        assert (keys.read_text(), mode) == (made, 0o600)
        process.send_signal(signal.SIGKILL)
        give_up_at = time.monotonic() + 30
        while processes_of(checkout) and time.monotonic() < give_up_at:
            time.sleep(0.1)

    assert processes_of(checkout) == []


def test_a_busy_port_is_named_before_anything_starts(checkout):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        done = subprocess.run(
            command("--port", port),
            cwd=checkout,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
        )

    assert done.returncode == 1
    assert f"Port {port} is in use" in done.stderr
    assert "make run PORT=" in done.stderr
    assert not (checkout / "var" / "postgres").exists()


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1"])
def test_a_port_that_is_none_is_refused_with_a_sentence(port):
    done = subprocess.run(
        command(f"--port={port}"), cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 2
    assert f"{port} is no port number (1 to 65535)" in done.stderr
