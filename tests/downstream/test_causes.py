"""What happens to a customer is ordered from each system that it concerns, once, with no value."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.assistance import change_for_customer
from accounts.closed_pages import token_of
from accounts.closing import close_account
from accounts.consents import decide_consent, write_consent
from accounts.details import correct_details, follow_email
from accounts.erasure import erase_category, erase_detail
from accounts.merging import approve_merge, ask_merge
from accounts.models import ConsentDecision, KnownDevice
from accounts.reopening import change_mind
from common.personal_data import DataCategory
from downstream.causes import order_erasure
from downstream.models import Order, OrderKind
from downstream.systems import retire_system
from hosting.models import HostedService
from policies.models import Company, Purpose
from privacyportal.roles import COMPLAINT_OFFICER, DPO
from retention.models import Remainder, Tombstone
from retention.purge import erase_unverified_sign_ups, purge_closed_accounts
from tests.downstream.conftest import make_system
from tests.factories import approve, close_in_the_past, make_customer, make_hold, make_staff

pytestmark = pytest.mark.django_db


def orders(**which):
    """Kind, system and what is said, of orders, in the order in which they were written."""
    rows = Order.objects.filter(**which).select_related("system").order_by("pk")
    return [(row.kind, row.system.name, row.data) for row in rows]


def purpose(code="newsletter"):
    return Purpose.objects.get(code=code)


def test_the_purge_of_a_customer_orders_the_erasure_from_each_system_by_every_id(client):
    crm = make_system(name="CRM")
    make_system(name="Hosting", data_categories=["hosted_content"])
    make_system(name="Mailing", kinds=["withdrawal"])
    retire_system(make_system(name="Old"), by=crm.responsible)
    officer, customer = make_staff(COMPLAINT_OFFICER), make_customer()
    duplicate = make_customer(user=None)
    merge = ask_merge(customer, duplicate=duplicate.public_id, reason="x", by=officer)
    approve_merge(merge, by=make_staff(DPO))
    for reference in ("web-1", "web-2", None):
        HostedService.objects.create(
            customer=customer, kind="vps", label="x", external_id=reference
        )
    other = make_customer(closed_days_ago=0)
    close_in_the_past(customer, days=3000)
    approve(customer.closing_rule)
    Order.objects.all().delete()
    note = Order.objects.create(
        system=crm, kind="correction", subject=customer.public_id, cause="x", state="acknowledged",
        at=timezone.now(), due_on=timezone.localdate(), acknowledged_at=timezone.now(),
        note=f"asked {customer.full_name}",
    )  # fmt: skip

    purge_closed_accounts()

    ids = {customer.public_id, duplicate.public_id}
    assert set(Tombstone.objects.values_list("public_id", flat=True)) == ids
    known = {"references": ["web-1", "web-2"]}
    assert orders(kind="erasure", subject=customer.public_id) == [
        ("erasure", "CRM", {}), ("erasure", "Hosting", known)
    ]  # fmt: skip
    assert len(orders(kind="erasure", subject=duplicate.public_id)) == 2
    assert orders(subject=other.public_id) == []
    note.refresh_from_db()
    assert note.note == ""
    page = client.get(f"/closed/{token_of(duplicate.public_id)}/").content.decode()
    assert page.count("Xóa toàn bộ dữ liệu về bạn") == 2
    run = Tombstone.objects.first().run
    assert (run.residue, run.searched_at is None) == ([], False)


def test_what_a_hold_keeps_here_is_excepted_there_and_ordered_once_it_goes():
    make_system(name="CRM", data_categories=["contact"])
    make_system(name="Hosting", data_categories=["contact", "hosted_content"])
    customer = make_customer()
    HostedService.objects.create(customer=customer, kind="vps", label="x", external_id="web-1")
    close_in_the_past(customer, days=3000)
    approve(customer.closing_rule)
    hold = make_hold(customer, category="hosted_content")

    purge_closed_accounts()
    Remainder.objects.update(looked_at=timezone.now() - timedelta(days=60))
    purge_closed_accounts()
    excepted = ("erasure", "Hosting", {"except": ["hosted_content"]})
    assert orders() == [("erasure", "CRM", {}), excepted]

    hold.released_by, hold.released_at = make_staff(DPO), timezone.now() - timedelta(days=9)
    hold.save()
    purge_closed_accounts()
    assert Tombstone.objects.count() == 1
    assert orders()[2:] == [("erasure", "Hosting", {"references": ["web-1"]})]


def test_many_are_ordered_in_as_many_statements_as_one_and_repeated_adds_nothing(db):
    make_system(name="CRM"), make_system(name="Hosting", data_categories=["hosted_content"])
    people = [make_customer(closed_days_ago=1).pk for _ in range(20)]

    def statements(some):
        with CaptureQueriesContext(connection) as asked:
            order_erasure(some)
        return len(asked)

    assert statements(people[:1]) == statements(people)
    assert Order.objects.count() == 40


def test_who_never_proved_the_address_is_told_to_nobody(db):
    make_system()
    make_customer(opened_at=timezone.now() - timedelta(days=30))

    assert erase_unverified_sign_ups() == 1
    assert orders() == []


def test_a_consent_that_ends_is_told_to_who_uses_data_for_its_purpose(db):
    make_system(name="Mailing", purposes=[purpose()])
    make_system(name="CRM")
    customer = make_customer()

    decide_consent(customer, purpose(), decision=ConsentDecision.GIVEN, by=customer.user)
    assert orders() == []
    decide_consent(customer, purpose(), decision=ConsentDecision.WITHDRAWN, by=customer.user)
    write_consent(customer, purpose(), ConsentDecision.EXPIRED, by=None, channel="portal")

    assert orders() == [("withdrawal", "Mailing", {"purpose": "newsletter"})] * 2


def test_closing_restricts_and_opening_again_lifts_it_each_once(db):
    Company.objects.update(grace_days=7)
    make_system()
    customer = make_customer(is_verified=True)

    close_account(customer, by=customer.user)
    close_account(customer, by=customer.user)
    change_mind(customer)
    change_mind(customer)

    assert orders() == [("restriction", "CRM", {}), ("reopening", "CRM", {})]
    assert Order.objects.first().state == "task"


def test_what_changes_is_told_by_name_to_who_holds_that_kind_of_data(db):
    Company.objects.update(required_fields=["full_name", "email"])
    make_system(name="CRM", data_categories=["contact"])
    make_system(name="Statistics", data_categories=["device"])
    customer, officer = make_customer(is_verified=True), make_staff(COMPLAINT_OFFICER)

    correct_details(customer, details={"phone": "+84912345678"}, by=customer.user)
    correct_details(customer, details={"phone": "+84912345678"}, by=customer.user)
    follow_email(customer.user, "moi@example.com")
    erase_detail(customer, "address", by=customer.user)
    change_for_customer(
        customer,
        details={"full_name": "Trần Thị Mới"},
        email="khac@example.com",
        erase=["phone"],
        reason="x",
        by=officer,
        kind="call_back",
        channel="phone",
        result="proved",
    )

    def said(*details):
        return {"category": "contact", "details": list(details)}

    assert orders() == [
        ("correction", "CRM", said("phone")),
        ("correction", "CRM", said("email")),
        ("detail_erasure", "CRM", said("address")),
        ("correction", "CRM", said("full_name")),  # the address waits for its owner
        ("detail_erasure", "CRM", said("phone")),
    ]
    assert OrderKind.CORRECTION in Order.objects.first().system.kinds


def test_a_kind_of_data_that_is_erased_is_told_as_a_whole(db):
    make_system(name="Statistics", data_categories=["device"])
    customer = make_customer()
    KnownDevice.objects.create(user=customer.user, cookie_hash="x" * 64)

    assert erase_category(customer, DataCategory.DEVICE, by=customer.user) == 1

    said = {"category": "device", "details": []}
    assert orders() == [("detail_erasure", "Statistics", said)]
