"""Run the whole portal in the foreground: what `make run` calls.

    python -m privacyportal.run [--port 8000] [--profile fpt_smart_cloud]
    python -m privacyportal.run --manage COMMAND ...

Servers that the environment or .env names are used; the others are started here, with their data
under var/. The portal runs as in production, without DEBUG, only without HTTPS. Everything stops
with this process, however it ends. A second start keeps the data and skips what is up to date.
"""

import argparse
import fcntl
import http.client
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TextIO

import environ

from privacyportal import embedded

ROOT = Path(__file__).resolve().parent.parent
VAR = ROOT / "var"
LOGS = VAR / "log"
ENVIRONMENT = VAR / "run.env"
SAMPLE_LOGINS = VAR / "sample_logins"
START_TIMEOUT = 60
STOP_TIMEOUT = 7


class RunError(Exception):
    """The portal cannot run, or runs no more; the text is for the person at the terminal."""


@dataclass(frozen=True)
class Child:
    name: str
    log: Path
    process: subprocess.Popen[bytes]


def main() -> int:
    options = _options()
    os.chdir(ROOT)
    os.umask(0o077)  # data, uploads, mails and logs are the owner's alone
    LOGS.mkdir(parents=True, exist_ok=True)
    try:
        environ.Env.read_env(ROOT / ".env")
        if options.manage:
            return manage(options.manage)
        run(options.port, options.profile)
    except (RunError, embedded.EmbeddedError) as error:
        _say(f"\n{error}", to=sys.stderr)
        return 1
    except KeyboardInterrupt:
        _say("Stopped. The data is kept under var/.")
    return 0


def run(port: int, profile: str) -> None:
    """Serve until somebody stops it (KeyboardInterrupt) or a part of it dies (RunError)."""
    _handle_signals()
    with ExitStack() as stack:
        stack.enter_context(_only_run(port))
        _check_port(port)
        _say("Starting: servers, database, translations, static files.")
        servers = stack.enter_context(_environment(port))
        logins = _prepared(profile, sample_people="postgres" in {each.name for each in servers})
        children = stack.enter_context(_children())
        children.append(_start("web", _web_command(port)))
        _wait_for_web(port, children)
        children += [_start(name, command) for name, command in _background_commands().items()]
        _say(_summary(logins))
        _watch([*servers, *children])


def manage(arguments: list[str]) -> int:
    """Run manage.py on the servers of a running `make run`, or on servers of its own meanwhile."""
    with ExitStack() as stack:
        try:
            stack.enter_context(_only_run(None))
        except RunError:
            environ.Env.read_env(ENVIRONMENT, overwrite=True)
        else:
            stack.enter_context(_environment(8000))
        return subprocess.run([sys.executable, "manage.py", *arguments], check=False).returncode


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m privacyportal.run")
    parser.add_argument("--port", type=_port, default=8000)
    parser.add_argument("--profile", default="fpt_smart_cloud")
    parser.add_argument("--manage", nargs=argparse.REMAINDER, metavar="COMMAND")
    return parser.parse_args()


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise argparse.ArgumentTypeError(f"{text} is no port number (1 to 65535)")
    return int(text)


def _say(text: str, *, to: TextIO = sys.stdout) -> None:
    print(text, file=to, flush=True)


# Before the start


def _handle_signals() -> None:
    """Let the first signal stop everything in order, and a second one by force."""
    stopping = False

    def on_signal(number: int, frame: FrameType | None) -> None:
        nonlocal stopping
        if not stopping:
            stopping = True
            _say("\nStopping. Once more to stop at once.")
            raise KeyboardInterrupt
        embedded.kill_all()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, on_signal)


@contextmanager
def _only_run(port: int | None) -> Iterator[None]:
    """Hold this checkout's lock, which the kernel frees however this process ends."""
    with (VAR / "run.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise RunError(
                f"This checkout is already running{lock.read()}. Stop that one first."
            ) from None
        lock.truncate(0)
        if port is not None:
            lock.write(f" at {_address(port)}")
            lock.flush()
        yield


def _check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError:
            raise RunError(f"Port {port} needs an administrator. Try: make run PORT=8001") from None
        except OSError:
            raise RunError(
                f"Port {port} is in use by another program. Try: make run PORT={port % 65535 + 1}"
            ) from None


@contextmanager
def _environment(port: int) -> Iterator[list[Child]]:
    """Complete the environment; yield the servers that had to be started for it.

    What the user has set stays. The result is also written down for `make manage`.
    """
    servers = []
    with ExitStack() as stack:
        if not os.environ.get("DATABASE_URL"):
            server = stack.enter_context(embedded.postgres(VAR / "postgres"))
            os.environ |= {"DATABASE_URL": server.runtime_url, "DATABASE_OWNER_URL": server.url}
            servers.append(Child("postgres", server.log, server.process))
        if not os.environ.get("REDIS_URL"):
            server = stack.enter_context(embedded.valkey(VAR / "valkey"))
            os.environ["REDIS_URL"] = server.url
            servers.append(Child("valkey", server.log, server.process))
        values = {name: os.environ.get(name) or value for name, value in _defaults(port).items()}
        os.environ |= values
        _write_private(ENVIRONMENT, _as_env_file(values))
        stack.callback(ENVIRONMENT.unlink, missing_ok=True)
        yield servers


