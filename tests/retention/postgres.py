"""PostgreSQL's own programs and faults, on the database of the tests."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from psycopg.conninfo import make_conninfo

from common.database import drop_dead_connection
from privacyportal import embedded


def address_of(database):
    known = connection.get_connection_params()
    kept = {name: known[name] for name in ("host", "port", "user", "password") if name in known}
    return make_conninfo(**kept, dbname=database)


def run(program, *arguments):
    """Run one of PostgreSQL's programs; return what it prints."""
    command = [embedded.postgres_binaries() / program, *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout


def dump():
    return run("pg_dump", "--no-owner", address_of(connection.settings_dict["NAME"]))


@contextmanager
def hanging_up(event: str, when: str = "true") -> Iterator[None]:
    """Let the server cut whoever does this to a row, such as "DELETE ON accounts_customer"."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION hang_up() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN OLD; END $$;"
            f"CREATE TRIGGER hang_up BEFORE {event} FOR EACH ROW WHEN ({when})"
            " EXECUTE FUNCTION hang_up()"
        )
    try:
        yield
    finally:
        drop_dead_connection()
        with connection.cursor() as cursor:
            cursor.execute("DROP FUNCTION hang_up CASCADE")
