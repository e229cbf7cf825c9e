"""Changing the keys: everything is sealed anew, nobody notices, and a kill costs nothing."""

import os
import signal
import subprocess
import sys
import time
from base64 import urlsafe_b64encode
from pathlib import Path
from threading import Event
from urllib.parse import urlsplit

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from simple_history.utils import bulk_create_with_history

from accounts.details import correct_details
from accounts.models import Customer, User
from common.encryption import open_text, rotation, seal_text
from common.encryption.keyring import KeyRing
from common.encryption.rotation import Rotation, rotates_keys, rotations
from common.encryption.sealing import DecryptionError
from common.files import key_for, open_stored, store_sealed
from tests.factories import make_customer
from tests.threads import at_once

ROOT = Path(__file__).resolve().parents[2]
NEW = bytes(range(32))
PHONE, ADDRESS = "+84912345678", "1 Lê Lợi, Huế"
SEALED = {
    "accounts_customer": ("phone", "address", "phone_hash"),
    "accounts_historicalcustomer": ("phone", "address"),
    "common_filekey": ("key",),
}


@pytest.fixture
def old(settings):
    """The keys of before."""
    return dict(settings.ENCRYPTION_KEYS.keys)


@pytest.fixture
def add_key(settings, old):
    def add():
        settings.ENCRYPTION_KEYS = KeyRing({"new": NEW, **old})

    return add


@pytest.fixture
def take_old_key_away(settings):
    def take_away():
        settings.ENCRYPTION_KEYS = KeyRing({"new": NEW})

    return take_away


def keys_in_use():
    """The ids of the keys with which anything in the tables was made."""
    with connection.cursor() as cursor:
        for table, columns in SEALED.items():
            for column in columns:
                cursor.execute(f"SELECT DISTINCT split_part({column}, '.', 2) FROM {table}")
                yield from (row[0] for row in cursor.fetchall() if row[0])


def rotate(capsys):
    call_command("rotate_keys")
    return capsys.readouterr().out


@pytest.mark.django_db
def test_everything_is_under_the_new_key_and_reads_as_before(
    add_key, take_old_key_away, capsys, settings
):
    customer = make_customer(phone=PHONE, address=ADDRESS)
    make_customer(phone="", address="")
    store_sealed("evidence/a", b"content", key=key_for(customer.public_id))
    add_key()

    out = rotate(capsys)

    assert set(keys_in_use()) == {"new"}
    assert "accounts.Customer: 1 rows sealed anew, 0 unreadable" in out
    assert "accounts.HistoricalCustomer: 1 rows sealed anew" in out
    assert "common.FileKey: 1 rows sealed anew" in out
    take_old_key_away()
    fresh = Customer.objects.get(Customer.found_by("phone", PHONE))
    assert (fresh.phone, fresh.address, fresh) == (PHONE, ADDRESS, customer)
    assert (fresh.history.get().phone, fresh.history.count()) == (PHONE, 1)
    with open_stored("evidence/a", owner=customer.public_id) as file:
        assert file.read() == b"content"


@pytest.mark.django_db
def test_a_second_run_finds_nothing_to_do(add_key, capsys):
    make_customer()
    add_key()
    rotate(capsys)

    assert "accounts.Customer: 0 rows sealed anew" in rotate(capsys)


@pytest.mark.django_db
def test_the_check_fails_while_something_is_under_an_old_key_and_changes_nothing(add_key, capsys):
    make_customer()
    call_command("rotate_keys", "--check")
    add_key()
    before = set(keys_in_use())

    with pytest.raises(CommandError, match="2 rows are not under the first key") as refusal:
        call_command("rotate_keys", "--check")
    assert (refusal.value.returncode, set(keys_in_use())) == (1, before)

    call_command("rotate_keys")
    call_command("rotate_keys", "--check")
    assert "accounts.Customer: 0 rows under another key" in capsys.readouterr().out


@pytest.mark.django_db
def test_what_cannot_be_read_is_counted_and_keeps_nothing_else(add_key, capsys):
    broken, sound = make_customer(), make_customer(phone=PHONE)
    Customer.objects.filter(pk=broken.pk).update(
        phone=Customer.objects.values_list("phone", flat=True).get(pk=sound.pk)
    )
    add_key()

    with pytest.raises(CommandError, match="1 rows are not under"):
        call_command("rotate_keys")

    assert "accounts.Customer: 1 rows sealed anew, 1 unreadable" in capsys.readouterr().out
    assert Customer.objects.get(pk=sound.pk).phone == PHONE
    with pytest.raises(DecryptionError):
        _ = Customer.objects.get(pk=broken.pk).phone


@pytest.mark.django_db
@pytest.mark.parametrize("rows", [1, 3])
def test_more_rows_than_a_batch_are_done(rows, add_key, monkeypatch, capsys):
    monkeypatch.setattr(rotation, "BATCH", 2)
    for _row in range(rows):
        make_customer()
    add_key()

    assert f"accounts.Customer: {rows} rows sealed anew" in rotate(capsys)
    assert set(keys_in_use()) == {"new"}


