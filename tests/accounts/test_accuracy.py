"""Customers declare their details right, and are asked again."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone, translation

from accounts.accuracy import ask_for_accuracy, confirm_details, wording
from accounts.exceptions import AccountClosed
from accounts.models import AccuracyDeclaration, Customer
from accounts.registration import register_customer
from notices.models import Notice
from policies.loading import load_profile
from policies.models import Company, PolicyVersion, sha256
from tests.answers import answer_of
from tests.factories import make_customer, make_user
from tests.threads import at_once

pytestmark = pytest.mark.django_db

DETAILS = {"full_name": "Trần Mai", "phone": "+84912345678", "address": "Huế"}


@pytest.fixture
def customer(client):
    customer = make_customer()
    client.force_login(customer.user)
    return customer


def declared_days_ago(customer, days):
    Customer.objects.filter(pk=customer.pk).update(
        declared_at=timezone.now() - timedelta(days=days)
    )


def asked():
    return Notice.objects.filter(template="accuracy_due").count()


def test_signing_up_changing_and_confirming_each_leave_the_words_that_were_read(client):
    text = PolicyVersion.objects.current().text_in("vi")
    customer = register_customer(make_user(), details=DETAILS, accepted=text, agreed_to=[])
    client.force_login(customer.user)
    client.cookies["django_language"] = "en"

    client.post(reverse("edit_details"), {**DETAILS, "address": "Hà Nội"})
    client.post(reverse("confirm_details"))

    rows = list(customer.accuracy_declarations.all())
    assert [(row.occasion, row.language) for row in rows] == [
        ("sign_up", "vi"),
        ("change", "en"),
        ("review", "en"),
    ]
    with translation.override("en"):
        assert rows[1].wording == wording()
    assert rows[0].wording_sha256 == sha256(rows[0].wording) != rows[1].wording_sha256
    customer.refresh_from_db()
    assert customer.declared_at == rows[-1].at


@pytest.mark.parametrize("name", ["edit_details", "confirm_details"])
def test_the_page_shows_what_is_declared(client, customer, name):
    with translation.override("vi"):
        assert wording() in client.get(reverse(name)).content.decode()


def test_whoever_declared_it_long_ago_is_asked_once_and_again_after_the_next_time(customer):
    declared_days_ago(customer, 364)
    assert ask_for_accuracy() == asked() == 0

    declared_days_ago(customer, 367)
    assert ask_for_accuracy() == 1
    assert ask_for_accuracy() == 0
    assert asked() == 1

    later = timezone.now() + timedelta(days=800)
    confirm_details(customer)
    assert ask_for_accuracy(at=later) == 1
    assert asked() == 2


def test_nobody_is_asked_who_cannot_answer_or_when_the_company_does_not_ask(customer):
    declared_days_ago(customer, 400)
    Company.objects.update(accuracy_months=0)
    assert ask_for_accuracy() == 0

    Company.objects.update(accuracy_months=12)
    make_customer(closed_days_ago=3)
    make_customer(user=None)
    declared_days_ago(customer, 1)
    assert ask_for_accuracy() == 0


def test_the_overview_asks_until_it_is_confirmed(client, customer):
    declared_days_ago(customer, 400)
    link = reverse("confirm_details")
    assert link in client.get(reverse("overview")).content.decode()

    client.post(link)

    assert link not in client.get(reverse("overview")).content.decode()


def test_looking_confirms_nothing(client, customer):
    client.get(reverse("confirm_details"))
    assert not AccuracyDeclaration.objects.exists()


def test_a_closed_account_confirms_nothing():
    with pytest.raises(AccountClosed):
        confirm_details(make_customer(closed_days_ago=1))


def test_a_declaration_can_neither_be_changed_nor_deleted(customer):
    confirm_details(customer)
    for change in (
        lambda: AccuracyDeclaration.objects.update(wording="x"),
        lambda: AccuracyDeclaration.objects.all().delete(),
    ):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            change()


def test_two_runs_at_once_ask_each_customer_once(portal):
    for _number in range(5):
        declared_days_ago(make_customer(), 400)

    outcomes = at_once(ask_for_accuracy, ask_for_accuracy)

    assert sum(outcomes) == asked() == 5


def test_sp_19_is_kept_at_risk_or_broken(customer):
    load_profile("speedsms")
    declared_days_ago(customer, 1)
    assert answer_of("SP-19") == ("kept", 0, "customers")

    declared_days_ago(customer, 400)
    assert answer_of("SP-19") == ("broken", 1, "customers")

    ask_for_accuracy()
    assert answer_of("SP-19") == ("kept", 0, "customers")
    Customer.objects.update(accuracy_asked_at=timezone.now() - timedelta(days=31))
    assert answer_of("SP-19") == ("at_risk", 1, "customers")
