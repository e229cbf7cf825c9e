"""A restore is rehearsed beside the database, and touches nothing of it."""

import os
import signal
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from django.conf import settings
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from psycopg.conninfo import make_conninfo

from accounts.models import Customer
from common.models import DoomedFile, JobStatus
from policies.retention import rule_after_closing
from privacyportal import rehearsal
from privacyportal.embedded import RUNTIME_ROLE
from privacyportal.orphans import left_databases
from privacyportal.rehearsal import name_beside
from privacyportal.roles import ADMINISTRATOR
from retention.models import RestoreRehearsal, Tombstone
from retention.purge import purge_closed_accounts
from tests.factories import approve, make_customer, make_staff
from tests.retention.postgres import address_of, dump, run


def everything():
    """All rows of the database but those of rehearsals, and the files."""
    tables = [f"--exclude-table-data=retention_restorerehearsal{end}" for end in ("", "_id_seq")]
    database = run("pg_dump", "--data-only", *tables, address_of(connection.settings_dict["NAME"]))
    rows = [line for line in database.splitlines() if not line.startswith(b"\\")]  # a random key
    media = Path(settings.MEDIA_ROOT)
    return rows, sorted(media.rglob("*")), Path(settings.ERASURE_LEDGER).read_bytes()


def databases():
    with connection.cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database")
        return {name for (name,) in cursor.fetchall()}


def rehearse(**options):
    with suppress(CommandError):
        call_command("rehearse_restore", by="ops@example.com", **options)
    return RestoreRehearsal.objects.order_by("pk").last()


def test_a_rehearsal_finds_who_comes_back_and_touches_nothing(portal, tmp_path, capfd):
    approve(rule_after_closing(timezone.localdate()))
    operator = make_staff(ADMINISTRATOR, email="ops@example.com")
    gone = [make_customer(closed_days_ago=370) for _n in range(2)]
    kept = make_customer()
    yesterday = timezone.now() - timedelta(days=1)
    JobStatus.objects.create(name="x", started_at=yesterday)
    # a file that was being stored when the backup was made, and is somebody's by now
    default_storage.save("evidence/kept", ContentFile(b"x"))
    DoomedFile.objects.create(path="evidence/kept", removable_at=yesterday)
    backup = tmp_path / "backup"
    backup.write_bytes(dump())
    DoomedFile.objects.all().delete()
    purge_closed_accounts()
    cache.set("signed-in", [each.email for each in gone])  # what lives now is no residue there
    before = everything()

    with psycopg.connect(address_of("postgres"), autocommit=True) as server:
        rehearsal._create(server, name_beside())  # and was killed
    assert left_databases()["databases"].ids == [name_beside()]
    capfd.readouterr()
    given = rehearse(dump=backup)
    told = capfd.readouterr()
    assert (told.out[:10], told.out.count("\n"), told.err) == ("PASSED in ", 1, "")
    assert (given.outcome, given.by, given.is_given, given.as_of) == (
        "passed",
        operator,
        True,
        yesterday,
    )
    assert (given.named, given.brought_back, given.left, given.residue) == (2, 2, 0, [])

    with rehearsal._database_beside() as name:  # as where no backup is given
        assert left_databases()["databases"].number == 0
        rehearsal._restore(rehearsal._programs(), None, name)
        with psycopg.connect(address_of(name)) as restored:
            assert restored.execute("SELECT email FROM accounts_customer").fetchall() == [
                (kept.email,)
            ]
    assert everything() == before
    assert name_beside() not in databases()
    assert default_storage.exists("evidence/kept")

    broken = tmp_path / "broken"
    broken.write_bytes(backup.read_bytes()[:3000] + b"\nnonsense;\n")
    assert (rehearse(dump=broken).outcome, name_beside() in databases()) == ("failed", False)
    assert "nonsense" in capfd.readouterr().err
    assert (Customer.objects.get(), Tombstone.objects.count()) == (kept, len(gone))


def test_a_rehearsal_takes_a_role_that_may_create_databases_and_somebody_to_answer(db, monkeypatch):
    make_staff(ADMINISTRATOR, email="ops@example.com")
    make_customer(email="customer@example.com")
    with pytest.raises(CommandError, match="member of staff"):
        call_command("rehearse_restore", by="customer@example.com")
    with pytest.raises(CommandError, match="no database of a rehearsal"):
        call_command("rehearse_restore", inside=True)

    monkeypatch.setitem(connection.settings_dict, "USER", RUNTIME_ROLE)
    with pytest.raises(CommandError, match="CREATEDB"):
        call_command("rehearse_restore", by="ops@example.com")
    assert not RestoreRehearsal.objects.exists()


def test_a_rehearsal_that_is_told_to_stop_drops_its_database_and_never_another(db):
    known = signal.getsignal(signal.SIGTERM)
    beside = rehearsal._database_beside()
    name = beside.__enter__()
    assert name in databases()
    with pytest.raises(SystemExit) as ended:
        os.kill(os.getpid(), signal.SIGTERM)
    beside.__exit__(SystemExit, ended.value, None)
    assert (ended.value.code, name in databases()) == (143, False)
    assert signal.getsignal(signal.SIGTERM) == known

    make_staff(ADMINISTRATOR, email="ops@example.com")
    with psycopg.connect(address_of("postgres"), autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")  # somebody did
        try:
            with pytest.raises(CommandError, match=name):
                call_command("rehearse_restore", by="ops@example.com")
            assert name in databases()
        finally:
            server.execute(f"DROP DATABASE {name}")


@contextmanager
def role_with_password(name, password):
    """Let the server ask this role for its password, and no other."""
    superuser = make_conninfo(address_of("postgres"), user="postgres")
    with psycopg.connect(superuser, autocommit=True) as server:
        rules = Path(server.execute("SHOW hba_file").fetchone()[0])
        known = rules.read_text()
        server.execute(f"CREATE ROLE {name} LOGIN CREATEDB PASSWORD '{password}'")
        try:
            rules.write_text(f"local all {name} scram-sha-256\n{known}")
            server.execute("SELECT pg_reload_conf()")
            yield
        finally:
            rules.write_text(known)
            server.execute("SELECT pg_reload_conf()")
            server.execute(f"DROP ROLE {name}")


def test_a_rehearsal_gives_its_password_and_keeps_it_to_itself(db, monkeypatch):
    make_staff(ADMINISTRATOR, email="ops@example.com")
    with role_with_password("asked_for_a_password", "geheim"):
        monkeypatch.setitem(connection.settings_dict, "USER", "asked_for_a_password")
        monkeypatch.setitem(connection.settings_dict, "PASSWORD", "geheim")
        with rehearsal._database_beside() as name:
            assert name in databases()
        for wrong in ("", "geheimer"):
            monkeypatch.setitem(connection.settings_dict, "PASSWORD", wrong)
            with pytest.raises(CommandError) as refused:
                call_command("rehearse_restore", by="ops@example.com")
            assert "geheim" not in str(refused.value)
    assert name not in databases()
