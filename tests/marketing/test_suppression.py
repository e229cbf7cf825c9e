"""The list of those who must not be contacted."""

import re
from datetime import timedelta

import pytest
import time_machine
from allauth.account.models import EmailAddress
from allauth.account.signals import email_confirmed
from django.core import mail
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.closing import close_account
from accounts.consents import decide_consent
from accounts.models import ConsentDecision, Customer
from common.encryption.keyring import KeyRing
from common.encryption.rotation import rotate, rotations
from marketing.contacts import contact_hash
from marketing.models import Suppression, SuppressionReason
from marketing.refusal import refuse_marketing
from marketing.suppression import suppress, suppressions_of
from notices.services import send_due_notices
from policies.models import Purpose
from retention.purge import purge_closed_accounts
from tests.factories import PASSWORD, approve, close_in_the_past, make_customer

pytestmark = pytest.mark.django_db

ADDRESS = "mai@example.com"


def purpose(code="newsletter"):
    return Purpose.objects.get(code=code)


def decide(customer, decision, code="newsletter"):
    decide_consent(customer, purpose(code), decision=ConsentDecision(decision), by=customer.user)


def is_suppressed(contact, code="newsletter"):
    return suppressions_of([contact], purpose(code)).exists()


def refused(address=ADDRESS):
    """A customer who consented, and then withdrew."""
    customer = make_customer(email=address, is_verified=True)
    decide(customer, "given")
    decide(customer, "withdrawn")
    return customer


def test_a_withdrawal_is_remembered_and_a_new_consent_lifts_it():
    customer = refused()
    assert is_suppressed(ADDRESS)

    decide(customer, "given")

    assert not is_suppressed(ADDRESS)
    row = Suppression.objects.get()
    assert (row.reason, row.channel) == ("refused", "email")
    assert row.lifted_at is not None


def test_refusing_again_after_a_consent_is_a_refusal_of_its_own():
    customer = refused()
    decide(customer, "given")

    decide(customer, "withdrawn")

    assert is_suppressed(ADDRESS)
    assert Suppression.objects.count() == 2


def test_a_refusal_concerns_its_purpose_alone():
    customer = refused()
    decide(customer, "given", "partner_offers")

    assert is_suppressed(ADDRESS)
    assert not is_suppressed(ADDRESS, "partner_offers")


def test_advertising_knows_the_address_and_the_number():
    customer = make_customer(is_verified=True)
    decide(customer, "given", "partner_offers")
    decide(customer, "withdrawn", "partner_offers")

    assert is_suppressed(customer.email, "partner_offers")
    assert is_suppressed(customer.phone, "partner_offers")


def test_a_purpose_without_contact_suppresses_nobody():
    customer = make_customer(is_verified=True)
    decide(customer, "given", "market_research")
    decide(customer, "withdrawn", "market_research")

    assert not Suppression.objects.exists()


def test_the_list_holds_no_address_and_no_number_in_clear():
    customer = make_customer(email=ADDRESS, phone="+84912345560", is_verified=True)
    refuse_marketing(customer, by=customer.user)

    with connection.cursor() as cursor:
        cursor.execute("SELECT s::text FROM marketing_suppression s")
        rows = " ".join(text for (text,) in cursor.fetchall())

    assert contact_hash(ADDRESS) in rows  # the right table was read
    for clear in (ADDRESS, "912345560", customer.public_id, customer.full_name):
        assert clear not in rows


def test_it_outlives_the_erasure_and_meets_whoever_brings_the_address_back():
    customer = refused()
    decide(customer, "given")
    close_account(customer, by=customer.user)
    close_in_the_past(customer, 500)
    approve(customer.closing_rule)

    purge_closed_accounts()

    assert not Customer.objects.exists()
    assert is_suppressed(ADDRESS)
    make_customer(email=ADDRESS, is_verified=True)  # imported anew
    assert is_suppressed(ADDRESS)


def test_a_second_account_of_the_same_number_does_not_bring_calls_back():
    one = make_customer(phone="+84912345560", is_verified=True)
    decide(one, "given", "partner_offers")
    decide(one, "withdrawn", "partner_offers")

    make_customer(phone="+84912345560", is_verified=True)

    assert is_suppressed("+84912345560", "partner_offers")


def test_letters_in_another_case_are_the_same_address():
    refused()
    assert is_suppressed("Mai@Example.COM")


def test_it_stands_when_the_keys_of_the_ring_change(settings):
    ring = settings.ENCRYPTION_KEYS
    refused()
    settings.ENCRYPTION_KEYS = KeyRing({"new": b"n" * 32, **ring.keys})
    for rotation in rotations():
        rotate(rotation)
    settings.ENCRYPTION_KEYS = KeyRing({"new": b"n" * 32})

    assert is_suppressed(ADDRESS)
    suppress([contact_hash("other@example.com")], purpose(), reason=SuppressionReason.REFUSED)
    assert is_suppressed("other@example.com")


def test_an_older_consent_does_not_lift_a_later_refusal():
    customer = make_customer(email=ADDRESS)
    decide(customer, "given")
    suppress([contact_hash(ADDRESS)], purpose(), reason=SuppressionReason.UNSUBSCRIBED)

    EmailAddress.objects.create(user=customer.user, email=ADDRESS, verified=False)
    confirm(customer)

    assert is_suppressed(ADDRESS)