@pytest.mark.django_db
def test_what_a_library_stores_is_rotated_through_the_registry(add_key, monkeypatch, capsys):
    monkeypatch.setattr(rotation, "_elsewhere", {})
    user = make_customer().user
    User.objects.filter(pk=user.pk).update(staff_name=seal_text("secret", "tests.note"))

    def outside(keys):
        rows = User.objects.exclude(staff_name="")
        for key in keys:
            rows = rows.exclude(staff_name__startswith=f"v1.{key}.")
        return rows

    def renew(row):
        row.staff_name = seal_text(open_text(row.staff_name, "tests.note"), "tests.note")
        row.save(update_fields=["staff_name"])

    rotates_keys("tests.note", outside=outside, renew=renew)
    add_key()

    assert "tests.note: 1 rows sealed anew, 0 unreadable" in rotate(capsys)
    user.refresh_from_db()
    assert user.staff_name.startswith("v1.new.")
    assert open_text(user.staff_name, "tests.note") == "secret"


def test_every_table_with_sealed_columns_is_known():
    assert {"accounts.Customer", "accounts.HistoricalCustomer", "common.FileKey"} <= {
        each.name for each in rotations()
    }


def customers():
    (found,) = [each for each in rotations() if each.name == "accounts.Customer"]
    return found


@pytest.mark.usefixtures("portal")
def test_a_change_that_is_being_saved_is_waited_for_and_kept(add_key):
    customer = make_customer(phone=PHONE)
    changed, asked = Event(), Event()
    add_key()

    def correct():
        details = {"full_name": "A", "phone": "+84900000000", "address": ADDRESS}
        with transaction.atomic():
            correct_details(Customer.objects.get(), details=details, by=customer.user)
            changed.set()
            asked.wait(1)

    def seal_anew():
        assert changed.wait(10)
        try:
            return rotation.rotate(customers())
        finally:
            asked.set()

    _corrected, done = at_once(correct, seal_anew)

    assert done.total() == 0  # the change itself was sealed under the new key
    assert Customer.objects.get().phone == "+84900000000"
    assert Customer.objects.filter(Customer.found_by("phone", "+84900000000")).exists()


@pytest.mark.usefixtures("portal")
def test_a_row_that_is_being_sealed_anew_is_waited_for(add_key):
    customer = make_customer(phone=PHONE)
    locked, asked = Event(), Event()
    add_key()
    plain = customers()

    def pausing(row):
        locked.set()
        asked.wait(1)
        plain.renew(row)

    def correct():
        assert locked.wait(10)
        try:
            details = {"full_name": "A", "phone": "+84900000000", "address": ADDRESS}
            return correct_details(Customer.objects.get(), details=details, by=customer.user)
        finally:
            asked.set()

    paused = Rotation(plain.name, plain.outside, pausing)
    done, _changed = at_once(lambda: rotation.rotate(paused), correct)

    assert done == {"renewed": 1}
    assert Customer.objects.get().phone == "+84900000000"


# A kill


def in_a_process(arguments, old):
    """Start manage.py on the tests' database, with a new key before those of now."""
    keys = {"new": NEW, **old}
    ring = ",".join(f"{name}:{urlsafe_b64encode(key).decode()}" for name, key in keys.items())
    url = urlsplit(os.environ["DATABASE_URL"])
    environment = os.environ | {
        "DATABASE_URL": url._replace(path=f"/{connection.settings_dict['NAME']}").geturl(),
        "ENCRYPTION_KEYS": ring,
        "DJANGO_SETTINGS_MODULE": "privacyportal.settings",
    }
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)


def renewed():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM accounts_customer WHERE phone LIKE 'v1.new.%'")
        return cursor.fetchone()[0]


@pytest.mark.usefixtures("portal")
def test_a_killed_run_loses_nothing_and_the_next_one_finishes(add_key, take_old_key_away, old):
    number = 1200  # six batches
    people = [Customer(email=f"{n}@example.com", phone=f"+849{n:08}") for n in range(number)]
    bulk_create_with_history(people, Customer)

    process = in_a_process(["rotate_keys"], old)
    until = time.monotonic() + 60
    while not renewed() and time.monotonic() < until:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait(60)

    assert 0 < renewed() < number
    add_key()
    assert {row.phone for row in Customer.objects.all()} == {row.phone for row in people}

    process = in_a_process(["rotate_keys"], old)
    process.wait(60)
    assert (process.returncode, set(keys_in_use())) == (0, {"new"})
    assert in_a_process(["rotate_keys", "--check"], old).wait(60) == 0
    take_old_key_away()
    assert Customer.history.count() == number
    for model in (Customer, Customer.history.model):
        assert {row.phone for row in model.objects.all()} == {row.phone for row in people}
