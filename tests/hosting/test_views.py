"""Customers keep a list of what is hosted for them; it has no room for what is in it."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from common.cards import MASKED
from hosting import services
from hosting.models import HostedService
from policies.loading import load_profile
from tests.factories import make_customer
from tests.hosting.conftest import make_service

pytestmark = pytest.mark.django_db

GOOD = {
    "kind": "website",
    "label": "Trang bán hàng",
    "host": "shop.example.vn",
    "size_mb": "2048",
    "started_on": "2026-01-05",
    "ended_on": "",
    "description": "Phục vụ cửa hàng.",
    "submission": "a" * 32,
}


def page(client, name="hosting", *args):
    return client.get(reverse(name, args=args), headers={"accept-language": "en"})


def add(client, **changes):
    return client.post(reverse("add_hosted_service"), {**GOOD, **changes})


def test_what_is_added_stands_on_the_list_and_among_my_data(client, customer):
    assert add(client).url == reverse("hosting")

    service = HostedService.objects.get()
    assert (service.customer, service.size_mb, service.is_imported) == (customer, 2048, False)
    assert service.history.get().history_user == customer.user
    for shown in (page(client).text, page(client, "data").text):
        assert "Trang bán hàng" in shown
        assert "shop.example.vn" in shown
    assert "We keep these descriptions alone" in page(client).text
    assert "from you" in page(client, "data").text.lower()


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "nonsense"},
        {"label": ""},
        {"label": "x" * 101},
        {"label": "a\0b"},
        {"host": "two words"},
        {"host": "<script>"},
        {"host": "x" * 254},
        {"size_mb": "-1"},
        {"size_mb": "9" * 30},
        {"size_mb": "many"},
        {"started_on": "yesterday"},
        {"ended_on": "2026-01-04"},
        {"ended_on": str(timezone.localdate() + timedelta(days=2))},
        {"description": "x" * 501},
    ],
)
def test_what_is_wrong_is_said_and_nothing_typed_is_lost(changes, client, customer):
    response = add(client, **changes)

    assert response.context["form"].errors
    assert not HostedService.objects.exists()
    if "label" not in changes:
        assert "Trang bán hàng" in response.text


def test_a_file_that_is_sent_along_goes_nowhere(client, customer, tmp_path):
    content = tmp_path / "dump.sql"
    content.write_text("zq secret")
    with content.open() as file:
        add(client, content=file, description="Bản sao")

    assert "zq secret" not in str(HostedService.objects.values().get())


def test_card_numbers_are_masked(client, customer):
    add(client, label="4111 1111 1111 1111", description="5555 5555 5555 4444")
    service = HostedService.objects.get()
    assert (service.label, service.description) == (MASKED, MASKED)


def test_a_form_that_is_sent_twice_adds_one_and_with_other_words_another(client, customer):
    form = page(client, "add_hosted_service").context["form"]
    submission = form["submission"].value()
    add(client, submission=submission)
    assert add(client, submission=submission).url == reverse("hosting")
    entry = HostedService.objects.get()
    assert entry.history.count() == 1

    add(client, submission=submission, label="Cửa hàng")

    assert HostedService.objects.exclude(pk=entry.pk).get().label == "Cửa hàng"


def test_what_has_ended_keeps_its_last_day(client, customer):
    service = make_service(customer, ended_on="2026-01-05")
    client.post(reverse("end_hosted_service", args=[service.public_id]))
    service.refresh_from_db()
    assert str(service.ended_on) == "2026-01-05"
    assert service.history.count() == 1


def test_it_is_corrected_ended_and_erased(client, customer):
    service = make_service(customer)
    address = service.get_absolute_url()

    client.post(address, {**GOOD, "label": "Cửa hàng"})
    service.refresh_from_db()
    assert (service.label, service.host) == ("Cửa hàng", "shop.example.vn")
    client.post(reverse("end_hosted_service", args=[service.public_id]))
    service.refresh_from_db()
    assert service.ended_on == timezone.localdate()
    client.post(reverse("erase_hosted_service", args=[service.public_id]))
    assert not HostedService.objects.exists()
    assert not HostedService.history.exists()


def test_of_what_the_system_reports_the_description_alone_is_the_customers(client, customer):
    service = make_service(customer, external_id="vps-1")
    address = service.get_absolute_url()
    assert "label" not in client.get(address).context["form"].fields

    client.post(address, {**GOOD, "label": "Khác"})
    client.post(reverse("end_hosted_service", args=[service.public_id]))
    client.post(reverse("erase_hosted_service", args=[service.public_id]))

    service.refresh_from_db()
    assert (service.label, service.description) == ("Trang bán hàng", "Phục vụ cửa hàng.")
    assert service.is_running
    HostedService.objects.update(ended_on=timezone.localdate())
    client.post(reverse("erase_hosted_service", args=[service.public_id]))
    assert not HostedService.objects.exists()


@pytest.mark.parametrize("name", ["hosted_service", "end_hosted_service", "erase_hosted_service"])
def test_nobody_elses_entry_is_there(name, client, customer):
    theirs = make_service(make_customer(), label="zqvkxwp của người khác")
    address = reverse(name, args=[theirs.public_id])

    assert client.post(address, GOOD).status_code == 404
    assert client.get(theirs.get_absolute_url()).status_code == 404
    assert "zqvkxwp" not in page(client).text
    theirs.refresh_from_db()
    assert (theirs.label, theirs.is_running) == ("zqvkxwp của người khác", True)


@pytest.mark.parametrize("number", [1, 3])
def test_the_list_asks_no_more_for_more_services(
    number, client, customer, django_assert_num_queries
):
    for _ in range(number):
        make_service(customer)
    page(client)  # what is asked once a session

    with django_assert_num_queries(6):
        page(client)


def test_a_customer_enters_so_many_and_no_more(client, customer, monkeypatch):
    monkeypatch.setattr(services, "MOST_ENTERED", 2)
    make_service(customer, external_id="vps-1")
    add(client, submission="1" * 32)
    add(client, submission="2" * 32)
    assert add(client).context["form"].errors
    assert HostedService.objects.count() == 3


def test_a_company_that_hosts_nothing_has_no_such_page(client, customer):
    assert 'href="/me/hosting/"' in page(client, "overview").text
    load_profile("speedsms")

    assert page(client).status_code == 404
    assert page(client, "add_hosted_service").status_code == 404
    assert 'href="/me/hosting/"' not in page(client, "overview").text
    assert "Hosted content" not in page(client, "data").text
    make_service(customer)
    assert page(client).status_code == 200
