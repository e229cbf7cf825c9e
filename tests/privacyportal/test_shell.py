"""The command lines open to no one who has not said who they are, what for and for which case."""

import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command, get_commands
from django.db import connection

from access.models import AccessRecord
from accounts.models import Customer
from accounts.uses import accesses_told_to
from common.personal_data import DataCategory
from notices.models import Notice
from privacyportal.roles import ADMINISTRATOR, AUDITOR, COMPLAINT_OFFICER, DPO
from tests.factories import make_complaint, make_customer, make_staff

pytestmark = pytest.mark.django_db

HARMLESS = {
    *("check", "compilemessages", "createcachetable", "diffsettings", "flush", "inspectdb"),
    *("makemessages", "makemigrations", "migrate", "optimizemigration", "sendtestemail"),
    *("showmigrations", "sqlflush", "sqlmigrate", "sqlsequencereset", "squashmigrations"),
    *("startapp", "startproject", "test", "collectstatic", "findstatic", "runserver"),
    *("clearsessions", "remove_stale_contenttypes", "createsuperuser"),
    *("clean_duplicate_history", "clean_old_history", "populate_history"),
    "account_unsetmultipleprimaryemails",
}
"""Commands of libraries that show nobody's data."""

RENAME = "c = Customer.objects.get(); c.full_name = 'Trần Thị Mới'; c.save()"


@pytest.fixture
def member():
    return make_staff(COMPLAINT_OFFICER, email="it@example.vn")


def open_it(parameters):
    sys.stdout.write("opened")


def said(**changed):
    return {"by": "it@example.vn", "purpose": "security", "occasion": "security", **changed}


def test_what_is_done_there_is_recorded_first_and_bears_a_name(member, capsys):
    complaint, dpo = make_complaint(customer=make_customer()), make_staff(DPO)
    case = complaint.reference

    call_command("shell", **said(occasion=None, case=case.lower()), command=f"{RENAME}; print(9)")

    record = AccessRecord.objects.get()
    assert (record.actor, record.role, record.action) == (member, COMPLAINT_OFFICER, "shell")
    assert (record.purpose, record.case_reference) == ("security", case)
    assert list(accesses_told_to(complaint.customer)) == [record]
    assert record.field_groups == sorted(DataCategory)
    newest = Customer.objects.get().history.latest()
    assert newest.full_name == "Trần Thị Mới"
    assert (newest.history_user, newest.history_change_reason) == (member, "command line")
    said_there = capsys.readouterr().out
    assert ("9" in said_there, "could not be" in said_there) == (True, False)
    told = Notice.objects.filter(template="command_line")
    assert {each.recipient for each in told} == {member.public_id, dpo.public_id}
    assert {str(each.context["member"]) for each in told} == {str(member)}


@pytest.mark.parametrize(
    "changed",
    [
        {"by": "nobody@example.vn"},
        {"by": "customer@example.vn"},
        {"by": "idle@example.vn"},
        {"by": "unbound@example.vn"},
        {"by": "auditor@example.vn"},
        {"by": "administrator@example.vn"},
        {"by": None},
        {"purpose": "curiosity"},
        {"purpose": None},
        {"occasion": None},
        {"occasion": "because"},
        {"occasion": None, "case": "KN-2026-000001"},
    ],
)
@pytest.mark.parametrize("command", ["shell", "dbshell"])
def test_without_an_answer_that_counts_nothing_opens(command, changed, member, monkeypatch, capsys):
    make_customer(email="customer@example.vn")
    make_staff(email="idle@example.vn")
    make_staff(AUDITOR, email="auditor@example.vn")
    make_staff(ADMINISTRATOR, email="administrator@example.vn")
    make_staff(DPO, email="unbound@example.vn", signed=False)
    monkeypatch.setattr(
        connection.client, "runshell", lambda parameters: sys.stdout.write("opened")
    )
    options = {"command": "print('opened')"} if command == "shell" else {}

    with pytest.raises(CommandError):
        call_command(command, **said(**changed), **options)

    assert "opened" not in capsys.readouterr().out
    assert not AccessRecord.objects.exists()
    assert not Notice.objects.filter(template="command_line").exists()


def test_the_database_opens_for_who_says_so(member, monkeypatch, capsys):
    monkeypatch.setattr(
        connection.client, "runshell", lambda parameters: sys.stdout.write("opened")
    )

    call_command("dbshell", **said())

    assert "opened" in capsys.readouterr().out
    record = AccessRecord.objects.get()
    assert (record.action, record.purpose, record.reason) == ("shell", "security", "security")
    assert (record.customer, record.count) == ("", 0)


@pytest.mark.parametrize("command", ["dumpdata", "loaddata", "testserver", "changepassword"])
def test_what_would_open_the_data_without_a_name_is_refused(command, capsys):
    make_customer(full_name="Trần Thị Huế")

    with pytest.raises(CommandError, match="nobody would know who did it"):
        call_command(command, "accounts.Customer")

    assert "Huế" not in capsys.readouterr().out


def test_no_library_opens_another_door():
    ours = {path.name for path in Path(settings.BASE_DIR).iterdir()}

    assert {name for name, app in get_commands().items() if app not in ours} == HARMLESS
