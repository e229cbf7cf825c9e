"""Erasures survive a restored backup, and no page is served before."""

import json
from datetime import timedelta
from threading import Event

import psycopg
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from accounts.models import Customer
from common.models import JobStatus
from policies.retention import rule_after_closing
from privacyportal.roles import DPO
from retention import ledger
from retention.models import PurgeRun, Tombstone
from retention.portraits import Mark
from retention.purge import purge_closed_accounts
from retention.residue import Search
from retention.runs import doubt_about_restore
from retention.sweeps import sweep
from retention.tasks import ask_about_idle_data
from tests.factories import approve, make_complaint, make_customer, make_hold, make_staff
from tests.retention.kept_rows import ROWS
from tests.retention.postgres import address_of, dump, run
from tests.retention.test_purge import break_erasure_of
from tests.retention.test_sweeps import is_there, the_rule


def lines():
    return [json.loads(line) for line in settings.ERASURE_LEDGER.read_text().splitlines()]


class Backup:
    """A dump of the tests' database, which can be restored beside it and worked on instead."""

    def __init__(self, file):
        self.file, self.original = file, connection.settings_dict["NAME"]
        self.restored = f"{self.original}_restored"
        file.write_bytes(dump())

    def restore(self):
        self.administer(f"CREATE DATABASE {self.restored}")
        run("psql", "--quiet", f"--file={self.file}", address_of(self.restored))
        self.use(self.restored)

    def end(self):
        self.use(self.original)
        self.administer(f"DROP DATABASE IF EXISTS {self.restored}")

    def use(self, name):
        connection.close()
        connection.settings_dict["NAME"] = name

    def administer(self, statement):
        with psycopg.connect(address_of("postgres"), autocommit=True) as server:
            server.execute(statement)


@pytest.fixture
def backup(portal, tmp_path):
    made = []
    yield lambda: made.append(Backup(tmp_path / "dump")) or made[-1]
    for each in made:
        each.end()


def test_nobody_comes_back_with_a_backup(backup, client):
    approve(rule_after_closing(timezone.localdate()))
    erased, neighbour = make_customer(closed_days_ago=370), make_customer()
    case = make_complaint(customer=make_customer(closed_days_ago=370))
    hold = make_hold(case.customer, case=case.case_ptr)
    before = backup()
    # what happens until the disk breaks
    hold.released_by, hold.released_at = make_staff(DPO), timezone.now() - timedelta(days=1)
    hold.save()
    case.move_to("withdrawn")
    case.save()
    lost = make_customer(closed_days_ago=370)
    assert purge_closed_accounts()[0].erased == 3
    gone = {erased.public_id, case.customer.public_id, lost.public_id}
    assert {line["public_id"] for line in lines()} == gone

    before.restore()
    new = make_customer()
    assert (new.pk, Customer.objects.count()) == (lost.pk, 4)

    page = client.get("/")
    assert (page.status_code, client.get("/healthz").status_code) == (503, 503)
    assert "Out of service" in page.content.decode()
    with pytest.raises(CommandError, match="replay"):
        call_command("purge")
    ask_about_idle_data()
    assert not JobStatus.objects.filter(name="retention.ask_about_idle_data").exists()

    break_erasure_of(Customer.objects.get(public_id=erased.public_id))
    for _each in range(2):
        with pytest.raises(CommandError, match="1 could not be erased"):
            call_command("replay_erasures")
        assert (client.get("/").status_code, Tombstone.objects.count()) == (503, 2)
    assert list(PurgeRun.objects.values_list("erased", "failed")[:2]) == [(0, 1), (1, 1)]
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER data_exception ON accounts_customer")
    call_command("replay_erasures")

    assert set(Customer.objects.values_list("pk", flat=True)) == {neighbour.pk, new.pk}
    assert set(Tombstone.objects.values_list("public_id", flat=True)) == gone
    run = PurgeRun.objects.first()
    assert (run.rule, run.due, run.erased, run.residue) == (None, 1, 1, [])
    search = Search({erased.email: Mark(erased.email, True)}, is_thorough=True)
    search.run()
    assert not search.places
    assert (client.get("/").status_code, client.get("/healthz").status_code) == (200, 200)
    ask_about_idle_data()
    assert JobStatus.objects.filter(name="retention.ask_about_idle_data").exists()


