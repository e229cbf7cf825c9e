"""The role of the running portal: its work goes on, and nothing else."""

from contextlib import contextmanager

import pytest
from django.db import DatabaseError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from access.models import AccessAction, AccessRecord, AccessSeal
from access.sealing import seal_records
from access.verification import verify_all
from accounts.models import Customer, PolicyEvent
from common.database_role import RoleRefused, grant_to
from policies.retention import rule_after_closing
from privacyportal.embedded import RUNTIME_ROLE
from privacyportal.roles import COMPLAINT_OFFICER
from retention.purge import purge_closed_accounts
from tests.factories import approve, make_customer, make_staff
from tests.retention.planting import make_full_customer


@pytest.fixture
def as_runtime_role(portal):
    """Connect as the role, which has been granted what the portal needs; return its owner."""
    _make_role()
    grant_to(RUNTIME_ROLE)
    owner = {name: connection.settings_dict[name] for name in ("USER", "PASSWORD")}
    with _connected(USER=RUNTIME_ROLE, PASSWORD=RUNTIME_ROLE):
        yield owner


@contextmanager
def _connected(**who):
    settings = connection.settings_dict
    before = {name: settings[name] for name in who}
    connection.close()
    settings |= who
    yield
    connection.close()
    settings |= before


@contextmanager
def as_owner(owner):
    with _connected(**owner), connection.cursor() as cursor:
        yield cursor


def _make_role():
    """Make the role on a server of somebody else's; ours has it, and asks no password."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM pg_roles WHERE rolname = %s", [RUNTIME_ROLE])
        if cursor.fetchone() is not None:
            return
        try:
            cursor.execute(f"CREATE ROLE {RUNTIME_ROLE} LOGIN PASSWORD '{RUNTIME_ROLE}'")
        except DatabaseError:
            pytest.skip("this server lets the tests make no role")


def refused(statement):
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    except DatabaseError as error:
        return error.__cause__.sqlstate == "42501"  # insufficient privilege
    return False


def test_the_role_does_the_portals_work_and_can_neither_change_records_nor_tables(
    as_runtime_role, client
):
    with connection.cursor() as cursor:
        cursor.execute("SELECT session_user::text")
        assert cursor.fetchone() == (RUNTIME_ROLE,)

    assert client.get("/healthz").status_code == 200
    sign_up(client)
    reveal(client, make_customer(address="5 Lê Lợi, Huế"))
    make_full_customer("zqcanary", closed_days_ago=370)
    approve(rule_after_closing(timezone.localdate()))
    (run,) = purge_closed_accounts()
    seal_records()

    assert PolicyEvent.objects.exists()
    assert (run.due, run.erased, run.failed) == (1, 1, 0)
    assert (run.searched_at is not None, run.residue) == (True, [])
    assert AccessSeal.objects.get().count == AccessRecord.objects.count()
    assert verify_all().findings == []

    records, seals = "access_accessrecord", "access_accessseal"
    for statement in (
        f"UPDATE {records} SET role = ''",
        f"DELETE FROM {records}",
        f"TRUNCATE {records} CASCADE",
        f"ALTER TABLE {records} DISABLE TRIGGER append_only",
        f"ALTER TABLE {records} ADD COLUMN note text",
        f"DROP TRIGGER append_only ON {records}",
        f"DROP TABLE {records}",
        f"UPDATE {seals} SET text = ''",
        f"DELETE FROM {seals}",
        f"TRUNCATE {seals}",
        "SET session_replication_role = replica",
        "UPDATE accounts_consent SET decision = 'given'",
        "UPDATE casework_caseevent SET at = now()",
        "DELETE FROM django_migrations",
        "INSERT INTO access_unsealedrecord VALUES (0)",
        "DELETE FROM access_accessverification",
        "DELETE FROM retention_purgeapproval",
        "CREATE TABLE own (id int)",
        f"CREATE TEMPORARY TABLE {records} (id int)",
        "CREATE OR REPLACE FUNCTION portal_append_only() RETURNS trigger LANGUAGE plpgsql"
        " AS 'BEGIN RETURN OLD; END'",
        "SET ROLE portal",
    ):
        assert refused(statement), statement
    assert verify_all().findings == []

    with as_owner(as_runtime_role) as cursor:  # as for a table that a migration has just made
        cursor.execute(f"REVOKE ALL ON {records} FROM {RUNTIME_ROLE}")
    answer = client.get("/healthz")
    assert (answer.status_code, answer.text) == (
        503,
        "tables without rights: run grant_database_role\n",
    )


def sign_up(client):
    page = client.get(reverse("account_signup"))
    data = {
        "full_name": "Trần Thị Mai",
        "email": "mai@example.com",
        "phone": "0912 345 678",
        "password1": "dài và khó đoán 27",
        "accept_policy": "on",
        "shown": page.context["form"]["shown"].value(),
    }
    assert client.post(reverse("account_signup"), data).status_code == 302
    assert Customer.objects.filter(email="mai@example.com").exists()


def reveal(client, customer):
    client.force_login(make_staff(COMPLAINT_OFFICER))
    page = client.post(
        f"/admin/accounts/customer/{customer.pk}/reveal/",
        {
            "groups": ["contact"],
            "purpose": "rights_and_complaints",
            "reason": "rights",
            "case": "",
        },
    )
    assert "5 Lê Lợi, Huế" in page.text
    assert AccessRecord.objects.filter(action=AccessAction.REVEAL).exists()


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["portal", "postgres", "pg_monitor", "nobody_of_this_name"])
def test_a_role_that_could_do_more_is_refused(role):
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user::text")
        (owner,) = cursor.fetchone()

    with pytest.raises(RoleRefused):
        grant_to(owner if role == "portal" else role)
