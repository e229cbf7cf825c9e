"""Databases that a killed rehearsal of a restore left: people who were erased are in them."""

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from privacyportal.rehearsal import LOCK, name_beside
from retention.orphans import Found, finds_orphans

IS_THERE = "SELECT datname FROM pg_database WHERE datname = %s"


@finds_orphans(databases=_("databases that a rehearsal of a restore left behind"))
@transaction.atomic
def left_databases() -> dict[str, Found]:
    """Find none while a rehearsal is under way: it holds the lock."""
    found = Found()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        if cursor.fetchone() == (True,):
            cursor.execute(IS_THERE, [name_beside()])
            for (name,) in cursor.fetchall():
                found.add(name)
    return {"databases": found}
