"""What closed accounts say about the promises."""

import json
from contextlib import suppress
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from access.models import AccessAction
from access.purposes import CUSTOMER_CARE
from access.services import record_access
from accounts.models import Customer, ServiceReport
from accounts.reopening import change_mind
from common.models import JobStatus
from common.personal_data import DataCategory
from enquiries.models import Enquiry
from notices.models import Notice
from policies.counting import local_day, midnight
from policies.loading import load_profile
from policies.models import Promise
from policies.promises import control_named
from policies.retention import rule_after_closing
from privacyportal.roles import DPO
from retention.clocks import deletion_clocks
from retention.idle import ASK
from retention.models import (
    LegalHold,
    PurgeFailure,
    PurgeRun,
    Remainder,
    RestoreRehearsal,
    Tombstone,
)
from retention.purge import purge_closed_accounts
from retention.services import release_hold
from retention.tasks import PURGE, SWEEP
from tests.answers import answer_of
from tests.enquiries.conftest import make_enquiry
from tests.factories import approve, make_complaint, make_customer, make_hold, make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def ran():
    """The nightly jobs have run: without them nothing is called kept."""
    for name in (PURGE, SWEEP, ASK):
        JobStatus.objects.create(name=name, succeeded_at=timezone.now())


@pytest.fixture
def approved():
    return approve(rule_after_closing(timezone.localdate()))


def due(days, cause="customer"):
    """A closed account whose data was to be kept until that many days ago."""
    customer = make_customer(closed_days_ago=400)
    customer.kept_until = timezone.localdate() - timedelta(days=days)
    customer.closing_cause = cause
    customer.save(update_fields=["kept_until", "closing_cause"])
    return customer


def look_at(customer, purpose):
    record_access(
        by=make_staff(),
        action=AccessAction.REVEAL,
        customer=customer.public_id,
        purpose=purpose,
        field_groups=[DataCategory.CONTACT],
    )


def test_fpt_8_is_kept_again_after_the_purge(approved):
    due(30)

    purge_closed_accounts()

    assert answer_of("FPT-8") == ("kept", 0, "customers")
    assert answer_of("FPT-7") == ("kept", 0, "customers")


def test_fpt_8_is_not_broken_by_who_must_stay(approved):
    make_hold(due(30))
    make_complaint(customer=due(30))

    assert answer_of("FPT-8") == ("kept", 0, "customers")


def test_fpt_8_lets_closed_accounts_be_used_for_fraud_and_inquiries_alone(approved):
    closed, current = make_customer(closed_days_ago=10), make_customer()
    look_at(closed, "fraud_prevention")
    look_at(closed, "support")
    look_at(closed, CUSTOMER_CARE)
    look_at(current, "newsletter")
    assert answer_of("FPT-8") == ("kept", 0, "customers")

    look_at(closed, "newsletter")
    assert answer_of("FPT-8") == ("broken", 1, "uses")


def test_fpt_7_is_broken_by_an_account_that_was_erased_too_early(approved):
    due(30)
    purge_closed_accounts()

    Tombstone.objects.update(retained_until=timezone.localdate())

    assert answer_of("FPT-7") == ("broken", 1, "customers")


def test_vs_7_is_not_called_kept_while_nobody_tells_whose_service_has_ended():
    load_profile("vietnam_server")
    assert answer_of("VS-7") == ("not_measured", None, "")
    ServiceReport.objects.create(at=timezone.now() - timedelta(days=32), ended=5, refused=0)
    assert answer_of("VS-7") == ("not_measured", None, "")
    due(2)
    assert answer_of("VS-7") == ("broken", 1, "customers")


def test_fpt_7_is_not_broken_by_accounts_that_were_opened_again(approved):
    customer = make_customer(closed_days_ago=3)
    Customer.objects.update(grace_until=timezone.localdate())
    change_mind(customer)
    purge_closed_accounts()

    assert answer_of("FPT-7") == ("kept", 0, "customers")
    assert answer_of("FPT-8") == ("kept", 0, "customers")


def test_sp_6_who_asks_for_removal_is_gone_in_time():
    load_profile("speedsms")
    approve(rule_after_closing(timezone.localdate()))
    due(1)
    due(30, cause="service_ended")
    assert answer_of("SP-6") == ("kept", 0, "customers")

    due(2)
    assert answer_of("SP-6") == ("broken", 1, "customers")


def ago(**period):
    return timezone.now() - timedelta(**period)


def rehearsed(at, outcome):
    RestoreRehearsal.objects.create(by=make_staff(), started_at=at, is_given=True, outcome=outcome)


