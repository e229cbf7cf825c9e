"""What the erased get to prove it."""

import json

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.closed_pages import token_of
from common.documents import read_file
from policies.retention import rule_after_closing
from retention.certificates import digest_of
from retention.models import PurgeRun
from retention.purge import purge_closed_accounts
from tests.factories import approve, make_customer

pytestmark = pytest.mark.django_db


@pytest.fixture
def erased():
    approve(rule_after_closing(timezone.localdate()))
    customer = make_customer(closed_days_ago=370)
    purge_closed_accounts()
    return customer


def address(customer, form):
    return reverse(f"erasure_certificate_{form}", args=[token_of(customer.public_id)])


@pytest.mark.parametrize("form", ["pdf", "json"])
def test_the_certificate_is_offered_signed_and_checked_on_the_public_page(client, erased, form):
    page = client.get(reverse("closed_account", args=[token_of(erased.public_id)]))
    assert address(erased, form) in page.text

    file = client.get(address(erased, form)).content
    document = read_file(file)

    run = PurgeRun.objects.get()
    content = document.content
    assert content["pii_principal_id"] == erased.public_id
    assert content["kept_until"] == erased.kept_until.isoformat()
    assert content["rows"] == {"account": 1, "contact": 1}
    assert (content["rule"]["months"], content["run"]["sha256"]) == (12, digest_of(run))
    assert not {erased.full_name, erased.email} & set(json.dumps(content).split('"'))
    shown = client.post(reverse("verify"), {"text": document.text}).text
    assert digest_of(run) in shown
    assert f"{erased.kept_until:%d/%m/%Y}" in shown


def test_a_run_that_left_something_or_could_not_look_certifies_nothing(client, erased):
    for doubt in ({"residue": ["redis"]}, {"residue": [], "searched_at": None}):
        PurgeRun.objects.update(**doubt)
        page = client.get(reverse("closed_account", args=[token_of(erased.public_id)]))
        assert (page.status_code, address(erased, "pdf") in page.text) == (200, False)
        assert client.get(address(erased, "pdf")).status_code == 404


def test_who_is_a_customer_still_has_no_certificate(client):
    customer = make_customer(closed_days_ago=10)
    assert client.get(address(customer, "pdf")).status_code == 404
