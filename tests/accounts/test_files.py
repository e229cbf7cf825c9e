from threading import Event

import pytest
from django.db import transaction

from accounts.files import file_key
from accounts.models import Customer
from common.models import FileKey
from retention.purge import erase
from tests.factories import make_customer
from tests.threads import at_once


@pytest.mark.django_db
def test_an_erased_customers_key_is_destroyed_and_no_others():
    going, staying = make_customer(), make_customer()
    kept = file_key(staying).secret
    file_key(going)

    with transaction.atomic():
        erase([going.pk])

    assert FileKey.objects.get().owner == staying.public_id
    assert file_key(staying).secret == kept
    with pytest.raises(Customer.DoesNotExist):
        file_key(going)


@pytest.mark.django_db(transaction=True)
def test_no_key_comes_back_while_its_customer_is_erased(portal):
    customer = make_customer()
    file_key(customer)
    erased, asked = Event(), Event()

    def purge():
        with transaction.atomic():
            Customer.objects.select_for_update(of=("self",)).get(pk=customer.pk)
            erase([customer.pk])
            erased.set()
            asked.wait(1)

    def ask():
        assert erased.wait(10)
        try:
            return file_key(Customer(pk=customer.pk, public_id=customer.public_id))
        finally:
            asked.set()

    _purged, answer = at_once(purge, ask)

    assert isinstance(answer, Customer.DoesNotExist)
    assert not FileKey.objects.exists()
