"""Rehearsing a restore: a backup is restored beside the database, and the ledger replayed there.

All of that happens in a database of its own, and what works in it is a process of its own that
knows no other: it gets an empty folder for files and a broker in its memory, so that nothing there
reaches the portal's rows, files or jobs. The database is dropped at the end, also of a rehearsal
that is told to stop; one that a killed rehearsal left is dropped by the next. It bears a mark, and
no database without it is dropped.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

import psycopg
from django.conf import settings
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _
from psycopg import sql
from psycopg.conninfo import make_conninfo

from accounts.models import User
from privacyportal import embedded
from retention.exceptions import RehearsalRefused
from retention.models import RehearsalOutcome, RestoreRehearsal

BESIDE = "_rehearsal"  # how the names of such databases end
LONGEST_NAME = 63  # bytes that PostgreSQL keeps
LOCK = 7_273_112  # of who rehearses
MARK = "Made by the portal to rehearse a restore."
IS_MARKED = "SELECT shobj_description(oid, 'pg_database') = %s FROM pg_database WHERE datname = %s"
MAY_CREATE = "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"
TO_SERVER = ("host", "port", "user", "sslmode", "sslrootcert", "sslcert", "sslkey")
NO_OWNER = ("--no-owner", "--no-privileges")


def rehearse_restore(dump: Path | None, *, by: User) -> RestoreRehearsal:
    """Restore this dump, or one made now, replay the ledger there, and record what came out.

    Raises RehearsalRefused.
    """
    rehearsal = RestoreRehearsal(by=by, started_at=timezone.now(), is_given=dump is not None)
    programs = _programs()
    with _database_beside() as name:
        try:
            _restore(programs, dump, name)
            found = _replay(name)
        except subprocess.CalledProcessError:
            rehearsal.outcome = RehearsalOutcome.FAILED
        else:
            is_clean = not (found["left"] or found["residue"])
            rehearsal.outcome = RehearsalOutcome.PASSED if is_clean else RehearsalOutcome.LEFT
            for field, value in found.items():
                setattr(rehearsal, field, value)
    rehearsal.finished_at = timezone.now()
    rehearsal.save()
    rehearsal.refresh_from_db()
    return rehearsal


def name_beside() -> str:
    return f"{connection.settings_dict['NAME'][: LONGEST_NAME - len(BESIDE)]}{BESIDE}"


@contextmanager
def _database_beside() -> Iterator[str]:
    """Yield the name of an empty database, dropped at the end.

    Raises RehearsalRefused.
    """
    name = name_beside()
    password = connection.settings_dict["PASSWORD"] or None
    try:
        with (
            psycopg.connect(_address(_own_name()), password=password, autocommit=True) as server,
            _stopped_orderly(),
        ):
            _require_rights(server)
            _drop(server, name)
            _create(server, name)
            try:
                yield name
            finally:
                _drop(server, name)
    except psycopg.Error as error:
        why = error.diag.message_primary or _("no connection, or not with this name and password")
        raise RehearsalRefused(_("The database server says: %s.") % why) from error


@contextmanager
def _stopped_orderly() -> Iterator[None]:
    """Let what would end the process at once leave it as an error does; told again, go on."""

    def stop(number: int, _frame: object) -> NoReturn:
        for each in known:
            signal.signal(each, signal.SIG_IGN)
        sys.exit(128 + number)

    known = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGHUP)}
    for each, handler in known.items():
        if handler != signal.SIG_IGN:  # as nohup has it
            signal.signal(each, stop)
    try:
        yield
    finally:
        for each, handler in known.items():
            signal.signal(each, handler)


def _create(server: psycopg.Connection, name: str) -> None:
    named = sql.Identifier(name)
    server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(named))
    server.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(named, MARK))


def _drop(server: psycopg.Connection, name: str) -> None:
    """Drop a database that a rehearsal made.

    Raises RehearsalRefused for one that somebody else did.
    """
    found = server.execute(IS_MARKED, [MARK, name]).fetchone()
    if found is None:
        return
    if found != (True,):
        raise RehearsalRefused(
            _("There is a database %s that no rehearsal made. Look at it, and rename or drop it.")
            % name
        )
    server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _require_rights(server: psycopg.Connection) -> None:
    """Raises RehearsalRefused."""
    may_create, is_first = server.execute(
        f"SELECT ({MAY_CREATE}), pg_try_advisory_lock({LOCK})"
    ).fetchone() or (False, False)
    if not may_create:
        raise RehearsalRefused(
            _(
                "The role %(role)s may not create databases. Name the owner of the tables in"
                " DATABASE_OWNER_URL, and let it: ALTER ROLE … CREATEDB."
            )
            % {"role": server.info.user}
        )
    if not is_first:
        raise RehearsalRefused(_("A restore is being rehearsed already."))


def _restore(programs: Path, dump: Path | None, name: str) -> None:
    """Raises CalledProcessError, after PostgreSQL's program said why."""
    psql = [programs / "psql", "--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1"]
    if dump is None:  # from one program to the other, so that no copy lies anywhere
        command: list[str | Path] = [programs / "pg_dump", *NO_OWNER, _address(_own_name())]
        with subprocess.Popen(command, stdout=subprocess.PIPE, env=_environment()) as dumping:
            _run([*psql, _address(name)], stdin=dumping.stdout)
        if dumping.returncode:
            raise subprocess.CalledProcessError(dumping.returncode, "pg_dump")
    elif _is_plain(dump):
        _run([*psql, f"--file={dump}", _address(name)])
    else:
        target = f"--dbname={_address(name)}"
        _run([programs / "pg_restore", *NO_OWNER, "--exit-on-error", target, dump])


