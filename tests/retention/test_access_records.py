"""The own period of access records, and what of it the seals still prove."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from access.models import AccessAction, AccessRecord, AccessSeal, Fault
from access.purposes import CUSTOMER_CARE
from access.sealing import seal_records
from access.services import record_access
from access.verification import Finding, verify_all
from complaints.models import QuestionedAccess
from policies.models import RetentionRule
from privacyportal.roles import COMPLAINT_OFFICER, DPO
from retention.access_records import TABLE, remove_access_records
from retention.models import LegalHold
from tests.access.test_sealing import make_older, superuser
from tests.factories import approve, make_complaint, make_customer, make_hold, make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def rule():
    return RetentionRule.objects.create(
        family="promise",
        category="access_record",
        trigger="created",
        months=12,
        action="delete",
        basis="company_choice",
        source_vi="Công ty tự chọn",
        source_en="Chosen by the company",
        valid_from="2024-07-01",
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
    seal_records()
    make_older(days * 24 * 60)


def test_old_records_go_once_the_rule_is_approved_and_the_seals_hold(rule, officer):
    customer = make_customer()
    old = [look(officer, customer).pk for _each in range(3)]
    seal_in_the_past()
    new = look(officer, customer)
    seal_records()

    run = remove_access_records()
    assert (run.only_reported, run.counts) == (True, {TABLE: 3})
    assert AccessRecord.objects.count() == 4

    approve(rule)
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
    approve(rule)

    assert remove_access_records().counts == {TABLE: 1}
    assert AccessSeal.objects.newest().statement["removed"]["kept"] == 2
    assert verify_all().findings == []

    LegalHold.objects.filter(pk=hold.pk).update(
        released_at=timezone.now(), released_by=make_staff(DPO)
    )
    with superuser() as cursor:
        cursor.execute(
            "UPDATE access_accessrecord SET at = now() - interval '400 days' WHERE id = %s",
            [records[0].pk],
        )
    remove_access_records()

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
    approve(rule)
    assert remove_by_hand(rule, [1]) == "a seal is too young"
    make_older(400 * 24 * 60)
    assert remove_by_hand(rule, [2]) == "a seal is too young"  # it is the newest
    assert AccessRecord.objects.count() == 2


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
