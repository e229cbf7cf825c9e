"""The purge against everything that may happen to a customer at the same instant."""

from datetime import timedelta
from pathlib import Path

import pytest
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.db import DatabaseError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.closing import close_account
from accounts.consents import decide_consent
from accounts.exceptions import AccountClosed, AccountOpen, ReopeningRefused
from accounts.locks import lock_customer
from accounts.models import AssistedChange, Customer, ServiceEnd, User
from accounts.reopening import change_mind, reopen_for_customer
from accounts.service_reports import Line, take_report
from casework.exceptions import CaseGone
from casework.models import Case, Evidence
from common.attachments import CheckedFile
from common.files import remove_doomed_files
from complaints.intake import file_complaint
from complaints.models import Complaint
from notices.models import Notice
from policies.loading import load_profile
from policies.models import Purpose
from policies.retention import rule_after_closing
from privacyportal.roles import COMPLAINT_OFFICER, DPO
from retention import purge
from retention.exceptions import HoldRefused
from retention.models import LegalHold, PurgeRun, Tombstone
from retention.services import place_hold
from rights.exports import ask_export_of_closed, make_next_export
from tests.factories import PASSWORD, approve, make_complaint, make_customer, make_staff
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


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_an_account_is_opened_again_whole_or_erased_whole(round_):
    """On the last day an officer may still open what a clock that runs ahead would erase."""
    customer = make_customer(email="mai@example.com", closed_days_ago=3)
    Customer.objects.update(kept_until=timezone.localdate())
    officer = make_staff(COMPLAINT_OFFICER)
    tomorrow = timezone.now() + timedelta(days=1)

    def reopen():
        return reopen_for_customer(
            customer, reason="x", by=officer, channel="counter", kind="identity_document"
        )

    (run,), outcome = at_once(lambda: purge.purge_closed_accounts(at=tomorrow), reopen)

    alive = Customer.objects.filter(pk=customer.pk).first()
    assert isinstance(outcome, AssistedChange if alive else ReopeningRefused)
    assert (run.erased, run.failed) == (0 if alive else 1, 0)
    if alive:
        assert alive.is_open
        assert alive.user.email == "mai@example.com"
        assert alive.user.is_active


def test_the_customer_and_an_officer_open_an_account_once():
    customer = make_customer()
    close_account(customer, by=customer.user)
    officer = make_staff(COMPLAINT_OFFICER)

    outcomes = at_once(
        lambda: change_mind(Customer.objects.get(pk=customer.pk)),
        lambda: reopen_for_customer(
            Customer.objects.get(pk=customer.pk),
            reason="x",
            by=officer,
            channel="counter",
            kind="identity_document",
        ),
    )

    assert Customer.objects.get().is_open
    assert not [each for each in outcomes if isinstance(each, DatabaseError)]
    reasons = Customer.history.values_list("history_change_reason", flat=True)
    assert sum((reason or "").startswith("reopened") for reason in reasons) == 1


def test_the_same_end_of_a_service_reported_twice_at_once_closes_once(portal):
    load_profile("vietnam_server")
    customer = make_customer(opened_at=timezone.now() - timedelta(days=30))
    lines = [Line(2, customer.public_id, timezone.localdate(), "x")]

    first, second = at_once(lambda: take_report(lines), lambda: take_report(lines))

    assert first.ended + second.ended == 1
    assert ServiceEnd.objects.count() == 1
    assert Notice.objects.filter(template="account_closed").count() == 1


def test_what_comes_just_then_finds_the_customer_whole_or_gone():
    """A sign-in, a letter with evidence, a consent and a copy of the data, at the same instant."""
    people = [make_customer(closed_days_ago=400, is_verified=True) for _each in range(4)]
    signing_in, writing, consenting, copying = people
    User.objects.filter(customer=signing_in).update(is_active=True)  # as if the closing had failed
    purpose = Purpose.objects.asking_consent()[0]
    browser = Client()

    def sign_in():
        data = {"login": signing_in.email, "password": PASSWORD}
        return browser.post(reverse("account_login"), data).status_code

    def write():
        return file_complaint(
            writing,
            category="other",
            text="x",
            submission="1" * 32,
            channel="post",
            lock=lock_customer,
            evidence=[CheckedFile("thư.pdf", "application/pdf", b"%PDF-1.4 x", "1" * 64)],
            by=make_staff(COMPLAINT_OFFICER),
        )

    def copy():
        ask_export_of_closed(copying)
        return make_next_export()

    (run,), status, letter, consent, copied = at_once(
        purge.purge_closed_accounts,
        sign_in,
        write,
        lambda: decide_consent(consenting, purpose, decision="given", by=consenting.user),
        copy,
    )

    assert isinstance(run, PurgeRun)
    assert status in (200, 302)
    assert isinstance(consent, AccountClosed | Customer.DoesNotExist)
    assert isinstance(letter, Complaint | CaseGone | Customer.DoesNotExist)
    assert copied is True or isinstance(copied, Customer.DoesNotExist | AccountOpen)
    purge.purge_closed_accounts()
    remove_doomed_files()
    left = Customer.objects.values_list("pk", flat=True)
    assert set(left) == ({writing.pk} if isinstance(letter, Complaint) else set())
    assert not UserSession.objects.exists()
    assert browser.get(reverse("data")).status_code == 302
    assert Evidence.objects.count() == len(left)
    stored = [each for each in Path(settings.MEDIA_ROOT).rglob("*") if each.is_file()]
    assert len(stored) == len(left)
