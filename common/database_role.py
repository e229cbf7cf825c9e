"""What the database lets the portal do while it runs: work on rows, and nothing to the tables.

Tables belong to the role that migrates. Whoever takes over the running portal can neither
change nor delete what an append_only trigger guards, nor take that trigger away.
"""

from collections.abc import Iterator
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from common.errors import PortalError

READ_ONLY = ("django_migrations",)
NOTED_BY_TRIGGER = ("access_unsealedrecord",)  # with the rights of its owner

# What append_only('erasable') lets pass: an erasure, and whose a line is after a merge.
TABLES = """
    SELECT table_.relname, guard.tgnargs, EXISTS (
        SELECT FROM pg_attribute WHERE attrelid = table_.oid AND attname = 'customer_id'
    )
    FROM pg_class AS table_
    LEFT JOIN pg_trigger AS guard ON guard.tgrelid = table_.oid AND guard.tgname = 'append_only'
    WHERE table_.relnamespace = current_schema()::regnamespace AND table_.relkind IN ('r', 'p')
    ORDER BY table_.relname
"""
FUNCTIONS = """
    SELECT oid::regprocedure FROM pg_proc
    WHERE pronamespace = current_schema()::regnamespace AND prosecdef
"""


WITHOUT_GRANTS = """
    SELECT relname FROM pg_class
    WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')
        AND NOT has_table_privilege(oid, 'SELECT')
    ORDER BY relname
"""


class RoleRefused(PortalError):
    """A role that could do more than it is granted, or does not exist."""


@transaction.atomic
def grant_to(role: str) -> None:
    """Give the role what the running portal needs, and take all else. Safe to repeat.

    Call it as the owner of the tables, after each migration.

    Raises RoleRefused.
    """
    with connection.cursor() as cursor:
        _check(role, cursor)
        for statement in _statements(role, cursor):
            cursor.execute(statement)


def tables_without_grants() -> list[str]:
    """Return the tables that a migration made and grant_database_role has not seen yet.

    For whom it connects as: their owner has none.
    """
    with connection.cursor() as cursor:
        cursor.execute(WITHOUT_GRANTS)
        return [table for (table,) in cursor.fetchall()]


def _check(role: str, cursor: Any) -> None:
    cursor.execute(
        "SELECT rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls,"
        " pg_has_role(rolname, current_user, 'MEMBER'),"
        " EXISTS (SELECT FROM pg_auth_members WHERE member = pg_roles.oid)"
        " FROM pg_roles WHERE rolname = %s",
        [role],
    )
    found = cursor.fetchone()
    if found is None:
        raise RoleRefused(_("There is no role %(role)s.") % {"role": role})
    if any(found):
        raise RoleRefused(
            _(
                "The role %(role)s could do more than it is granted: it is a superuser, has an"
                " attribute such as CREATEROLE, or is a member of another role."
            )
            % {"role": role}
        )


def _statements(role: str, cursor: Any) -> Iterator[str]:
    quote = connection.ops.quote_name
    grantee, database = quote(role), quote(connection.settings_dict["NAME"])
    cursor.execute("SELECT quote_ident(current_schema())")
    schema = cursor.fetchone()[0]
    yield f"REVOKE ALL ON DATABASE {database} FROM {grantee}"
    yield f"REVOKE TEMPORARY ON DATABASE {database} FROM PUBLIC"
    yield f"GRANT CONNECT ON DATABASE {database} TO {grantee}"
    yield f"REVOKE CREATE ON SCHEMA {schema} FROM {grantee}, PUBLIC"
    yield f"GRANT USAGE ON SCHEMA {schema} TO {grantee}"
    for kind in ("TABLES", "SEQUENCES"):
        yield f"REVOKE ALL ON ALL {kind} IN SCHEMA {schema} FROM {grantee}"
    yield f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {grantee}"
    cursor.execute(TABLES)
    for table, *guard in cursor.fetchall():
        yield f"GRANT {_rights(table, *guard)} ON {quote(table)} TO {grantee}"
    cursor.execute(FUNCTIONS)
    for (function,) in cursor.fetchall():
        yield f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC"
        yield f"GRANT EXECUTE ON FUNCTION {function} TO {grantee}"


def _rights(table: str, guarded: int | None, is_of_customers: bool) -> str:
    if table in READ_ONLY:
        return "SELECT"
    if table in NOTED_BY_TRIGGER:
        return "SELECT, DELETE"
    if guarded is None:
        return "SELECT, INSERT, UPDATE, DELETE"
    erasable = ", DELETE" if guarded else ""
    movable = ", UPDATE (customer_id)" if guarded and is_of_customers else ""
    return f"SELECT, INSERT{erasable}{movable}"
