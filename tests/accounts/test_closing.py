from datetime import timedelta

import pytest
from django.db import IntegrityError

from accounts.closing import close_account
from accounts.consents import decide_consent
from accounts.details import correct_details
from accounts.exceptions import AccountClosed
from accounts.models import ConsentDecision, Customer
from notices.models import Notice
from policies.counting import add_months, local_day
from policies.models import Purpose
from tests.factories import make_customer

pytestmark = pytest.mark.django_db

DETAILS = {"full_name": "Trần Thị Mai", "phone": "+84912345678", "address": "1 Lê Lợi, Huế"}


def newsletter():
    return Purpose.objects.get(code="newsletter")


def ledger(customer):
    return list(customer.consents.values_list("purpose__code", "decision"))


def test_closing_says_until_when_ends_consents_and_sign_in_and_mails_once():
    customer = make_customer()
    decide_consent(customer, newsletter(), decision=ConsentDecision.GIVEN, by=customer.user)

    until = close_account(customer, by=customer.user)
    again = close_account(Customer.objects.get(pk=customer.pk), by=customer.user)

    customer.refresh_from_db()
    customer.user.refresh_from_db()
    assert until == again == add_months(local_day(customer.closed_at), 12)
    assert not customer.user.is_active
    assert customer.kept_until == until
    assert ledger(customer)[-1] == ("newsletter", "withdrawn")
    assert Notice.objects.filter(template="account_closed").count() == 1


def test_a_closed_account_is_read_only():
    customer = make_customer(closed_days_ago=3, full_name="Cũ")

    with pytest.raises(AccountClosed):
        correct_details(customer, details=DETAILS, by=customer.user)
    with pytest.raises(AccountClosed):
        decide_consent(customer, newsletter(), decision=ConsentDecision.GIVEN, by=customer.user)

    customer.refresh_from_db()
    assert customer.full_name == "Cũ"
    assert ledger(customer) == []


def test_an_account_cannot_close_before_it_opened():
    customer = make_customer()
    with pytest.raises(IntegrityError, match="customer_closed_after_opened"):
        Customer.objects.filter(pk=customer.pk).update(
            closed_at=customer.opened_at - timedelta(seconds=1)
        )
