"""The rows of a configured portal, put back after each test that commits.

Django empties all tables then, and makes permissions and content types again; roles and the profile
would have to follow. To copy the rows takes a tenth of the time.
"""

from django.core.management import call_command
from django.db import connection, transaction

KEPT = "django_migrations"  # by who empties, too


class Snapshot:
    """What the tables hold now."""

    def __init__(self) -> None:
        names = set(connection.introspection.table_names()) - {KEPT}
        with connection.cursor() as cursor:
            copies = {name: _copied(cursor, name) for name in names}
        self._rows = {name: rows for name, rows in copies.items() if rows}

    def put_back(self) -> None:
        """Empty all tables and write the rows again, past the triggers that guard them."""
        call_command(
            "flush",
            verbosity=0,
            interactive=False,
            reset_sequences=False,
            inhibit_post_migrate=True,
        )
        with transaction.atomic(), connection.cursor() as cursor:
            for name in self._rows:
                cursor.execute(f"ALTER TABLE {name} DISABLE TRIGGER USER")
            for name, rows in self._rows.items():
                with cursor.copy(f"COPY {name} FROM STDIN") as copy:
                    copy.write(rows)
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # or no trigger comes back
            for name in self._rows:
                cursor.execute(f"ALTER TABLE {name} ENABLE TRIGGER USER")


def _copied(cursor, name: str) -> bytes:
    with cursor.copy(f"COPY {name} TO STDOUT") as copy:
        return b"".join(map(bytes, copy))
