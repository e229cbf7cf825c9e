import pytest

from accounts.details import correct_details
from notices.models import Notice
from tests.factories import make_customer

pytestmark = pytest.mark.django_db

DETAILS = {"full_name": "Trần Thị Mai", "phone": "+84912345678", "address": "1 Lê Lợi, Huế"}


def test_correcting_details_keeps_history_and_tells_the_customer_once():
    customer = make_customer(full_name="Cũ")

    changed = correct_details(customer, details=DETAILS, by=customer.user)

    assert changed == ["full_name", "phone", "address"]
    assert [row.full_name for row in customer.history.all()] == ["Trần Thị Mai", "Cũ"]
    assert customer.history.first().history_user == customer.user
    assert Notice.objects.get().recipient == customer.public_id


def test_correcting_nothing_leaves_no_trace():
    customer = make_customer(**DETAILS)

    assert correct_details(customer, details=DETAILS, by=customer.user) == []

    assert customer.history.count() == 1
    assert not Notice.objects.exists()
