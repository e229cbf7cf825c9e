"""The command lines open to no one who has not said who they are, what for and for which case."""

import sys

import pytest
from django.core.management import CommandError, call_command, get_commands
from django.db import connection

from access.models import AccessRecord
from accounts.models import Customer
from common.personal_data import DataCategory
from privacyportal.roles import ADMINISTRATOR, DPO
from tests.factories import make_complaint, make_customer, make_staff

pytestmark = pytest.mark.django_db

RENAME = "c = Customer.objects.get(); c.full_name = 'Trần Thị Mới'; c.save()"


@pytest.fixture
def member():
    return make_staff(ADMINISTRATOR, email="it@example.vn")


def open_it(parameters):
    sys.stdout.write("opened")


def said(**changed):
    return {"by": "it@example.vn", "purpose": "security", "occasion": "security", **changed}


def test_what_is_done_there_is_recorded_first_and_bears_a_name(member, capsys):
    complaint = make_complaint(customer=make_customer())
    case = complaint.reference

    call_command("shell", **said(occasion=None, case=case.lower()), command=f"{RENAME}; print(9)")

    record = AccessRecord.objects.get()
    assert (record.actor, record.role, record.action) == (member, ADMINISTRATOR, "shell")
    assert (record.purpose, record.case_reference, record.customer) == ("security", case, "")
    assert record.field_groups == sorted(DataCategory)
    newest = Customer.objects.get().history.latest()
    assert newest.full_name == "Trần Thị Mới"
    assert (newest.history_user, newest.history_change_reason) == (member, "command line")
    assert "9" in capsys.readouterr().out


@pytest.mark.parametrize(
    "changed",
    [
        {"by": "nobody@example.vn"},
        {"by": "customer@example.vn"},
        {"by": "idle@example.vn"},
        {"by": "unbound@example.vn"},
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
    make_staff(DPO, email="unbound@example.vn", signed=False)
    monkeypatch.setattr(
        connection.client, "runshell", lambda parameters: sys.stdout.write("opened")
    )
    options = {"command": "print('opened')"} if command == "shell" else {}

    with pytest.raises(CommandError):
        call_command(command, **said(**changed), **options)

    assert "opened" not in capsys.readouterr().out
    assert not AccessRecord.objects.exists()


def test_the_database_opens_for_who_says_so(member, monkeypatch, capsys):
    monkeypatch.setattr(
        connection.client, "runshell", lambda parameters: sys.stdout.write("opened")
    )

    call_command("dbshell", **said())

    assert "opened" in capsys.readouterr().out
    record = AccessRecord.objects.get()
    assert (record.action, record.purpose, record.reason) == ("shell", "security", "security")


def test_no_library_opens_another():
    assert {get_commands()[name] for name in ("shell", "dbshell")} == {"privacyportal"}