@pytest.mark.parametrize(
    ("profile", "code"),
    [("speedsms", "SP-6"), ("clever_group", "CG-5"), ("vietnam_server", "VS-7"), ("", "FPT-8")],
)
def test_each_promise_of_deletion_breaks_for_each_reason(profile, code):
    """One reason after the other, each taken away again."""
    if profile:
        load_profile(profile)
    ServiceReport.objects.create(at=ago(days=1), ended=0, refused=0)
    rule, kept = rule_after_closing(timezone.localdate()), ("kept", 0, "customers")
    due(1)
    answers = {"not approved": answer_of(code)}
    approve(rule)
    answers["going with the next run"] = answer_of(code)
    late = due(2)
    answers["late"] = answer_of(code)
    late.delete()
    run = PurgeRun.objects.create(rule=rule, only_reported=False, erased=1)
    answers["not searched"] = answer_of(code)
    run.searched_at, run.residue = timezone.now(), ["somewhere"]
    run.save()
    answers["residue"] = answer_of(code)
    run.residue = []
    run.save()
    answers["searched"] = answer_of(code)
    JobStatus.objects.filter(name=PURGE).update(succeeded_at=ago(days=2))
    answers["no run"] = answer_of(code)
    JobStatus.objects.filter(name=PURGE).update(succeeded_at=ago(hours=47))
    PurgeRun.objects.update(started_at=ago(days=92))
    answers["never rehearsed"] = answer_of(code)
    rehearsed(ago(days=91), "passed")
    answers["rehearsed"] = answer_of(code)
    rehearsed(ago(days=1), "left")
    answers["rehearsed in vain"] = answer_of(code)

    assert answers == {
        "not approved": ("at_risk", 1, "customers"),
        "going with the next run": kept,
        "late": ("broken", 1, "customers"),
        "not searched": ("at_risk", 1, "deletions"),
        "residue": ("broken", 1, "deletions"),
        "searched": kept,
        "no run": ("at_risk", 0, "customers"),
        "never rehearsed": ("at_risk", 0, "customers"),
        "rehearsed": kept,
        "rehearsed in vain": ("at_risk", 0, "customers"),
    }


def test_the_clocks_are_told_to_the_dpo_and_to_whoever_watches(approved, client, capsys):
    def states():
        with suppress(SystemExit):
            call_command("deletion_clocks", json=True)
        told = {clock["name"]: clock["state"] for clock in json.loads(capsys.readouterr().out)}
        assert told == {clock.name: clock.state for clock in deletion_clocks()}
        return list(told.values())

    assert states() == ["not_due", "not_due", "good", "good", "not_due", "not_due"]
    JobStatus.objects.filter(name=PURGE).delete()
    MigrationRecorder.Migration.objects.update(applied=ago(hours=1))
    assert states()[2] == "not_due"  # since the portal was set up
    MigrationRecorder.Migration.objects.update(applied=ago(days=3))
    assert states()[2] == "late"
    JobStatus.objects.create(name=PURGE)
    due(1)
    run = PurgeRun.objects.create(rule=approved.rule, only_reported=False, erased=1)
    PurgeRun.objects.filter(pk=run.pk).update(started_at=ago(days=80))
    JobStatus.objects.filter(name=PURGE).update(succeeded_at=ago(hours=40))
    assert states()[1:] == ["not_due", "soon", "good", "late", "soon"]
    due(2)
    enquiry = make_enquiry(confirmed=False)
    Notice.objects.all().delete()
    Enquiry.objects.update(received_at=ago(days=16))  # nobody confirmed it for 14 days
    enquiry.refresh_from_db()
    JobStatus.objects.filter(name=PURGE).delete()
    PurgeRun.objects.update(started_at=ago(days=92), searched_at=timezone.now())
    assert states() == ["late", "late", "late", "good", "good", "late"]
    oldest = deletion_clocks()[1].since
    assert oldest == midnight(local_day(enquiry.received_at) + timedelta(days=15))
    with pytest.raises(SystemExit):
        call_command("deletion_clocks")
    told = capsys.readouterr().out
    assert "late: last purge of closed accounts that succeeded: –\n  next: see among the" in told

    client.force_login(make_staff(DPO))
    client.cookies["django_language"] = "en"
    page = client.get("/admin/retention/purgerun/").text
    assert page.count("desk-badge--late") == 4
    assert "RESTORE_REHEARSED_WITHIN" in page
    assert "<strong>4</strong> Late clocks of the deletion" in client.get("/admin/").text


def test_a_part_that_must_stay_is_late_once_nothing_keeps_it_and_a_failure_is_named(approved):
    customer = due(3)
    hold = make_hold(customer, category="consent")
    purge_closed_accounts()
    assert answer_of("FPT-8") == ("kept", 0, "customers")
    assert deletion_clocks()[0].state == "not_due"

    release_hold(hold, reason="xong", by=make_staff(DPO))
    assert answer_of("FPT-8") == ("kept", 0, "customers")
    three_days_ago = timezone.now() - timedelta(days=3)
    LegalHold.objects.update(released_at=three_days_ago)
    Remainder.objects.update(until=local_day(three_days_ago))
    PurgeFailure.objects.create(customer=customer, error="DataError")

    assert answer_of("FPT-8") == ("broken", 1, "customers")
    assert deletion_clocks()[0].last == midnight(local_day(three_days_ago) + timedelta(days=1))
    promise = Promise.objects.active().get(code="FPT-8")
    assert "purgefailure" in control_named(promise.control).measure(promise).link
