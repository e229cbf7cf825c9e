"""The purge against everything that may happen to a customer at the same instant."""

import pytest
from django.db import DatabaseError
from django.utils import timezone

from accounts.exceptions import AccountClosed
from accounts.models import Customer
from casework.models import Case
from complaints.models import Complaint
from complaints.services import file_complaint
from policies.retention import rule_after_closing
from privacyportal.roles import DPO
from retention import purge
from retention.exceptions import HoldRefused
from retention.models import LegalHold, Tombstone
from retention.services import place_hold
from tests.factories import approve, make_complaint, make_customer, make_staff
from tests.threads import at_once

ROUNDS = 5

pytestmark = pytest.mark.usefixtures("approved")


@pytest.fixture
def approved(portal):
    return approve(rule_after_closing(timezone.localdate()))


def test_two_workers_erase_each_customer_once():
    customers = {make_customer(closed_days_ago=400).public_id for _ in range(30)}

    (first,), (second,) = at_once(purge.purge_closed_accounts, purge.purge_closed_accounts)

    runs = [first, second]
    assert sum(run.erased for run in runs) == 30
    assert sum(run.failed for run in runs) == 0
    assert set(Tombstone.objects.values_list("public_id", flat=True)) == customers


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_a_hold_stands_before_the_purge_or_is_refused(round_):
    customer = make_customer(closed_days_ago=400)
    dpo = make_staff(DPO)

    def hold():
        return place_hold(customer.public_id, authority="Tòa án", document="1", reason="x", by=dpo)

    (run,), outcome = at_once(purge.purge_closed_accounts, hold)

    alive = Customer.objects.filter(pk=customer.pk).exists()
    assert isinstance(outcome, LegalHold if alive else HoldRefused)
    assert run.erased == (0 if alive else 1)
    assert run.failed == 0


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_a_case_recorded_during_the_purge_is_kept_with_its_customer_or_refused(round_):
    customer = make_customer(closed_days_ago=400)

    (run,), outcome = at_once(
        purge.purge_closed_accounts, lambda: make_complaint(customer=customer)
    )

    alive = Customer.objects.filter(pk=customer.pk).exists()
    assert isinstance(outcome, Complaint if alive else DatabaseError)
    assert Case.objects.count() == Complaint.objects.count() == int(alive)
    assert run.failed + run.erased == int(not alive) or alive


def test_a_closed_customer_files_nothing_while_the_purge_runs():
    customer = make_customer(closed_days_ago=400)
    user = customer.user

    (run,), outcome = at_once(
        purge.purge_closed_accounts,
        lambda: file_complaint(customer, category="other", text="x", submission="0" * 32, by=user),
    )

    assert isinstance(outcome, AccountClosed | Customer.DoesNotExist)
    assert Complaint.objects.count() == 0
    # A customer whose row was locked just then is left to the next run.
    assert run.erased + Customer.objects.count() == 1
