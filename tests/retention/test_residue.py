"""What was erased is gone, and whatever was left behind is found."""

import base64
import gzip
import hashlib
import json
import re
import zlib
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from accounts.models import AccuracyDeclaration, Customer
from accounts.session_store import SessionStore
from common.models import JobStatus
from complaints.models import Complaint
from complaints.services import withdraw_complaint
from notices.models import Notice
from policies.retention import rule_after_closing
from privacyportal.roles import DPO
from retention.models import PurgeRun, ResidueClearing
from retention.portraits import Mark, Portrait
from retention.purge import purge_closed_accounts
from retention.watch import Watch
from tests.answers import answer_of
from tests.factories import approve, make_complaint, make_customer, make_staff

pytestmark = pytest.mark.django_db

EMAIL = "canary.zqvkxwpf@example.com"
PHONE = "+84912345560"


@pytest.fixture
def approved():
    return approve(rule_after_closing(timezone.localdate()))


@pytest.fixture
def due(approved):
    return make_customer(email=EMAIL, phone=PHONE, closed_days_ago=370)


def forget(*values):
    """Make a table that no erasure knows of, with a column for each type and value."""
    with connection.cursor() as cursor:
        columns = ", ".join(f"c{n} {type_}" for n, (type_, _value) in enumerate(values))
        cursor.execute(f"CREATE TABLE forgotten ({columns})")
        places = ", ".join(["%s"] * len(values))
        cursor.execute(
            f"INSERT INTO forgotten VALUES ({places})", [value for _type, value in values]
        )


def test_a_table_that_nobody_erases_fails_the_run_however_it_writes(due):
    forget(
        ("text", f"từ {EMAIL.upper()} lúc 9 giờ"),
        ("varchar(60)[]", ["x", EMAIL]),
        ("jsonb", json.dumps({"to": [f"a\n{EMAIL}"]})),
        ("bytea", f"from {EMAIL}".encode()),
        ("text", f"/search?q={EMAIL.replace('@', '%40')}"),
        ("text", base64.urlsafe_b64encode(zlib.compress(f"x {EMAIL}".encode())).decode()),
        ("text", hashlib.sha256(EMAIL.encode()).hexdigest()),
        ("text", "gọi 0912345560"),
        ("text", "nothing of anybody"),
    )

    (run,) = purge_closed_accounts()

    tables = [place for place in run.residue if not place.startswith("pg_stats")]
    assert (run.erased, tables) == (1, [f"forgotten.c{n}" for n in range(8)])


def test_a_find_is_told_to_the_officers_and_on_the_board_without_what_was_found(due):
    officer = make_staff(DPO)
    forget(("text", EMAIL))

    with pytest.raises(CommandError, match="Something is left"):
        call_command("purge")

    notice = Notice.objects.get(template="residue_found")
    assert (notice.recipient, answer_of("FPT-8")) == (officer.public_id, ("broken", 1, "deletions"))
    assert EMAIL not in str(PurgeRun.objects.values().get(searches=True)) + str(notice.context)


def test_what_was_left_breaks_the_promise_until_the_dpo_says_why_it_is_cleaned(due, client):
    client.force_login(make_staff(DPO))
    forget(("text", EMAIL))
    (run,) = purge_closed_accounts()
    step = f"/admin/retention/purgerun/{run.pk}/clear/"
    PurgeRun.objects.update(started_at=timezone.now() - timedelta(days=80))
    assert answer_of("FPT-8") == ("broken", 1, "deletions")
    assert client.post(step, {"reason": ""}).status_code == 200
    assert answer_of("FPT-8") == ("broken", 1, "deletions")

    client.post(step, {"reason": "A table of an old import: dropped."})

    assert answer_of("FPT-8") == ("at_risk", 0, "customers")  # no job has run here
    clearing = ResidueClearing.objects.get()
    assert (clearing.residue, clearing.history.count()) == (run.residue, 1)
    assert "dropped. (" in client.get(f"/admin/retention/purgerun/{run.pk}/change/").text
    client.post(step, {"reason": "Again."})
    assert ResidueClearing.objects.get() == clearing
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        ResidueClearing.objects.update(reason="Nothing.")
    PurgeRun.objects.update(residue=[*run.residue, "redis"])
    assert answer_of("FPT-8") == ("broken", 1, "deletions")


def test_queues_files_and_logs_are_searched_as_well(due, settings, tmp_path):
    settings.LOG_FOLDERS = [str(tmp_path)]
    settings.MEDIA_ROOT.mkdir(parents=True, exist_ok=True)
    (tmp_path / "web.log.gz").write_bytes(gzip.compress(f"GET {EMAIL}".encode()))
    (settings.MEDIA_ROOT / f"{EMAIL}.csv").write_text("name")
    (settings.MEDIA_ROOT / "all.csv").write_text("x" * 2_000_000 + f" {EMAIL}")
    cache.set("last", {"who": EMAIL})
    cache.redis.rpush("queue", json.dumps({"body": base64.b64encode(EMAIL.encode()).decode()}))

    (run,) = purge_closed_accounts()

    assert run.residue == ["logs: content", "media: content", "media: name", "redis"]
    cache.redis.delete("queue")


