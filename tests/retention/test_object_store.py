"""The ledger and the copy of the seals in an S3-compatible store."""

import time
from itertools import count

import boto3
import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from moto.core import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends
from moto.server import ThreadedMotoServer

from access.exceptions import CopyShortened
from access.models import Fault
from access.outside_copy import copy_seals
from access.sealing import seal_records
from access.verification import note_verification
from accounts.models import Customer
from common import outside_objects
from common.models import JobStatus
from common.outside import LineTaken, StoreAway, log_at
from policies.retention import rule_after_closing
from retention import ledger
from retention.models import PurgeRun, Tombstone
from retention.purge import purge_closed_accounts
from retention.tasks import purge_closed_accounts as nightly
from tests.factories import approve, make_customer
from tests.retention.test_restore import start_anew

BUCKET = "outside"
numbers = count()


@pytest.fixture(scope="module")
def server():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()


@pytest.fixture
def place(server, monkeypatch, settings):
    """A place of its own in the store, which the settings name."""
    for name, value in {
        "AWS_ENDPOINT_URL_S3": server,
        "AWS_ACCESS_KEY_ID": "portal",
        "AWS_SECRET_ACCESS_KEY": "portal",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    bucket().create_bucket(Bucket=BUCKET)
    place = f"s3://{BUCKET}/{next(numbers)}"
    settings.ERASURE_LEDGER = f"{place}/erasures"
    settings.ACCESS_SEALS_FILE = f"{place}/access-seals"
    return place


def bucket():
    return boto3.client("s3")


def key_of(place, number):
    return {"Bucket": BUCKET, "Key": f"{place.removeprefix(f's3://{BUCKET}/')}/{number:016}"}


def append(place, *texts):
    with log_at(place).writing() as file:
        return file.append(f"{text}\n".encode() for text in texts)


def test_lines_are_found_again_from_any_one_on(place):
    log = log_at(place)
    assert (log.end(), list(log.lines())) == (("", b""), [])

    append(place, "a", "b")
    append(place, *(str(n) for n in range(1200)))  # more than an object takes
    append(place, "z")

    assert log.end() == ("z", b"")
    assert [*log.lines()] == ["a", "b", *(str(n) for n in range(1200)), "z"]
    assert [*log.lines(after=700)][:2] == ["698", "699"]
    assert [*log.lines(after=1202)] == ["z"]


def test_the_newest_of_thousands_is_found_with_few_listings(place, monkeypatch):
    store = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
    for number in range(1, 25_000, 10):
        key = key_of(place, number)["Key"]
        store.put_object(BUCKET, key, b"".join(b"%d\n" % (number + n) for n in range(10)))
    log = outside_objects.ObjectLog(BUCKET, place.removeprefix(f"s3://{BUCKET}/"))
    pages, page = [], log._page
    monkeypatch.setattr(log, "_page", lambda *args, **more: pages.append(1) or page(*args, **more))

    assert (log.end()[0], len(pages)) == ("25000", 11)
    assert (log.end()[0], len(pages)) == ("25000", 12)
    assert [*log.lines(after=24_000)] == [str(number) for number in range(24_001, 25_001)]


def test_of_two_writers_one_writes_a_line_and_nothing_is_written_over(place):
    with log_at(place).writing() as one, log_at(place).writing() as other:
        one.append([b"one\n"])
        with pytest.raises(LineTaken):
            other.append([b"other\n"])
    with log_at(place).writing() as slow:
        append(place, "faster")
        slow.append([b"faster\n"])  # as after an answer that was lost

    assert [*log_at(place).lines()] == ["one", "faster"]


def test_what_is_none_of_ours_and_a_store_without_conditions_are_refused(place, monkeypatch):
    bucket().put_object(**key_of(place, 1) | {"Key": f"{key_of(place, 1)['Key']}.bak"}, Body=b"x")
    with pytest.raises(StoreAway, match="none of ours"):
        append(place, "a")

    log = outside_objects.ObjectLog(BUCKET, "plain")
    log._client.meta.events.register("before-sign.s3.PutObject", _forget_condition)
    with pytest.raises(StoreAway, match="If-None-Match"), log.writing() as file:
        file.append([b"a\n"])


def _forget_condition(request, **kwargs):
    del request.headers["If-None-Match"]


@pytest.fixture
def due(place, db):
    approve(rule_after_closing(timezone.localdate()))
    return [make_customer(closed_days_ago=370 + n) for n in range(3)]


def entries():
    return [entry for some in ledger.entries() for entry in some]


def test_erasures_are_replayed_from_the_store_and_lost_objects_are_told(due, place, client, capsys):
    purge_closed_accounts()
    make_customer(closed_days_ago=370)
    purge_closed_accounts()
    assert [entry.number for entry in entries()] == [1, 2, 3, 4]
    assert (ledger.first_break(), client.get("/healthz").status_code) == (None, 200)

    # as a backup of yesterday has it
    Tombstone.objects.all().delete()
    back = make_customer()
    Customer.objects.filter(pk=back.pk).update(public_id=entries()[3].public_id)
    bucket().delete_object(**key_of(f"{place}/erasures", 1))
    ledger._believed.clear()
    assert (client.get("/").status_code, client.get("/healthz").status_code) == (503, 503)
    call_command("replay_erasures")

    assert capsys.readouterr().err == "Line 4 of the ledger does not follow the one before.\n"
    assert not Customer.objects.exists()
    assert client.get("/").status_code == 200
    bucket().delete_object(**key_of(f"{place}/erasures", 4))
    assert client.get("/healthz").content == b"ledger of erasures missing\n"


@pytest.mark.parametrize("others", [3, 1])
def test_what_another_machine_records_meanwhile_is_recorded_once(due, place, others):
    """It writes the same object, or a shorter one in its place."""
    purge_closed_accounts()
    bucket().delete_object(**key_of(f"{place}/erasures", 1))
    Tombstone.objects.update(line=None)
    others = iter([others])

    def be_faster(**kwargs):
        for most in others:
            with log_at(f"{place}/erasures").writing() as file:
                stones = Tombstone.objects.select_related("run").order_by("pk")[:most]
                ledger._append(file, [*stones], None)

    events = log_at(f"{place}/erasures")._client.meta.events
    events.register("before-call.s3.PutObject", be_faster)
    ledger.record()

    stones = Tombstone.objects.order_by("line").values_list("line", "public_id")
    assert [(entry.number, entry.public_id) for entry in entries()] == [*stones]
    assert (len(stones), ledger.first_break()) == (3, None)


def test_seals_are_copied_to_the_store_and_told_when_they_are_lost(place, db):
    seal_records()
    assert (copy_seals(), copy_seals()) == (1, 0)
    assert note_verification().fault == ""

    bucket().delete_object(**key_of(f"{place}/access-seals", 1))

    assert note_verification().fault == Fault.CUT
    with pytest.raises(CopyShortened):
        copy_seals()
    call_command("begin_access_seals")
    assert note_verification().fault == ""


def test_a_truncated_object_stops_the_purge(due, place):
    purge_closed_accounts()
    where = key_of(f"{place}/erasures", 1)
    whole = bucket().get_object(**where)["Body"].read()
    bucket().put_object(**where, Body=whole[:-30])
    make_customer(closed_days_ago=370)

    with pytest.raises(CommandError, match="ledger"):
        call_command("purge")

    assert Customer.objects.count() == 1


def test_without_the_store_nothing_is_erased_and_only_who_never_reached_it_waits(
    due, settings, monkeypatch, client
):
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    settings.ERASURE_LEDGER = "s3://away/erasures"
    begun = time.monotonic()

    with pytest.raises(StoreAway):
        nightly()
    with pytest.raises(CommandError, match="does not answer"):
        call_command("purge")
    health = client.get("/healthz")

    assert time.monotonic() - begun < 10
    assert (health.status_code, health.content) == (503, b"ledger of erasures out of reach\n")
    assert client.get("/").status_code == 200
    assert JobStatus.objects.get(name="retention.purge_closed_accounts").error == "StoreAway"
    assert (Customer.objects.count(), PurgeRun.objects.count()) == (3, 0)
    start_anew(monkeypatch)
    assert client.get("/").status_code == 503