def test_after_a_replay_a_run_waits_until_the_dpo_has_entered_again_what_is_lost(
    due, client, capsys
):
    client.force_login(make_staff(DPO))
    client.cookies["django_language"] = "en"
    purge_closed_accounts()
    call_command("replay_erasures")
    assert capsys.readouterr().out.endswith("say so with --restored.\n")
    assert doubt_about_restore() == {}
    call_command("replay_erasures", "--restored")
    assert capsys.readouterr().out.endswith("/admin/retention/purgerun/\n")
    other = the_rule("notices", 1)
    row = ROWS["notices"](make_customer(), timezone.now() - timedelta(days=400))
    customer = make_customer(closed_days_ago=370)

    (stopped,) = purge_closed_accounts()
    sweep()
    make_hold(customer)
    (held,) = purge_closed_accounts()

    assert (stopped.doubts, stopped.is_stopped, held.is_stopped) == ({"restored": 0}, True, False)
    waiting = PurgeRun.objects.get(rule=other)
    assert (waiting.doubts, is_there(row)) == ({"restored": 0}, True)
    step = f"/admin/retention/purgerun/{waiting.pk}/permit/"
    assert "enter again" in client.get(step).text
    client.post(step, {"up_to": "1"})
    sweep()
    (last,) = purge_closed_accounts()
    assert (last.doubts, last.held, is_there(row)) == ({}, 1, False)
    assert Customer.objects.filter(pk=customer.pk).exists()
    make_customer(closed_days_ago=370)
    call_command("replay_erasures", "--restored")
    with pytest.raises(CommandError, match=r"1\. Next: .* permit at .*/admin/retention/purgerun/$"):
        call_command("purge")


@pytest.fixture
def due(db):
    approve(rule_after_closing(timezone.localdate()))
    return [make_customer(closed_days_ago=370 + n) for n in range(2)]


def test_a_line_names_no_person_and_follows_the_one_before(due):
    purge_closed_accounts()

    first, second = lines()
    assert set(first) == {
        "number",
        "public_id",
        "opened_on",
        "closed_on",
        "retained_until",
        "erased_at",
        "run",
        "previous",
    }
    assert (first["number"], second["number"], ledger.first_break()) == (1, 2, None)
    file = settings.ERASURE_LEDGER
    file.write_text(file.read_text().replace(first["public_id"], "f" * 32))
    assert ledger.first_break() == 2


def test_a_run_that_was_killed_leaves_nothing_out_and_a_torn_line_means_nothing(due):
    purge_closed_accounts()
    file = settings.ERASURE_LEDGER
    whole = file.read_text()
    torn = whole[:-20]

    # killed before the line was whole: the tombstone does not know that it is written
    file.write_text(torn)
    Tombstone.objects.filter(line=2).update(line=None)
    assert ledger.record() == 1
    assert [entry.number for some in ledger.entries() for entry in some] == [1, 2]
    assert ledger.first_break() is None

    # killed behind the line: it is not written twice
    Tombstone.objects.filter(line=2).update(line=None)
    assert ledger.record() == 0
    assert Tombstone.objects.filter(line=2).exists()


def test_a_ledger_that_is_lost_stops_the_purge_until_it_is_written_anew(due, client):
    purge_closed_accounts()
    settings.ERASURE_LEDGER.unlink()

    with pytest.raises(CommandError, match="The ledger of erasures"):
        call_command("purge")
    assert client.get("/healthz").status_code == 503

    call_command("replay_erasures", "--new-ledger")

    assert len(lines()) == 2
    assert client.get("/healthz").status_code == 200


def start_anew(monkeypatch):
    """As in a process that has only begun."""
    monkeypatch.setattr(ledger, "_compared", Event())
    monkeypatch.setattr(ledger, "_believed", {})


def test_a_portal_that_starts_without_its_ledger_waits_for_it(due, client, monkeypatch):
    start_anew(monkeypatch)
    assert client.get("/").status_code == 200  # a new one has erased nobody yet
    purge_closed_accounts()
    file = settings.ERASURE_LEDGER
    away = file.rename(file.with_name("away"))
    assert client.get("/").status_code == 200

    start_anew(monkeypatch)
    assert client.get("/").status_code == 503
    ask_about_idle_data()
    assert not JobStatus.objects.exists()

    away.rename(file)
    assert client.get("/").status_code == 200
    file.rename(away)
    assert client.get("/").status_code == 200