def test_a_sealed_session_is_opened_to_look_into_it(due):
    store = SessionStore()
    store["form"] = {"email": EMAIL, "text": "x" * 500}
    store.save()

    assert purge_closed_accounts()[0].residue == ["django_session.session_data"]


def test_a_history_that_outlives_its_rows_is_found_by_its_words(due):
    words = "Tôi đã gọi ba lần mà không ai trả lời."
    withdraw_complaint(make_complaint(customer=due, text=words), by=due.user)
    Complaint.history.update(case_ptr_id=999_999, customer_id=999_999)

    assert purge_closed_accounts()[0].residue == ["complaints_historicalcomplaint.text"]


def test_what_a_neighbour_has_too_is_no_residue(due):
    words = "Tôi đã gọi ba lần mà không ai trả lời."
    neighbour = make_customer(email=EMAIL.replace("canary", "other"), phone=PHONE)
    Customer.objects.filter(pk=neighbour.pk).update(email=EMAIL)
    for customer in (due, neighbour):
        withdraw_complaint(make_complaint(customer=customer, text=words), by=customer.user)
        AccuracyDeclaration.objects.create(customer=customer, occasion="x", wording=words)

    (run,) = purge_closed_accounts()

    assert (run.erased, run.residue) == (1, [])
    assert run.searched["strings"] > 3


def test_who_has_a_longer_address_is_not_taken_for_the_erased(approved):
    make_customer(email="ly@example.com", closed_days_ago=370)
    make_customer(email="thuly@example.com")

    assert purge_closed_accounts()[0].residue == []


def test_a_run_that_could_not_look_is_in_doubt(due, settings, tmp_path):
    there, settings.REDIS_URL = settings.REDIS_URL, "unix:///nowhere/redis.sock"

    with pytest.raises(CommandError, match="nobody could search"):
        call_command("purge", "--language", "en")

    run = PurgeRun.objects.get(erased=1)
    assert run.searched_at is None
    assert answer_of("FPT-8") == ("at_risk", 1, "deletions")

    settings.REDIS_URL = there
    assert of_a_pass(Watch(), run, number=0).searched_at is None  # it knew nothing of the first
    settings.LOG_FOLDERS = ["/nowhere"]
    assert of_a_pass(watch := Watch(), run, number=1).searched_at is None
    (tmp_path / "web.log.gz").write_bytes(gzip.compress(b"GET /")[:-9])  # being packed just now
    settings.LOG_FOLDERS = [str(tmp_path)]
    assert of_a_pass(watch, run, number=0).searched_at is None
    settings.LOG_FOLDERS = []
    assert of_a_pass(watch, run, number=0).searched_at is None
    assert of_a_pass(Watch(), run, number=1).searched_at is not None


def of_a_pass(watch, run, *, number):
    watch.add(run, Portrait({EMAIL: Mark(EMAIL, True)}), number=number)
    watch.search()
    return PurgeRun.objects.get(pk=run.pk)


class TestCommand:
    def test_finds_all_of_a_customer_who_is_there(self, capsys):
        customer = make_customer(email=EMAIL)

        with pytest.raises(CommandError, match="Found"):
            call_command("residue", customer.public_id)

        told = capsys.readouterr().out
        assert told.startswith(f"{customer.public_id}: found\n  This customer is not erased")
        assert "accounts_customer.email\n" in told
        assert "accounts_user.email\n" in told
        assert EMAIL not in told

    def test_finds_nothing_of_one_who_was_erased_and_says_what_may_stay(self, due, capsys):
        purge_closed_accounts()

        call_command("residue", due.public_id)

        told = capsys.readouterr().out
        assert told.startswith(f"{due.public_id}: nothing found\nsearched: ")
        assert re.search(
            r"Nothing was found in [1-9]\d+ rows of [1-9]\d+ tables, .* files.\n$", told
        )
        assert "and no more: retention_tombstone.public_id\n" in told
        assert "takes no plain text: accounts_customer.phone, " in told
        assert "left out, there is no such folder: media\n" in told

    def test_looks_for_any_string_inside_of_words(self, capsys):
        JobStatus.objects.create(name="azqcanaryz")

        with pytest.raises(CommandError, match="Found in 1 places"):
            call_command("residue", "--text", "qcanary", "nowhere")

        told = capsys.readouterr().out
        assert "text 1: found\n  common_jobstatus.name\n" in told
        assert "text 2: nothing found\n" in told
        with pytest.raises(CommandError, match="cannot be searched for"):
            call_command("residue", "--text", "qcanary", "***")
