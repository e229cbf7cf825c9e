"""What closed accounts say about the promises."""

from datetime import timedelta

import pytest
from django.utils import timezone

from access.models import AccessAction
from access.purposes import CUSTOMER_CARE
from access.services import record_access
from accounts.models import Customer, ServiceReport
from accounts.reopening import change_mind
from common.personal_data import DataCategory
from policies.loading import load_profile
from policies.retention import rule_after_closing
from retention.models import Tombstone
from retention.purge import purge_closed_accounts
from tests.answers import answer_of
from tests.factories import approve, make_complaint, make_customer, make_hold, make_staff

pytestmark = pytest.mark.django_db


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


def test_fpt_8_is_kept_while_who_is_due_goes_with_the_next_run(approved):
    make_customer(closed_days_ago=10)
    due(0)
    due(1)

    assert answer_of("FPT-8") == ("kept", 0, "customers")


def test_fpt_8_is_broken_by_who_should_have_gone_with_the_last_run(approved):
    due(2)
    due(30)

    assert answer_of("FPT-8") == ("broken", 2, "customers")


def test_fpt_8_is_kept_again_after_the_purge(approved):
    due(30)

    purge_closed_accounts()

    assert answer_of("FPT-8") == ("kept", 0, "customers")
    assert answer_of("FPT-7") == ("kept", 0, "customers")


def test_fpt_8_is_not_broken_by_who_must_stay(approved):
    make_hold(due(30))
    make_complaint(customer=due(30))

    assert answer_of("FPT-8") == ("kept", 0, "customers")


def test_fpt_8_is_at_risk_when_the_next_run_may_not_delete():
    due(1)

    assert answer_of("FPT-8") == ("at_risk", 1, "customers")


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


def test_vs_7_contact_data_goes_once_the_service_has_ended():
    load_profile("vietnam_server")
    approve(rule_after_closing(timezone.localdate()))
    customer = due(1)
    ServiceReport.objects.create(at=timezone.now() - timedelta(days=30), ended=0, refused=0)
    assert answer_of("VS-7") == ("kept", 0, "customers")

    customer.kept_until = timezone.localdate() - timedelta(days=2)
    customer.save(update_fields=["kept_until"])
    assert answer_of("VS-7") == ("broken", 1, "customers")


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
