"""A closed account gets no advertising, whoever closed it and whatever is imported later."""

import pytest

from accounts.closing import close_account, close_as_unnecessary
from accounts.reopening import change_mind
from marketing.models import Preference
from marketing.permission import Reason, may_contact
from marketing.suppression import marketing_purposes
from policies.loading import load_profile
from privacyportal.roles import DPO
from retention.purge import erase
from tests.factories import close_in_the_past, make_customer, make_staff

pytestmark = pytest.mark.django_db


def answers(email):
    return {may_contact(email, p).reason for p in marketing_purposes().filter(channel="email")}


def test_closing_is_a_refusal_of_all_marketing_that_outlives_the_data():
    customer = make_customer(email="mai@example.com")
    assert answers("mai@example.com") == {Reason.NO_CONSENT}

    close_account(customer, by=customer.user)
    assert answers("mai@example.com") == {Reason.REFUSED}
    assert Preference.objects.get().ads == "none"

    close_in_the_past(customer, 400)
    erase([customer.pk])
    assert answers("mai@example.com") == {Reason.REFUSED}


def test_so_is_a_closing_by_the_company_and_opening_again_does_not_take_it_back():
    load_profile("clever_group")
    customer = make_customer(email="mai@example.com")
    close_as_unnecessary(customer, by=make_staff(DPO))
    assert answers("mai@example.com") == {Reason.REFUSED}
    change_mind(customer)
    assert answers("mai@example.com") == {Reason.REFUSED}
