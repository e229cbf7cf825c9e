"""The own period of access records, and what of it the seals still prove."""

import re
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from access.models import AccessAction, AccessRecord, AccessSeal, Fault
from access.purposes import CUSTOMER_CARE
from access.sealing import seal_block, seal_records
from access.services import record_access
from access.verification import Finding, verify_all
from complaints.models import QuestionedAccess
from policies.models import RetentionRule
from privacyportal.roles import COMPLAINT_OFFICER, DPO
from retention.access_records import TABLE, count_due, remove_access_records
from retention.models import LegalHold, PurgeApproval
from tests.access.test_sealing import make_older, superuser
from tests.factories import approve, make_complaint, make_customer, make_hold, make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def rule():
    return make_rule(family="promise", basis="company_choice", months=12)


def make_rule(**facts):
    return RetentionRule.objects.create(
        category="access_record",
        trigger="created",
        action="delete",
        source_vi="Công ty tự chọn",
        source_en="Chosen by the company",
        valid_from="2024-07-01",
        **facts,
    )


@pytest.fixture
def officer():
    return make_staff(COMPLAINT_OFFICER)


def look(officer, customer):
    return record_access(
        by=officer,
        action=AccessAction.OPEN,
        customer=customer.public_id,
        purpose=CUSTOMER_CARE,
        field_groups=[],
    )


def seal_in_the_past(days=400):
    with superuser() as cursor:
        cursor.execute(
            "UPDATE access_accessrecord SET at = at - %s WHERE id IN (SELECT record"
            " FROM access_unsealedrecord)",
            [timedelta(days=days)],
        )
    seal_records()
    make_older(days * 24 * 60)


def approve_days_ago(rule, days=3):
    approve(rule)
    make_approval_older(days)


def make_approval_older(days):
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE retention_purgeapproval DISABLE TRIGGER USER")
        cursor.execute(
            "UPDATE retention_purgeapproval SET approved_at = now() - %s", [timedelta(days=days)]
        )
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE retention_purgeapproval ENABLE TRIGGER USER")


def foretold(capsys):
    """Return how many rows a dry run says a true one would erase, and what it says of the rule."""
    call_command("purge", "--dry-run", "--language", "en")
    told = capsys.readouterr().out
    return int(re.search(r"other rows (\d+)\.", told)[1]), told.splitlines()[1].strip()


def test_old_records_go_once_the_rule_is_approved_and_the_seals_hold(rule, officer, capsys):
    customer = make_customer()
    old = [look(officer, customer).pk for _each in range(3)]
    seal_in_the_past()
    new = look(officer, customer)
    seal_records()

    run = remove_access_records()
    assert (run.only_reported, run.counts) == (True, {TABLE: 3})
    assert AccessRecord.objects.count() == 4

    approve_days_ago(rule, days=2)
    too_new = "the approval counts from its third day on; until then a run only reports"
    assert foretold(capsys) == (0, too_new)
    assert remove_access_records().only_reported
    make_approval_older(days=3)
    assert foretold(capsys) == (3, "approved by the DPO")
    run = remove_access_records()
    again = remove_access_records()

    assert (run.only_reported, run.counts, again.counts) == (False, {TABLE: 3}, {})
    assert list(AccessRecord.objects.all()) == [new]
    assert not AccessRecord.objects.filter(pk__in=old).exists()
    assert AccessSeal.objects.newest().statement == {
        "removed": {"up_to": 1, "kept": 0, "months": 12, "rule": rule.pk}
    }
    assert verify_all().findings == []


def test_what_is_held_or_questioned_stays_until_it_is_released(rule, officer):
    held, free, asking = (make_customer() for _each in range(3))
    hold = make_hold(held)
    records = [look(officer, each) for each in (held, free, asking)]
    QuestionedAccess.objects.create(complaint=make_complaint(customer=asking), record=records[2])
    seal_in_the_past()
    look(officer, free)
    seal_records()
    approve_days_ago(rule)

    assert remove_access_records().counts == {TABLE: 1}
    assert AccessSeal.objects.newest().statement["removed"]["kept"] == 2
    assert verify_all().findings == []

    LegalHold.objects.filter(pk=hold.pk).update(
        released_at=timezone.now() - timedelta(days=1), released_by=make_staff(DPO)
    )
    foretold = count_due(rule)
    assert (foretold, remove_access_records().counts) == (1, {TABLE: 1})

    assert not AccessRecord.objects.filter(pk=records[0].pk).exists()
    assert AccessRecord.objects.filter(pk=records[2].pk).exists()
    assert verify_all().findings == []

    with superuser() as cursor:
        cursor.execute("DELETE FROM complaints_questionedaccess")
        cursor.execute(f"DELETE FROM access_accessrecord WHERE id = {records[2].pk}")
    assert verify_all().findings == [Finding(Fault.REMOVED)]


def test_the_database_removes_nothing_without_an_approved_rule_or_too_young(rule, officer):
    look(officer, make_customer())
    seal_in_the_past(days=300)
    look(officer, make_customer())
    seal_records()

    assert remove_by_hand(rule, [1]) == "no approved rule"
    approve_days_ago(rule)
    assert remove_by_hand(rule, [1]) == "a seal is too young"
    make_older(400 * 24 * 60)
    assert remove_by_hand(rule, [2]) == "a seal is too young"  # it is the newest
    assert AccessRecord.objects.count() == 2


def test_what_the_running_portal_may_write_removes_no_record_of_the_last_year(rule, officer):
    """It may write rules, approvals, and seals that say anything: it has the key."""
    look(officer, make_customer())
    seal_in_the_past(days=300)
    look(officer, make_customer())
    seal_records()
    make_older(400 * 24 * 60)  # of a record of today
    seal_block(nothing=True)
    hasty = make_rule(family="statute", basis="statute", months=0)

    PurgeApproval.objects.create(rule=hasty, approved_by=officer, approved_at="2020-01-01T00:00Z")
    assert remove_by_hand(hasty, [1, 2]) == "no approved rule"
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        PurgeApproval.objects.update(approved_at="2020-01-01T00:00Z")
    approve_days_ago(rule)
    assert remove_by_hand(hasty, [1]) == "a seal is too young"

    with connection.cursor() as cursor:
        cursor.execute("SELECT retention_remove_access_records(%s, '{2}', '{}')", [hasty.pk])
        assert cursor.fetchone() == (0,)
    assert AccessRecord.objects.count() == 2


def test_a_statement_that_young_records_were_removed_by_rule_is_not_believed(rule, officer):
    record = look(officer, make_customer())
    seal_in_the_past(days=300)
    with superuser() as cursor:
        cursor.execute(f"DELETE FROM access_accessrecord WHERE id = {record.pk}")
    seal_block(removed={"up_to": 1, "kept": 0, "months": 0, "rule": rule.pk})

    assert verify_all().findings == [Finding(Fault.REMOVED, seal=1, record=record.pk)]


def remove_by_hand(rule, seals):
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        connection.cursor().execute(
            "SELECT retention_remove_access_records(%s, %s, '{}')", [rule.pk, seals]
        )
    return str(refused.value).partition("\n")[0]


def test_the_dpo_sees_what_would_go_before_the_approval(rule, officer, client):
    look(officer, make_customer())
    seal_in_the_past()
    look(officer, make_customer())
    seal_records()
    client.force_login(make_staff(DPO))
    client.cookies["django_language"] = "en"

    page = client.get(f"/admin/policies/retentionrule/{rule.pk}/approve/")

    assert page.context_data["rows"] == [("access records", 1)]