def test_a_refusal_that_is_repeated_counts_from_then():
    with time_machine.travel(timezone.now() - timedelta(days=9)):
        suppress([contact_hash(ADDRESS)], purpose(), reason=SuppressionReason.REFUSED)
    with time_machine.travel(timezone.now() - timedelta(days=5)):
        customer = make_customer(email=ADDRESS)
        decide(customer, "given")  # counts once the address is proved
    suppress([contact_hash(ADDRESS)], purpose(), reason=SuppressionReason.UNSUBSCRIBED)

    EmailAddress.objects.create(user=customer.user, email=ADDRESS, verified=False)
    confirm(customer)

    assert is_suppressed(ADDRESS)
    assert Suppression.objects.get().reason == "unsubscribed"


def confirm(customer):
    address = EmailAddress.objects.get(user=customer.user)
    address.set_verified()
    email_confirmed.send(sender=EmailAddress, request=None, email_address=address)


def test_whoever_has_not_proved_the_address_lifts_nothing():
    suppress([contact_hash(ADDRESS)], purpose(), reason=SuppressionReason.REFUSED)
    impostor = make_customer(email=ADDRESS)

    decide(impostor, "given")

    assert is_suppressed(ADDRESS)


class TestSigningUpAgain:
    """With an address on the list."""

    @pytest.fixture(autouse=True)
    def listed(self):
        suppress([contact_hash(ADDRESS)], purpose(), reason=SuppressionReason.REFUSED)

    def sign_up(self, client, **consents):
        page = client.get(reverse("account_signup"))
        client.post(
            reverse("account_signup"),
            {
                "full_name": "Trần Thị Mai",
                "email": ADDRESS,
                "phone": "0912 345 678",
                "password1": PASSWORD,
                "accept_policy": "on",
                "shown": page.context["form"]["shown"].value(),
                **consents,
            },
        )

    def enter_the_code(self, client):
        send_due_notices()
        code = re.search(r"^[A-Z0-9-]{6,}$", mail.outbox[-1].body, re.M).group()
        client.post(reverse("account_email_verification_sent"), {"code": code})
        assert EmailAddress.objects.get(email=ADDRESS).verified

    def test_with_consent_lifts_it_once_the_address_is_proved(self, client):
        self.sign_up(client, consent_newsletter="on")
        assert is_suppressed(ADDRESS)

        self.enter_the_code(client)

        assert not is_suppressed(ADDRESS)

    def test_without_consent_leaves_it(self, client):
        self.sign_up(client)
        self.enter_the_code(client)

        assert is_suppressed(ADDRESS)


@pytest.mark.parametrize(
    ("fault", "constraint"),
    [
        ({}, "suppression_once"),
        ({"contact_hash": "h1.k.x", "channel": "none"}, "suppression_of_marketing"),
        (
            {"contact_hash": "x", "lifted_at": timezone.now() - timedelta(days=9)},
            "suppression_lifted_later",
        ),
    ],
)
def test_the_database_holds_the_list_together(fault, constraint):
    suppress([contact_hash(ADDRESS)], purpose(), reason=SuppressionReason.REFUSED)
    row = Suppression(
        **{
            "contact_hash": contact_hash(ADDRESS),
            "channel": "email",
            "purpose": purpose(),
            "reason": SuppressionReason.REFUSED,
            **fault,
        }
    )

    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        row.save()


class TestRefusingAll:
    @pytest.fixture
    def customer(self, client):
        customer = make_customer(is_verified=True)
        client.force_login(customer.user)
        return customer

    def refuse(self, client):
        return client.post(reverse("refuse_marketing"), follow=True)

    def test_withdraws_every_consent_to_marketing_and_no_other(self, client, customer):
        for code in ("newsletter", "advertising", "market_research"):
            decide(customer, "given", code)

        self.refuse(client)

        last = customer.consents.latest_per_purpose().values_list("purpose__code", "decision")
        assert dict(last) == {
            "newsletter": "withdrawn",
            "advertising": "withdrawn",
            "market_research": "given",
        }

    def test_says_in_one_message_what_it_did(self, client, customer):
        decide(customer, "given")

        (told,) = self.refuse(client).context["messages"]

        assert purpose().name in str(told)

    def test_is_remembered_for_purposes_that_were_never_consented_to(self, client, customer):
        self.refuse(client)
        self.refuse(client)

        assert is_suppressed(customer.email)
        assert is_suppressed(customer.phone, "partner_offers")
        assert not customer.consents.exists()
        assert Suppression.objects.count() == 5

    def test_concerns_nobody_else(self, client, customer):
        other = make_customer(is_verified=True)
        decide(other, "given")

        self.refuse(client)

        assert not is_suppressed(other.email)
        assert other.consents.count() == 1

    def test_takes_a_click_not_a_look(self, client, customer):
        assert client.get(reverse("refuse_marketing")).url == reverse("consents")
        assert not Suppression.objects.exists()

    def test_needs_a_sign_in(self, client):
        response = client.post(reverse("refuse_marketing"))

        assert response.url.startswith(reverse("account_login"))

    def test_is_on_the_page_and_nothing_is_given_there_beforehand(self, client, customer):
        page = client.get(reverse("consents"))

        assert reverse("refuse_marketing") in page.content.decode()
        assert b"checked" not in page.content
        assert not any(choice.is_given for choice in page.context["choices"])
