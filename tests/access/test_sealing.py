"""Sealing, the copy outside, and what a verification says about tampering by a superuser."""

import re
from contextlib import contextmanager
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
import time_machine
from django.core import mail
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from access import tasks
from access.blocks import FORM, FORMS, content_of
from access.exceptions import CopyAhead, CopyDiffers, CopyShortened, NothingLost
from access.models import (
    AccessAction,
    AccessRecord,
    AccessSeal,
    AccessVerification,
    Fault,
    SealCopy,
    UnsealedRecord,
)
from access.outside_copy import copy_seals, go_on_after_restore
from access.purposes import CUSTOMER_CARE
from access.sealing import KIND, seal_records
from access.services import record_access
from access.verification import Finding, Span, note_verification, verify_all
from accounts.seal_mails import mail_gaps, mail_newest_seal
from common.documents import issue
from common.models import JobStatus
from common.signatures import parse_signing_keys
from notices.services import send_due_notices
from policies.models import Promise, PromiseStatus
from policies.promises import Unit, control_named
from privacyportal.roles import AUDITOR, DPO
from tests.factories import make_staff


@pytest.fixture
def officer(db):
    return make_staff(AUDITOR)


def look(officer, times=1):
    """Write records; return their primary keys."""
    return [
        record_access(
            by=officer,
            action=AccessAction.OPEN,
            customer=f"{number:032}",
            purpose=CUSTOMER_CARE,
            field_groups=[],
        ).pk
        for number in range(times)
    ]


@contextmanager
def superuser():
    """Let the connection pass by every trigger, as a superuser of the database can."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in ("access_accessrecord", "access_accessseal"):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        yield cursor
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in ("access_accessrecord", "access_accessseal"):
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


@pytest.fixture
def copy(settings):
    return Path(settings.ACCESS_SEALS_FILE)


def findings(*copies):
    return verify_all(copies).findings


def sealed(officer, times=3):
    """Write records and seal them; return their primary keys."""
    records = look(officer, times)
    seal_records()
    return records


def test_what_is_recorded_is_sealed_and_verified(officer, settings):
    records = sealed(officer)
    copy_seals()

    seal = AccessSeal.objects.get()
    found = verify_all([Path(settings.ACCESS_SEALS_FILE)])

    assert (seal.number, seal.records, seal.count) == (1, records, 3)
    assert not UnsealedRecord.objects.exists()
    assert (found.seals, found.records, found.waiting, found.compared) == (1, 3, 0, 1)
    assert found.findings == []


CHANGE = "UPDATE access_accessrecord SET role = 'nobody' WHERE id = {second}"
REMOVE = "DELETE FROM access_accessrecord WHERE id = {second}"
SWAP = """
    UPDATE access_accessrecord AS one SET customer = other.customer, at = other.at
    FROM access_accessrecord AS other
    WHERE (one.id, other.id) IN (({second}, {third}), ({third}, {second}))
"""
INSERT = """
    INSERT INTO access_accessrecord (id, at, actor_id, role, action, customer, purpose,
        case_reference, field_groups, filters, count, request_id)
    SELECT {first} - 1, at, actor_id, role, action, customer, purpose,
        case_reference, field_groups, filters, count, request_id
    FROM access_accessrecord WHERE id = {first}
