import pytest
from django.core.management import call_command

from accounts.closing import close_account
from accounts.models import Customer, User
from policies.counting import add_months, local_day

pytestmark = pytest.mark.django_db


def test_they_come_once_and_not_again_when_one_has_left(capsys):
    call_command("sample_people")
    assert "customer@example.com" in capsys.readouterr().out
    customer = Customer.objects.get(email="customer@example.com")
    close_account(customer, by=customer.user)
    people = User.objects.count()

    call_command("sample_people")

    assert capsys.readouterr().out == ""
    assert User.objects.count() == people


def test_the_account_that_was_closed_long_ago_is_kept_for_its_twelve_months():
    call_command("sample_people")
    closed = Customer.objects.exclude(closed_at=None).get()
    assert closed.kept_until == add_months(local_day(closed.closed_at), 12)
