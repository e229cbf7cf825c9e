"""The rows of a configured portal, put back after each test that commits.

Django empties all tables then, and makes permissions and content types again; roles and the profile
would have to follow. To put back what the test has changed takes a tenth of the time.
"""

from django.core.management import call_command
from django.db import connection, transaction

KEPT = "django_migrations"  # by who empties, too
FEW = (
    500  # rows; more go faster by emptying all tables, since each that goes is looked for elsewhere
)


class Snapshot:
    """What the tables hold now."""

    def __init__(self) -> None:
        with connection.cursor() as cursor:
            names = {*connection.introspection.table_names(cursor)} - {KEPT}
            self._rows = {name: _copied(cursor, name) for name in sorted(names)}

    def put_back(self) -> None:
        """Let all tables hold it again, past the triggers that guard them."""
        with connection.cursor() as cursor:
            changed = self._touched(cursor) | self._filled(cursor, 0)
            has_many = bool(self._filled(cursor, FEW))
        if has_many:
            call_command(
                "flush",
                verbosity=0,
                interactive=False,
                reset_sequences=False,
                inhibit_post_migrate=True,
            )
            changed = {name for name, rows in self._rows.items() if rows}
        with transaction.atomic(), connection.cursor() as cursor:
            for name in changed:
                cursor.execute(f"ALTER TABLE {name} DISABLE TRIGGER USER")
                cursor.execute(f"DELETE FROM {name}")
            for name in changed:
                with cursor.copy(f"COPY {name} FROM STDIN") as copy:
                    copy.write(self._rows[name])
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # or no trigger comes back
            for name in changed:
                cursor.execute(f"ALTER TABLE {name} ENABLE TRIGGER USER")

    def _touched(self, cursor) -> set[str]:
        """Return the tables that had rows, and have others now."""
        return {name for name, rows in self._rows.items() if rows and _copied(cursor, name) != rows}

    def _filled(self, cursor, number: int) -> set[str]:
        """Return the tables that were empty, and have more than this number of rows now."""
        empty = [name for name, rows in self._rows.items() if not rows]
        asked = (
            f"SELECT '{name}' WHERE EXISTS (SELECT FROM {name} OFFSET {number})" for name in empty
        )
        cursor.execute(" UNION ALL ".join(asked))
        return {name for (name,) in cursor.fetchall()}


def _copied(cursor, name: str) -> bytes:
    with cursor.copy(f"COPY {name} TO STDOUT") as copy:
        return b"".join(map(bytes, copy))
