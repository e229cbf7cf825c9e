"""What the erased get to prove it."""

import json
from datetime import timedelta

import pytest
from django.db.models import F
from django.urls import reverse
from django.utils import timezone

from accounts.closed_pages import token_of
from accounts.models import Customer
from common.documents import read_file
from policies.retention import rule_after_closing
from privacyportal.roles import DPO
from retention.certificates import digest_of
from retention.models import LegalHold, PurgeRun, Remainder
from retention.portraits import portray
from retention.purge import purge_closed_accounts
from tests.factories import approve, make_customer, make_hold, make_staff
from tests.retention.planting import make_full_customer

pytestmark = pytest.mark.django_db


@pytest.fixture
def approved():
    return approve(rule_after_closing(timezone.localdate()))


@pytest.fixture
def erased(approved):
    customer = make_customer(closed_days_ago=370)
    purge_closed_accounts()
    return customer


def address(customer, form):
    return reverse(f"erasure_certificate_{form}", args=[token_of(customer.public_id)])


@pytest.mark.parametrize("form", ["pdf", "json"])
def test_the_certificate_is_offered_signed_and_checked_on_the_public_page(client, erased, form):
    page = client.get(reverse("closed_account", args=[token_of(erased.public_id)]))
    assert address(erased, form) in page.text

    PurgeRun.objects.update(searched_at=F("searched_at") - timedelta(hours=1))
    document = read_file(client.get(address(erased, form)).content)

    run = PurgeRun.objects.get()
    # the same whenever it is fetched
    assert document.issued_at == run.searched_at.replace(microsecond=0)
    content = document.content
    assert content["pii_principal_id"] == erased.public_id
    assert content["kept_until"] == erased.kept_until.isoformat()
    assert content["rows"] == {"account": 1, "contact": 1}
    assert (content["rule"]["months"], content["run"]["sha256"]) == (12, digest_of(run))
    assert not {erased.full_name, erased.email} & set(json.dumps(content).split('"'))
    shown = client.post(reverse("verify"), {"text": document.text}).text
    assert digest_of(run) in shown
    assert f"{erased.kept_until:%d/%m/%Y}" in shown


def test_what_a_first_run_took_while_a_part_was_held_is_certified_with_the_rest(client, approved):
    customer = make_full_customer("zqvkxw", closed_days_ago=370)
    Remainder.objects.all().delete()
    there = dict(portray(Customer.objects.with_former_ids()).rows[customer.pk])
    hold = make_hold(customer, category="call_recording")
    there["account"] += 1  # the hold
    first = purge_closed_accounts()[0]
    LegalHold.objects.filter(pk=hold.pk).update(
        released_by=make_staff(DPO), released_at=timezone.now() - timedelta(days=2)
    )
    last = purge_closed_accounts()[0]

    content = read_file(client.get(address(customer, "json")).content).content

    assert (first.partly, last.erased, content["rows"]) == (1, 1, there)
    digests = [run["sha256"] for run in [*content["earlier_runs"], content["run"]]]
    assert digests == [digest_of(first), digest_of(last)]
    PurgeRun.objects.filter(pk=first.pk).update(partly=2)
    assert digest_of(PurgeRun.objects.get(pk=first.pk)) != digests[0]
    PurgeRun.objects.filter(pk=first.pk).update(residue=["redis"])
    assert client.get(address(customer, "json")).status_code == 404


def test_a_run_that_left_something_or_could_not_look_certifies_nothing(client, erased):
    for doubt in ({"residue": ["redis"]}, {"residue": [], "searched_at": None}):
        PurgeRun.objects.update(**doubt)
        page = client.get(reverse("closed_account", args=[token_of(erased.public_id)]))
        assert (page.status_code, address(erased, "pdf") in page.text) == (200, False)
        assert client.get(address(erased, "pdf")).status_code == 404


def test_who_is_a_customer_still_has_no_certificate(client):
    customer = make_customer(closed_days_ago=10)
    assert client.get(address(customer, "pdf")).status_code == 404
