"""Asking the controls, as the board does."""

from django.db import connection

from policies.models import Promise
from policies.promises import control_named


def answer_of(code: str) -> tuple[str, int | None, str]:
    """Return status, figure and unit of what the control of a promise says now."""
    promise = Promise.objects.active().get(code=code)
    measure = control_named(promise.control).measure(promise)
    return measure.status.value, measure.figure, str(measure.unit)


def without_guards(*tables: str) -> None:
    """Take the triggers of these tables away until the test ends.

    What they forbid must be told by a control if they ever failed.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