def _is_plain(dump: Path) -> bool:
    """Say whether a dump is a text; the other kinds are directories, or hold zeros."""
    if dump.is_dir():
        return False
    with dump.open("rb") as file:
        return b"\0" not in file.read(512)


def _replay(name: str) -> dict[str, Any]:
    """Bring the restored database up to date and replay the ledger there, in a process apart.

    Raises CalledProcessError, after that process said why.
    """
    url = urlsplit(os.environ.get("DATABASE_OWNER_URL") or os.environ["DATABASE_URL"])
    with tempfile.TemporaryDirectory(prefix="portal-rehearsal-") as empty:
        variables = {
            "DATABASE_URL": url._replace(path=f"/{name}").geturl(),
            "DATABASE_OWNER_URL": "",
            "DATABASE_STATEMENT_TIMEOUT_MS": "0",
            "ERASURE_LEDGER": str(settings.ERASURE_LEDGER),
            "ACCESS_SEALS_FILE": f"{empty}/access-seals",
            "MEDIA_ROOT": f"{empty}/media",
            "LOG_FOLDERS": "",
            "REDIS_URL": "memory://",  # the live one names people whom the backup has back
            "CELERY_BROKER_URL": "memory://",
            "EMAIL_URL": "dummymail://",
            "SMS_URL": "",
        }
        command = [sys.executable, "manage.py", "rehearse_restore", "--inside"]
        told = _run(command, env=os.environ | variables)
    found: dict[str, Any] = json.loads(told.stdout.splitlines()[-1])
    return found


def _run(command: list[Any], **options: Any) -> "subprocess.CompletedProcess[bytes]":
    """Keep to ourselves what a program says, unless it fails."""
    options = {"env": _environment(), **options}
    try:
        return subprocess.run(
            command, check=True, cwd=settings.BASE_DIR, capture_output=True, **options
        )
    except subprocess.CalledProcessError as error:
        sys.stderr.write(error.stderr.decode(errors="replace"))
        raise


def _programs() -> Path:
    """Return the folder of PostgreSQL's programs, of the server's own version.

    Raises RehearsalRefused.
    """
    connection.ensure_connection()
    version = str(connection.connection.info.server_version // 10_000)
    for folder in _folders():
        command: list[str | Path] = [folder / "pg_dump", "--version"]
        told = subprocess.run(command, capture_output=True, text=True, check=False).stdout
        if told.removeprefix("pg_dump (PostgreSQL) ").split(".")[0] == version:
            return folder
    raise RehearsalRefused(
        _("pg_dump, pg_restore and psql of version %(version)s are not on this machine.")
        % {"version": version}
    )


def _folders() -> Iterator[Path]:
    if found := shutil.which("pg_dump"):
        yield Path(found).parent
    yield from Path("/usr/lib/postgresql").glob("*/bin")  # where Debian keeps each version
    try:
        yield embedded.postgres_binaries()
    except embedded.EmbeddedError:
        return


def _own_name() -> str:
    return str(connection.settings_dict["NAME"])


def _address(database: str) -> str:
    """Write where a database is; the password goes another way, since commands are seen by all."""
    known = connection.get_connection_params()
    return make_conninfo(
        **{each: known[each] for each in TO_SERVER if each in known}, dbname=database
    )


def _environment() -> dict[str, str]:
    password = str(connection.settings_dict["PASSWORD"] or "")
    return os.environ | ({"PGPASSWORD": password} if password else {})