def _defaults(port: int) -> dict[str, str]:
    """Return every value that settings.py asks for, as fits a developer's machine."""
    return {
        "DATABASE_URL": os.environ["DATABASE_URL"],
        "DATABASE_OWNER_URL": "",
        "REDIS_URL": os.environ["REDIS_URL"],
        "CELERY_BROKER_URL": embedded.celery_broker_url(os.environ["REDIS_URL"]),
        "SECRET_KEY": _secret("secret_key", lambda: secrets.token_urlsafe(64)),
        "ENCRYPTION_KEYS": _secret("encryption_keys", lambda: f"run1:{secrets.token_urlsafe(32)}"),
        "SIGNING_KEYS": _secret("signing_keys", lambda: f"run1:{secrets.token_urlsafe(32)}"),
        "SITE_ORIGIN": _address(port),
        "ALLOWED_HOSTS": "localhost,127.0.0.1",
        "EMAIL_URL": f"filemail:///{VAR / 'mail'}",
        "DEFAULT_FROM_EMAIL": "privacy@example.com",
        "SMS_URL": "console://",
        "MEDIA_ROOT": str(VAR / "media"),
        "LOG_FOLDERS": str(LOGS),
    }


def _as_env_file(values: Mapping[str, str]) -> str:
    return "".join(f"{name}={value}\n" for name, value in values.items())


def _secret(name: str, make: Callable[[], str]) -> str:
    """Return what the file of this name has kept since the first start, which made it."""
    path = VAR / name
    if not path.exists():
        _write_private(path, make())
    return path.read_text().strip()


def _write_private(path: Path, text: str) -> None:
    """Write a file whole or not at all, for the owner alone (see the umask above)."""
    unfinished = path.with_name(f"{path.name}.new")
    unfinished.write_text(text)
    unfinished.rename(path)


def _address(port: int) -> str:
    return f"http://localhost:{port}"


# The preparation


def _prepared(profile: str, *, sample_people: bool) -> str:
    """Prepare everything and return the sample people's logins.

    A database that the user named gets no people with known passwords.
    """
    command = [sys.executable, "-m", "privacyportal.prepare", profile]
    if sample_people:
        command.append("--sample-people")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    (LOGS / "prepare.log").write_text(done.stderr)
    if done.returncode:
        reason = done.stdout.strip() or done.stderr.strip().rpartition("\n")[2]
        raise RunError(f"{reason}\nThe preparation failed. More: var/log/prepare.log")
    for line in done.stderr.splitlines():
        if line.startswith("Warning: "):
            _say(line, to=sys.stderr)
    if not sample_people:
        return ""
    if done.stdout.strip():
        _write_private(SAMPLE_LOGINS, done.stdout)
    return SAMPLE_LOGINS.read_text() if SAMPLE_LOGINS.exists() else ""


# The children


@contextmanager
def _children() -> Iterator[list[Child]]:
    """Yield a list; what has been put into it is stopped at the end."""
    children: list[Child] = []
    try:
        yield children
    finally:
        _stop(children)


def _web_command(port: int) -> list[str]:
    return [
        *("gunicorn", "privacyportal.wsgi:application", "--bind", f"127.0.0.1:{port}"),
        *("--worker-class", "gthread", "--workers", "2", "--threads", "4", "--preload"),
        *("--graceful-timeout", "5", "--no-control-socket"),
    ]


def _background_commands() -> dict[str, list[str]]:
    celery = ["celery", "--app", "privacyportal"]
    return {
        "worker": [*celery, "worker", "--concurrency", "2", "--without-gossip", "--without-mingle"],
        "beat": [*celery, "beat", "--schedule", str(VAR / "beat"), "--pidfile", ""],
    }


def _start(name: str, command: list[str]) -> Child:
    log = LOGS / f"{name}.log"
    with log.open("wb") as output:
        process = embedded.spawn(
            [sys.executable, "-m", *command],
            output,
            env=os.environ,
            # However Celery's worker is asked to stop, it waits for a broker that is gone as well.
            # Its jobs can be repeated, and its pool dies with it.
            if_parent_dies=signal.SIGKILL if name == "worker" else signal.SIGTERM,
        )
    return Child(name, log, process)


def _stop(children: list[Child]) -> None:
    """Let all of them finish what they are doing, for a while."""
    for child in children:
        if child.process.poll() is None:
            child.process.terminate()
    give_up_at = time.monotonic() + STOP_TIMEOUT
    for child in children:
        with suppress(subprocess.TimeoutExpired):
            child.process.wait(max(0, give_up_at - time.monotonic()))
        embedded.kill_group(child.process)


def _wait_for_web(port: int, children: list[Child]) -> None:
    give_up_at = time.monotonic() + START_TIMEOUT
    while not _answers(port):
        _check_alive(children)
        if time.monotonic() > give_up_at:
            raise RunError("The web server does not answer. See var/log/web.log")
        time.sleep(0.2)


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/", headers={"Host": f"localhost:{port}"})
        connection.getresponse()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True


def _watch(children: list[Child]) -> None:
    while True:
        _check_alive(children)
        time.sleep(0.3)


def _check_alive(children: list[Child]) -> None:
    for child in children:
        if child.process.poll() is not None:
            log = child.log.relative_to(ROOT)
            raise RunError(f"{child.name} ended unexpectedly, so the rest stops. See {log}")


def _summary(logins: str) -> str:
    lines = [
        "",
        "The privacy portal is running.",
        "",
        f"  Site    {os.environ['SITE_ORIGIN']}/",
        f"  Admin   {os.environ['SITE_ORIGIN']}/admin/",
        "  Logs    var/log/",
    ]
    if os.environ["EMAIL_URL"].startswith("filemail:"):
        lines.append("  Mails   var/mail/, one file each; none leaves this machine")
    if logins:
        lines += ["", "Sample people, on this machine only:", "", logins.rstrip()]
    else:
        lines += ["", 'No sample people in your own database: make manage ARGS="sample_people"']
    return "\n".join([*lines, "", "Ctrl-C stops it."])


if __name__ == "__main__":
    sys.exit(main())
