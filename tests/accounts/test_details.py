import re

import pytest
from django.urls import reverse

from accounts.details import correct_details
from notices.models import Notice
from policies.models import Company
from tests.clients import initial
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


def test_a_form_that_was_opened_before_another_change_undoes_nothing_of_it(client):
    customer = make_customer(**DETAILS)
    client.force_login(customer.user)
    page = client.get(reverse("edit_details")).text
    shown = re.findall(r'<input type="hidden" name="(initial-\w+)" value="([^"]*)"', page)
    assert dict(shown).keys() >= {"initial-full_name", "initial-phone", "initial-address"}
    elsewhere = {"phone": "+84987654321", "address": "2 Trần Phú, Huế"}
    correct_details(customer, details=elsewhere, by=customer.user)

    client.post(reverse("edit_details"), {**dict(shown), **DETAILS, "full_name": "Trần Mai"})

    customer.refresh_from_db()
    assert {name: getattr(customer, name) for name in DETAILS} == {
        "full_name": "Trần Mai",
        **elsewhere,
    }


def test_what_is_asked_no_longer_stays_as_it_is_when_the_form_is_saved(client):
    Company.objects.update(required_fields=["full_name", "email"], optional_fields=[])
    customer = make_customer(**DETAILS)
    client.force_login(customer.user)
    shown = initial(client.get(reverse("edit_details")).context["form"])
    assert {"full_name"} == {name.removeprefix("initial-") for name in shown}

    client.post(reverse("edit_details"), {**shown, "full_name": "Trần Mai", "address": "Huế"})

    customer.refresh_from_db()
    assert {name: getattr(customer, name) for name in DETAILS} == DETAILS | {
        "full_name": "Trần Mai"
    }


def test_a_detail_that_is_emptied_in_the_form_goes(client):
    customer = make_customer(**DETAILS)
    client.force_login(customer.user)
    shown = initial(client.get(reverse("edit_details")).context["form"])
    required = customer.full_name, customer.phone

    client.post(reverse("edit_details"), {**shown, **DETAILS, "address": ""})

    customer.refresh_from_db()
    assert (customer.full_name, customer.phone, customer.address) == (*required, "")
