import zlib
from collections.abc import Generator, Iterable
from datetime import UTC, datetime
from typing import Any, TypeVar

import psycopg
from django.db import connection
from django.db.models import BooleanField, F, Func, Q, QuerySet, Value
from psycopg.pq import TransactionStatus

Result = TypeVar("Result")


class ImpatientConnection(psycopg.Connection[Any]):
    """A connection that is dropped when the server does not answer within ``patience`` seconds.

    A server that is frozen, or behind a network that swallows packets, keeps
    its own timeouts to itself; without this a request would wait for ever.
    """

    patience: float | None = None

    def wait(
        self,
        gen: Generator[Any, Any, Result],
        interval: float = 0.1,
        timeout: float | None = None,
    ) -> Result:
        try:
            return super().wait(gen, interval, timeout or self.patience)
        except psycopg.OperationalError:
            if self.pgconn.transaction_status == TransactionStatus.ACTIVE:
                self.pgconn.finish()  # nobody knows what the server still does
            raise


class _AnyOf(Func):
    template, arg_joiner = "%(expressions)s)", " = ANY("
    output_field = BooleanField()


def among(name: str, keys: Iterable[Any] | QuerySet[Any, Any]) -> Q:
    """Narrow a column to these keys, or to those of a query.

    Keys go to the database as one array; ``__in`` would write, prepare and parse each by itself,
    which takes longer than to find the rows.
    """
    if isinstance(keys, QuerySet) or not (known := list(keys)):
        return Q(**{f"{name}__in": keys})
    are_numbers = all(type(key) is int for key in known)  # then their text needs no quoting
    array = f"{{{','.join(map(str, known))}}}" if are_numbers else known
    return Q(_AnyOf(F(name), Value(array)))


def wait_for_others(name: str) -> None:
    """Hold the lock of this name until the transaction ends; wait while another one holds it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [zlib.crc32(name.encode())])


def drop_dead_connection() -> None:
    """Let the next query open a connection where this one was cut; a transaction dies with it."""
    if not connection.in_atomic_block and not connection.is_usable():
        connection.close()


def database_now() -> datetime:
    """Return the moment by the clock of the database, which stamps its rows, in UTC."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0].astimezone(UTC)  # type: ignore[no-any-return]
