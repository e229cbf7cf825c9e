"""Customers erase single details, or all of a kind."""

import pytest
from django.urls import reverse

from accounts import erasure
from accounts.details import correct_details
from accounts.exceptions import AccountClosed, ErasureRefused
from accounts.merging import approve_merge, ask_merge, claim_record, differences_of
from accounts.models import Customer
from common.personal_data import DataCategory
from notices.models import Notice
from policies.models import Company
from privacyportal.roles import COMPLAINT_OFFICER, DPO
from retention.services import place_hold
from tests.factories import make_customer, make_staff
from tests.threads import at_once

pytestmark = pytest.mark.django_db

SECRET = "99 Bí Mật, Huế"


@pytest.fixture
def customer(client):
    customer = make_customer(address=SECRET)
    client.force_login(customer.user)
    return customer


def hold(customer):
    place_hold(
        customer.public_id, authority="Tòa án", document="12/QĐ", reason="vụ án", by=make_staff(DPO)
    )


def addresses(customer):
    return [row.address for row in Customer.history.filter(public_id=customer.public_id)]


def test_an_erased_detail_is_gone_from_the_history_too_and_a_neighbours_stays(client, customer):
    neighbour = make_customer(address=SECRET)
    correct_details(
        customer,
        details={"full_name": "Ưng", "phone": customer.phone, "address": f"{SECRET} 2"},
        by=customer.user,
    )

    response = client.post(reverse("erase_detail", args=["address"]))

    assert response.url == reverse("data")
    customer.refresh_from_db()
    assert customer.address == ""
    assert set(addresses(customer)) == {""}
    assert SECRET in addresses(neighbour)
    last = customer.history.latest()
    assert (last.history_change_reason, last.history_user) == ("address erased", customer.user)
    assert Notice.objects.filter(template="details_changed").count() == 2


@pytest.mark.parametrize("is_claim", [True, False])
def test_what_is_erased_is_gone_from_records_that_were_merged_too(client, is_claim):
    recorded = make_customer(email="mai@example.com", user=None, address="1 Cũ, Huế")
    duplicate = make_customer(email="mai@example.com", address=SECRET)
    if is_claim:
        claim_record(duplicate.user, "mai@example.com")
    else:
        asked = ask_merge(
            recorded, duplicate=duplicate.public_id, reason="x", by=make_staff(COMPLAINT_OFFICER)
        )
        approve_merge(asked, by=make_staff(DPO))
    customer = Customer.objects.get()
    client.force_login(customer.user)

    client.post(reverse("erase_detail", args=["address"]))

    assert {row.address for row in Customer.history.all()} == {""}
    assert "address" not in [each.name for each in differences_of(customer)]


def test_what_was_emptied_before_is_erased_from_the_history(client, customer):
    correct_details(
        customer,
        details={"full_name": "Ưng", "phone": customer.phone, "address": ""},
        by=customer.user,
    )
    assert SECRET in addresses(customer)

    client.post(reverse("erase_detail", args=["address"]))
    assert set(addresses(customer)) == {""}

    page = client.post(reverse("erase_detail", args=["address"]), follow=True).content.decode()
    assert "Không lưu giữ dữ liệu nào" in page


@pytest.mark.parametrize("name", ["full_name", "email", "phone"])
def test_a_detail_that_the_account_needs_says_why_it_stays(client, customer, name):
    page = client.get(reverse("erase_detail", args=[name])).content.decode()
    client.post(reverse("erase_detail", args=[name]))

    assert "đóng tài khoản" in page
    before = getattr(customer, name)
    customer.refresh_from_db()
    assert getattr(customer, name) == before != ""


def test_nothing_is_erased_under_a_legal_hold(client, customer):
    hold(customer)

    page = client.post(reverse("erase_detail", args=["address"])).content.decode()

    assert "Chưa thể xóa" in page
    customer.refresh_from_db()
    assert customer.address == SECRET


def test_looking_at_the_page_erases_nothing(client, customer):
    client.get(reverse("erase_detail", args=["address"]))
    customer.refresh_from_db()
    assert customer.address == SECRET


@pytest.mark.parametrize("name", ["nonsense", "pk", "closed_at", "user"])
def test_what_is_no_detail_is_not_there(client, customer, name):
    assert client.post(reverse("erase_detail", args=[name])).status_code == 404


def test_a_closed_account_is_left_to_the_purge():
    with pytest.raises(AccountClosed):
        erasure.erase_detail(make_customer(closed_days_ago=1), "address", by=None)


def test_what_the_company_requires_stays(customer):
    Company.objects.update(required_fields=["full_name", "email", "address"])
    with pytest.raises(ErasureRefused):
        erasure.erase_detail(customer, "address", by=customer.user)


def test_a_kind_that_can_go_is_erased_from_a_link_on_the_page(client, customer):
    Company.objects.update(required_fields=["full_name", "email"])
    page = client.get(reverse("data")).text
    erasable = erasure.erasable_categories()
    assert {each for each in DataCategory if f"/me/data/{each}/#erase" in page} == erasable - {
        DataCategory.DECLARED,  # of which nothing is held
        DataCategory.DEVICE,
    }

    client.post(reverse("erase_category", args=["contact"]))

    customer.refresh_from_db()
    assert (customer.phone, customer.address) == ("", "")
    assert customer.full_name
    assert customer.email
    assert set(addresses(customer)) == {""}
    assert Notice.objects.filter(template="details_changed").count() == 1


def test_of_the_contact_details_only_those_go_that_the_company_does_not_need(client, customer):
    Company.objects.update(required_fields=["full_name", "email", "phone"])
    client.post(reverse("erase_category", args=["contact"]))
    kept = customer.phone
    customer.refresh_from_db()
    assert (customer.phone, customer.address) == (kept, "")

    Company.objects.update(required_fields=["full_name", "email", "phone", "address"])
    assert "/me/data/contact/#erase" not in client.get(reverse("data")).text
    with pytest.raises(ErasureRefused):
        erasure.erase_category(customer, DataCategory.CONTACT, by=customer.user)


def test_a_kind_that_stays_with_the_account_says_so(client, customer):
    response = client.post(reverse("erase_category", args=["complaint"]), follow=True)
    assert "đóng tài khoản" in response.content.decode()
    with pytest.raises(ErasureRefused):
        erasure.erase_category(customer, DataCategory.CONSENT, by=customer.user)


def test_a_hold_stands_before_the_erasure_or_comes_after_it(portal):
    customer = make_customer(address=SECRET)

    def erase():
        try:
            erasure.erase_detail(Customer.objects.get(pk=customer.pk), "address", by=customer.user)
        except ErasureRefused:
            return "refused"
        return "erased"

    outcome, _held = at_once(erase, lambda: hold(customer))

    customer.refresh_from_db()
    assert customer.address == {"refused": SECRET, "erased": ""}[outcome]
