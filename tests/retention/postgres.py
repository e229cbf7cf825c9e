"""PostgreSQL's own programs, on the database of the tests."""

import subprocess

from django.db import connection
from psycopg.conninfo import make_conninfo

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
