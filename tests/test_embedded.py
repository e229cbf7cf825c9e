import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
import redis

from privacyportal import embedded

OWNER = """
import sys, time
from pathlib import Path
from privacyportal import embedded

with embedded.postgres(Path(sys.argv[1]), durable=False) as server:
    print(server.process.pid, flush=True)
    time.sleep(60)
"""


@contextmanager
def owner_process(directory):
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, directory], stdout=subprocess.PIPE, text=True
    ) as owner:
        try:
            yield owner, int(owner.stdout.readline())
        finally:
            owner.kill()


def is_running(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def wait_until_gone(pid):
    give_up_at = time.monotonic() + 10
    while is_running(pid):
        assert time.monotonic() < give_up_at, "the server outlived its owner"
        time.sleep(0.05)


def test_what_was_written_is_there_after_a_restart(tmp_path):
    with embedded.postgres(tmp_path) as server, psycopg.connect(server.url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 'Nguyễn' AS name")

    with embedded.postgres(tmp_path) as server, psycopg.connect(server.url) as connection:
        row = connection.execute(
            "SELECT name, current_user, rolsuper FROM kept, pg_roles WHERE rolname = current_user"
        ).fetchone()

    assert row == ("Nguyễn", "portal", False)


def test_a_durable_valkey_keeps_its_data(tmp_path):
    with embedded.valkey(tmp_path) as server, redis.Redis.from_url(server.url) as client:
        client.set("kept", "yes")

    with embedded.valkey(tmp_path) as server, redis.Redis.from_url(server.url) as client:
        assert client.get("kept") == b"yes"
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}


def test_a_long_path_gets_a_short_private_socket_directory(tmp_path):
    directory = tmp_path / ("long" * 25)

    with embedded.valkey(directory, durable=False) as server:
        socket = Path(server.url.removeprefix("unix://").partition("?")[0])
        mode = socket.parent.stat().st_mode & 0o777

    assert mode == 0o700
    assert not socket.parent.exists()


def test_a_second_owner_is_refused_with_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(embedded, "LOCK_TIMEOUT", 0)

    with (
        embedded.valkey(tmp_path, durable=False),
        pytest.raises(embedded.EmbeddedError, match="Another run still uses"),
        embedded.valkey(tmp_path, durable=False),
    ):
        pass


def test_what_a_stopped_server_left_behind_does_not_hinder_the_next(tmp_path):
    with embedded.postgres(tmp_path, durable=False) as server:
        server.process.kill()
        server.process.wait()
        pid_file = tmp_path / "18" / "postmaster.pid"
        lines = pid_file.read_text().splitlines()
    # The number now belongs to somebody else's living process.
    pid_file.write_text("\n".join([str(os.getppid()), *lines[1:]]))

    with (
        embedded.postgres(tmp_path, durable=False) as server,
        psycopg.connect(server.url) as connection,
    ):
        assert connection.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent died")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_the_server_ends_with_its_owner(tmp_path, how):
    with owner_process(tmp_path) as (owner, server_pid):
        assert is_running(server_pid)

        owner.send_signal(how)

        wait_until_gone(server_pid)


@pytest.mark.parametrize(
    ("redis_url", "broker_url"),
    [
        ("redis://:secret@localhost:6379/1", "redis://:secret@localhost:6379/1"),
        ("unix:///run/valkey.sock?db=2", "redis+socket:///run/valkey.sock?virtual_host=2"),
    ],
)
def test_celery_gets_the_address_in_its_own_form(redis_url, broker_url):
    assert embedded.celery_broker_url(redis_url) == broker_url
