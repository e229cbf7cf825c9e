import time

import psycopg
import pytest
from django.db import connection

from common.database import ImpatientConnection


@pytest.fixture
def impatient(db, monkeypatch):
    monkeypatch.setattr(ImpatientConnection, "patience", 0.5)
    known = connection.get_connection_params()
    wanted = ("host", "port", "user", "password", "dbname")
    given = {name: known[name] for name in wanted if known.get(name)}
    with ImpatientConnection.connect(**given, autocommit=True) as opened:
        server_process = opened.info.backend_pid
        yield opened
    with connection.cursor() as cursor:  # what it was asked last goes on without it
        cursor.execute("SELECT pg_terminate_backend(%s)", [server_process])


def test_a_server_that_does_not_answer_costs_the_connection_and_no_more(impatient):
    started = time.monotonic()

    with pytest.raises(psycopg.OperationalError):
        impatient.execute("SELECT pg_sleep(60)")

    assert impatient.closed
    assert time.monotonic() - started < 30  # not the minute that was asked for


def test_a_fault_of_the_statement_leaves_the_connection_alone(impatient):
    with pytest.raises(psycopg.OperationalError):
        impatient.execute("SET statement_timeout = 50; SELECT pg_sleep(1)")

    assert not impatient.closed
