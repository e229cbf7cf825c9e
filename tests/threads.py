"""Doing things at the same instant, each thread with a connection of its own."""

from collections.abc import Callable
from threading import Barrier, Thread
from time import monotonic, sleep
from typing import Any

from django.db import connection, connections, transaction

LONGEST_WAIT = 60  # seconds, for what takes a fraction of one, or a process to start


def at_once(*actions: Callable[[], Any]) -> list[Any]:
    """Run the actions together; return what each returned, or the exception that it raised."""
    barrier = Barrier(len(actions))
    outcomes: list[Any] = [None] * len(actions)

    def run(index: int, action: Callable[[], Any]) -> None:
        barrier.wait()
        try:
            outcomes[index] = action()
        except Exception as error:  # noqa: BLE001 -- the test looks at it
            outcomes[index] = error
        finally:
            connections.close_all()

    threads = [Thread(target=run, args=pair) for pair in enumerate(actions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def one_behind_the_other(first: Callable[[], Any], second: Callable[[], Any]) -> Any:
    """Begin ``second`` before ``first`` has committed; return what it returned, or its exception.

    It has to wait for ``first``, or the test fails.
    """
    outcomes: list[Any] = []
    waiting = Thread(target=lambda: outcomes.extend(at_once(second)))
    with transaction.atomic():
        first()
        waiting.start()
        until_somebody_waits()
    waiting.join()
    return outcomes[0]


def until_somebody_waits() -> None:
    """Return once another connection waits for a lock that this one's transaction holds."""
    until = monotonic() + LONGEST_WAIT
    with connection.cursor() as cursor:
        while monotonic() < until:
            cursor.execute(
                "SELECT FROM pg_locks"
                " WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))"
            )
            if cursor.fetchone() is not None:
                return
            sleep(0.01)
    raise AssertionError("nobody came to wait")
