"""The inventory keeps what it is told, and forgets it for good."""

import pytest
from django.db import DataError, IntegrityError, transaction
from django.utils import timezone

from accounts.closing import close_account
from accounts.exceptions import AccountClosed
from hosting.exceptions import ServiceRefused
from hosting.models import HostedService
from hosting.services import add_service, correct_service, erase_service
from privacyportal.roles import DPO
from retention.services import place_hold
from tests.factories import make_customer, make_staff
from tests.hosting.conftest import make_service
from tests.threads import at_once

pytestmark = pytest.mark.django_db

VALUES = {"kind": "vps", "label": "Máy chủ"}


@pytest.mark.parametrize("name", ["label", "host", "description"])
def test_the_database_has_no_room_for_content(name, customer):
    service = make_service(customer)
    with pytest.raises(DataError), transaction.atomic():
        HostedService.objects.filter(pk=service.pk).update(**{name: "x" * 600})


def test_the_database_takes_no_end_before_the_start(customer):
    with pytest.raises(IntegrityError), transaction.atomic():
        make_service(customer, started_on="2026-02-01", ended_on="2026-01-01")


def test_an_entry_is_erased_with_its_history_and_a_neighbours_stays(customer):
    mine, other = make_service(customer), make_service(make_customer())
    correct_service(mine, {"label": "zq tên cũ"}, by=customer.user)

    erase_service(mine)

    assert HostedService.objects.get() == other
    assert set(HostedService.history.values_list("id", flat=True)) == {other.pk}


def test_a_legal_hold_keeps_an_entry(customer):
    service = make_service(customer)
    place_hold(
        customer.public_id, authority="Tòa án", document="1", reason="vụ án", by=make_staff(DPO)
    )
    with pytest.raises(ServiceRefused):
        erase_service(service)
    assert HostedService.objects.exists()


def test_a_closed_account_changes_nothing(customer):
    service = make_service(customer)
    close_account(customer, by=customer.user)
    with pytest.raises(AccountClosed):
        add_service(customer, VALUES, by=customer.user)
    with pytest.raises(AccountClosed):
        correct_service(service, {"label": "x"}, by=customer.user)
    with pytest.raises(AccountClosed):
        erase_service(service)


def test_a_correction_and_an_erasure_at_once_leave_no_history_behind(portal):
    customer = make_customer()
    service = make_service(customer)
    copy = HostedService.objects.get(pk=service.pk)

    at_once(
        lambda: correct_service(service, {"label": "khác"}, by=customer.user),
        lambda: erase_service(copy),
    )

    assert not HostedService.objects.exists()
    assert not HostedService.history.exists()


def test_the_last_service_of_a_customer_is_told_by_what_is_left(customer):
    today = timezone.localdate()
    first = make_service(customer, external_id="1", ended_on=today)
    last = make_service(customer, external_id="2")
    assert not HostedService.objects.last_of_their_customers().exists()
    HostedService.objects.filter(pk=last.pk).update(ended_on=today)
    assert HostedService.objects.last_of_their_customers().get() == last
    assert first != last

    own = make_service(customer)
    assert not HostedService.objects.last_of_their_customers().exists()
    own.delete()
    close_account(customer, by=customer.user)
    assert not HostedService.objects.last_of_their_customers().exists()