"""
MOVE = "UPDATE access_accessrecord SET id = {third} + 1000 WHERE id = {third}"


@pytest.mark.parametrize(
    ("tampering", "fault", "place"),
    [
        (CHANGE, Fault.CHANGED, 1),
        (REMOVE, Fault.REMOVED, 1),
        (SWAP, Fault.REORDERED, 1),
        (MOVE, Fault.REMOVED, 2),
    ],
)
def test_the_first_record_that_was_tampered_with_is_named(officer, tampering, fault, place):
    sealed(officer)
    records = sealed(officer)
    first, second, third = records

    with superuser() as cursor:
        cursor.execute(tampering.format(first=first, second=second, third=third))

    assert findings() == [Finding(fault, seal=2, record=records[place])]


def test_a_record_that_came_in_without_being_noted_is_named(officer):
    first = sealed(officer)[-1] + 10
    with connection.cursor() as cursor:
        cursor.execute("SELECT setval('access_accessrecord_id_seq', %s)", [first])
    second = sealed(officer)[0]

    with superuser() as cursor:
        cursor.execute(INSERT.format(first=second))

    assert findings() == [Finding(Fault.INSERTED, record=second - 1)]


def test_a_record_removed_before_its_seal_is_named_afterwards(officer):
    (record,) = look(officer)
    with superuser() as cursor:
        cursor.execute(f"DELETE FROM access_accessrecord WHERE id = {record}")

    seal_records()

    assert findings() == [Finding(Fault.REMOVED, seal=1, record=record)]


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE access_accessseal SET made_at = made_at - interval '1 day' WHERE number = 2",
        "UPDATE access_accessseal SET leaves = set_byte(leaves, 0, 255 - get_byte(leaves, 0))"
        " WHERE number = 2",
        "UPDATE access_accessseal SET text = (SELECT text FROM access_accessseal"
        " WHERE number = 1) WHERE number = 2",
        'UPDATE access_accessseal SET statement = \'{"removed": {"up_to": 3, "kept": 0}}\''
        " WHERE number = 2",
        "DELETE FROM access_accessseal WHERE number = 2; UPDATE access_accessseal SET number = 2"
        " WHERE number = 3",
    ],
)
def test_a_seal_that_was_tampered_with_is_named(officer, tampering):
    for _seal in range(3):
        sealed(officer)

    with superuser() as cursor:
        cursor.execute(tampering)

    assert findings() == [Finding(Fault.SEAL, seal=2)]


def test_a_missing_seal_is_told_by_the_next_one(officer):
    for _seal in range(3):
        sealed(officer)
    with superuser() as cursor:
        cursor.execute("DELETE FROM access_accessseal WHERE number = 2")

    assert findings() == [Finding(Fault.SEAL, seal=3)]


def test_a_chain_written_anew_without_the_key_is_not_signed_by_us(officer, settings):
    sealed(officer)
    keys = settings.SIGNING_KEYS
    settings.SIGNING_KEYS = parse_signing_keys(f"other:{'o' * 43}")
    write_all_anew()
    settings.SIGNING_KEYS = keys

    assert findings() == [Finding(Fault.SEAL, seal=1)]


def write_all_anew():
    """Change a record and seal everything again, as its administrator with the key could."""
    with superuser() as cursor:
        cursor.execute("UPDATE access_accessrecord SET role = 'nobody'")
        cursor.execute("DELETE FROM access_accessseal")
        cursor.execute("INSERT INTO access_unsealedrecord SELECT id FROM access_accessrecord")
    seal_records()


def test_only_a_copy_outside_shows_a_chain_written_anew_with_the_key(officer, copy):
    sealed(officer)
    sealed(officer)
    copy_seals()
    write_all_anew()

    assert findings() == []
    assert findings(copy) == [Finding(Fault.COPY, seal=1)]
    with pytest.raises(CopyAhead):
        copy_seals()


def test_only_a_copy_outside_shows_that_the_end_was_cut(officer, copy):
    sealed(officer)
    cut = sealed(officer)
    copy_seals()
    with superuser() as cursor:
        cursor.execute(f"DELETE FROM access_accessrecord WHERE id >= {cut[0]}")
        cursor.execute("DELETE FROM access_accessseal WHERE number = 2")

    assert findings() == []
    assert findings(copy) == [Finding(Fault.LOST, seal=2)]


def test_after_a_restored_backup_the_copy_goes_on_once_somebody_says_so(officer, copy):
    sealed(officer)
    lost = sealed(officer)
    copy_seals()
    with superuser() as cursor:
        cursor.execute(f"DELETE FROM access_accessrecord WHERE id >= {lost[0]}")
        cursor.execute("DELETE FROM access_accessseal WHERE number = 2")
    before = copy.read_bytes()
    sealed(officer)  # sealing never waits for the copy
    with pytest.raises(CopyDiffers):
        copy_seals()
    assert copy.read_bytes() == before

    call_command("continue_access_seals", stdout=StringIO())
    sealed(officer)
    copy_seals()

    assert copy.read_bytes().startswith(before)
    assert AccessSeal.objects.get(number=3).statement["restored"]["after"] == 1
    assert findings(copy) == []
    parts = [verify_all([copy], [part]) for part in (Span(0, 1), Span(1, 2), Span(2, 3), Span(3))]
    assert [(part.findings, part.compared) for part in parts] == [([], n) for n in (1, 2, 2, 2)]
    with pytest.raises(NothingLost):
        go_on_after_restore()


def test_a_torn_line_is_completed_and_a_foreign_one_left_alone(officer, copy):
    sealed(officer)
    copy_seals()
    sealed(officer)
    torn = copy.read_bytes() + AccessSeal.objects.newest().text[:40].encode()

    copy.write_bytes(torn + b"?")
    with pytest.raises(CopyDiffers):
        copy_seals()
    assert copy.read_bytes() == torn + b"?"

    copy.write_bytes(torn)
    assert copy_seals() == 1
    assert findings(copy) == []


def test_a_copy_that_was_shortened_is_told_and_not_filled_up(officer, copy):
    sealed(officer)
    copy_seals()
    first = copy.read_bytes()
    sealed(officer)
    copy_seals()
    assert note_verification().fault == ""

    for cut in (first, b"", None):
        copy.write_bytes(cut) if cut is not None else copy.unlink()
        with pytest.raises(CopyShortened):
            copy_seals()
        assert note_verification().fault == Fault.CUT
        assert (copy.read_bytes() if copy.exists() else b"") == (cut or b"")
    out = StringIO()
    with pytest.raises(SystemExit):
        call_command("verify_access", stdout=out)
    assert "FAULT: the copy outside is missing" in out.getvalue()
    with pytest.raises(IntegrityError, match="never forgotten"), transaction.atomic():
        SealCopy.objects.update(number=0)

    call_command("begin_access_seals", stdout=StringIO())

    assert note_verification().fault == ""
    assert verify_all([copy]).compared == 2


def test_a_copy_whose_name_was_taken_away_too_is_not_begun_anew(officer, copy):
    sealed(officer)
    copy_seals()
    copy.unlink()
    Path(f"{copy}.name").unlink()

    with pytest.raises(CopyShortened):
        copy_seals()

    assert not copy.exists()


def test_a_copy_that_cannot_be_written_fails_the_job_and_not_the_sealing(officer, settings):
    look(officer)
    settings.ACCESS_SEALS_FILE = "/proc/access-seals"

    with pytest.raises(OSError, match="access-seals"):
        tasks.seal_records()

    assert JobStatus.objects.get(name="access.seal_records").error == "FileNotFoundError"
    assert AccessSeal.objects.get().count == 1


def test_silence_is_sealed_every_quarter_of_an_hour_and_a_gap_is_told(officer):
    dpo, promise = make_staff(DPO), Promise.objects.get(code="FPT-5")
    ask = control_named("encryption").measure
    assert (seal_records(), seal_records()) == (1, 0)

    for minutes, number in ((14, 1), (15, 2)):
        make_older(minutes)
        seal_records()
        assert AccessSeal.objects.count() == number
    make_older(31)
    seal_records()

    found = verify_all()
    assert (found.seals, found.records, len(found.gaps)) == (3, 0, 1)
    assert found.findings == []

    copy_seals()
    assert [note_verification().gaps for _night in range(2)] == [1, 0]
    assert (ask(promise).status, ask(promise).figure) == (PromiseStatus.AT_RISK, 1)
    for _morning in range(2):
        mail_gaps()
    send_due_notices()
    assert {letter.to[0] for letter in mail.outbox} == {officer.email, dpo.email}
    assert len(mail.outbox) == 2


def test_each_night_looks_at_new_seals_and_a_part_of_the_old_until_there_is_a_fault(officer):
    for _seal in range(7):
        record = sealed(officer)[0]
    copy_seals()
    assert note_verification().seals == 7
    assert (note_verification().seals, note_verification().up_to) == (1, 7)
    sealed(officer)
    assert (note_verification().seals, note_verification().up_to) == (2, 8)

    with superuser() as cursor:
        cursor.execute("DELETE FROM access_accessseal WHERE number = 8")
    assert note_verification().fault == Fault.SEAL  # cut off, and none is new
    with superuser() as cursor:
        cursor.execute(f"UPDATE access_accessrecord SET role = '' WHERE id = {record}")
    found = [note_verification() for _night in range(2)]
    assert [(each.fault, each.seal, each.seals) for each in found] == [(Fault.CHANGED, 7, 6)] * 2


def test_the_promise_of_protection_is_at_risk_when_nothing_was_verified_lately(officer):
    promise = Promise.objects.get(code="FPT-5")
    ask = control_named("encryption").measure
    seal_records()
    make_older(3 * 24 * 60)
    seal_records()
    assert ask(promise).status == PromiseStatus.AT_RISK
    copy_seals()
    AccessVerification.objects.create(seals=1, records=0, up_to=1)
    assert ask(promise).status == PromiseStatus.NOT_MEASURED


def make_older(minutes):
    """Let the newest seal be made so many minutes ago, by the clock of its database."""
    newest = AccessSeal.objects.newest()
    earlier = AccessSeal.objects.filter(number__lt=newest.number).order_by("-number").first()
    newest.refresh_from_db()
    newest.made_at = timezone.now() - timedelta(minutes=minutes)
    content = content_of(newest, form=FORM, previous=earlier.text if earlier else "")
    newest.text = issue(KIND, content).text
    with superuser():
        newest.save()


def test_nobody_changes_or_deletes_a_seal(officer):
    sealed(officer)

    for statement in ("UPDATE access_accessseal SET count = 0", "DELETE FROM access_accessseal"):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            connection.cursor().execute(statement)

    assert findings() == []


@pytest.mark.parametrize("at", ["2020-01-01", "now() + interval '1 day'"])
def test_a_record_that_was_written_for_another_day_is_named(officer, at):
    """Somebody who passes by the trigger that dates records, but lets it be sealed."""
    sealed(officer)
    (record,) = look(officer)
    with superuser() as cursor:
        value = at if "now" in at else f"'{at}'"
        cursor.execute(f"UPDATE access_accessrecord SET at = {value} WHERE id = {record}")
    seal_records()

    assert findings() == [Finding(Fault.MISDATED, seal=2, record=record)]


def test_a_clock_that_goes_back_does_not_disturb_the_order(officer):
    sealed(officer)
    (record,) = look(officer)
    with superuser() as cursor:
        cursor.execute(
            f"UPDATE access_accessrecord SET at = now() - interval '1 day' WHERE id = {record}"
        )
    seal_records()
    make_older(24 * 60 - 1)

    assert findings() == []


def test_every_column_of_a_record_is_in_the_form_of_new_seals():
    """A column that comes needs a new form: what no seal covers could be changed unseen."""
    columns = {field.column for field in AccessRecord._meta.concrete_fields} - {"id"}

    assert columns == set(re.findall(r"record\.(\w+)", FORMS[FORM]))


def test_the_command_names_the_first_fault_and_exits_with_one(officer, copy):
    _first, second, _third = sealed(officer)
    copy_seals()
    out = StringIO()
    call_command("verify_access", stdout=out)
    assert out.getvalue().endswith("Everything is as it was sealed.\n")

    with superuser() as cursor:
        cursor.execute(CHANGE.format(second=second))

    with pytest.raises(SystemExit) as ended:
        call_command("verify_access", against=[copy], stdout=out)
    assert ended.value.code == 1
    assert f"FAULT: record {second} (seal 1) was changed." in out.getvalue()
    with pytest.raises(SystemExit):
        call_command("verify_access", "--language", "vi", against=[copy], stdout=out)
    assert f"LỖI: bản ghi {second} (niêm phong 1) đã bị thay đổi." in out.getvalue()


def test_the_newest_seal_is_mailed_to_the_auditors_once_a_day(officer, tmp_path):
    sealed(officer)
    mail_newest_seal()
    mail_newest_seal()
    send_due_notices()
    (letter,) = mail.outbox
    saved = tmp_path / "mail"
    saved.write_text(letter.body)

    assert letter.to == [officer.email]
    assert verify_all([saved]).compared == 1
    assert findings(saved) == []
    write_all_anew()
    assert findings(saved) == [Finding(Fault.COPY, seal=1)]


def test_the_desk_shows_the_seals_and_the_last_verification(officer, client):
    (_one, second, _three) = sealed(officer)
    copy_seals()
    note_verification()
    with superuser() as cursor:
        cursor.execute(CHANGE.format(second=second))
    with time_machine.travel("2026-12-06T10:00+07:00"):  # the night of the week that looks at it
        note_verification()
    client.force_login(officer)
    client.cookies["django_language"] = "en"

    results = client.get("/admin/access/accessverification/").text

    assert results.index("record changed") < results.index("all as sealed")
    assert client.get("/admin/access/accessseal/1/change/").status_code == 200
    assert AccessSeal.objects.newest().text in client.get("/admin/access/accessseal/1/change/").text


def test_the_promise_of_protection_is_broken_by_a_fault_and_at_risk_without_seals(officer):
    promise = Promise.objects.get(code="FPT-5")
    ask = control_named("encryption").measure
    sealed(officer)
    assert ask(promise).status == PromiseStatus.NOT_MEASURED

    make_older(31)
    assert (ask(promise).status, ask(promise).figure) == (PromiseStatus.AT_RISK, 1)

    with superuser() as cursor:
        cursor.execute("UPDATE access_accessrecord SET role = 'nobody'")
    note_verification()
    assert (ask(promise).status, ask(promise).unit) == (PromiseStatus.BROKEN, Unit.SEALS)
