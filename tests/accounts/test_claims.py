"""Signing up with the address of a record that staff had made."""

import re

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client
from django.urls import reverse

from accounts.consents import decide_consent
from accounts.merging import claim_record
from accounts.models import Customer, CustomerMerge, IdentityCheck, User
from accounts.recording import Agreement, record_customer
from notices.models import Notice
from notices.services import send_due_notices
from policies.models import Language, PolicyVersion, Purpose
from privacyportal.roles import COMPLAINT_OFFICER
from tests.factories import PASSWORD, make_complaint, make_customer, make_staff
from tests.threads import at_once

FORM = {
    "full_name": "Trần Thị Mai",
    "email": "mai@example.com",
    "phone": "0912 345 678",
    "address": "1 Lê Lợi, Huế",
    "password1": PASSWORD,
    "accept_policy": "on",
}


@pytest.fixture
def recorded(db):
    """What staff had written down of Mai, with a consent on paper and a case."""
    customer = record_customer(
        details={"full_name": "Mai Trần", "phone": "+84987000111", "address": "9 Cũ, Huế"},
        email="mai@example.com",
        language=Language.VI,
        agreed_to=[Purpose.objects.asking_consent().last()],
        agreement=Agreement(PolicyVersion.objects.current().effective_on, "counter", "Phiếu 1"),
        by=make_staff(COMPLAINT_OFFICER),
    )
    make_complaint(customer=customer)
    return customer


def sign_up(client, **changes):
    shown = client.get(reverse("account_signup")).context["form"]["shown"].value()
    return client.post(reverse("account_signup"), {**FORM, "shown": shown, **changes})


def prove(client):
    send_due_notices()
    code = re.search(r"\b[A-Z0-9]{3,4}-?[A-Z0-9]{3,4}\b", mail.outbox[-1].body).group()
    page = reverse("account_email_verification_sent")
    return client.post(page, {"code": code}, follow=True)


def test_the_sign_up_tells_nothing_and_changes_nothing_before_the_code(client, recorded):
    known = sign_up(client)
    unknown = sign_up(Client(), email="khac@example.com")

    assert (known.status_code, known.url) == (unknown.status_code, unknown.url)
    recorded.refresh_from_db()
    assert (recorded.user, recorded.full_name) == (None, "Mai Trần")
    assert recorded.history.count() == 1
    assert not CustomerMerge.objects.exists()


def test_the_proved_sign_in_takes_over_the_record(client, recorded):
    sign_up(client, consent_newsletter="on")
    prove(client)

    customer = Customer.objects.get()
    assert customer.pk == recorded.pk
    assert customer.user == User.objects.get(email="mai@example.com")
    assert (customer.full_name, customer.phone) == ("Mai Trần", "+84987000111")
    assert customer.cases.count() == 1
    assert [each.kind for each in customer.policy_events.all()] == ["shown", "accepted"]
    assert [each.channel for each in customer.consents.all()] == ["staff", "web"]
    last = customer.history.latest()
    assert (last.history_change_reason, last.history_user) == ("claimed", customer.user)


def test_which_details_are_right_is_asked_once_after_the_sign_in(client, recorded):
    client.cookies["django_language"] = "en"
    sign_up(client)
    landed = prove(client)

    assert landed.redirect_chain[-1][0] == reverse("choose_details")
    for value in ("Mai Trần", "Trần Thị Mai", "+84987000111", "+84912345678", "9 Cũ, Huế"):
        assert value in landed.text
    recorded.refresh_from_db()
    client.confirm(recorded.user)
    client.post(
        reverse("choose_details"),
        {"full_name": "typed", "phone": "recorded", "address": "typed", "email": "typed"},
    )

    recorded.refresh_from_db()
    assert recorded.full_name == "Trần Thị Mai"
    assert recorded.phone == "+84987000111"
    assert recorded.address == "1 Lê Lợi, Huế"
    assert recorded.email == "mai@example.com"
    assert Notice.objects.filter(template="details_changed").count() == 1
    assert client.get(reverse("choose_details")).url == reverse("data")


def test_choosing_asks_for_the_password_and_does_nothing_before(client, recorded):
    sign_up(client)
    prove(client)

    answer = client.post(reverse("choose_details"), {"full_name": "typed"})

    assert answer.url.startswith(reverse("account_reauthenticate"))
    recorded.refresh_from_db()
    assert recorded.full_name == "Mai Trần"


def test_whoever_does_not_answer_is_asked_at_the_next_sign_in(client, recorded):
    sign_up(client)
    prove(client)
    client.logout()

    client.post(reverse("account_login"), {"login": FORM["email"], "password": PASSWORD})

    assert client.get(reverse("overview")).url == reverse("choose_details")
    assert client.get(reverse("data")).status_code == 200


def test_nothing_is_asked_where_nothing_differs(client, db):
    make_customer(
        full_name=FORM["full_name"],
        email=FORM["email"],
        phone="+84912345678",
        address=FORM["address"],
        user=None,
    )
    sign_up(client)

    assert prove(client).redirect_chain[-1][0] == reverse("overview")


@pytest.mark.parametrize("closed", [True, False])
def test_no_other_record_is_taken_over(closed, client, db):
    other = (
        make_customer(email="mai@example.com", user=None, closed_days_ago=3)
        if closed
        else make_customer(email="binh@example.com", user=None)
    )
    sign_up(client)
    prove(client)

    other.refresh_from_db()
    assert other.user is None
    assert Customer.objects.count() == 2


def test_a_sign_in_that_moves_to_the_address_takes_nothing_over(client, recorded):
    """Two people may share a mailbox later; only who begins with it is the person recorded."""
    customer = make_customer(email="cu@example.com")
    EmailAddress.objects.create(user=customer.user, email="mai@example.com", verified=True)

    assert not claim_record(customer.user, "mai@example.com")

    recorded.refresh_from_db()
    assert recorded.user is None


def test_an_officer_invites_whom_they_have_checked(client, recorded, mailoutbox):
    client.force_login(make_staff(COMPLAINT_OFFICER))
    page = f"/admin/accounts/customer/{recorded.pk}/invite/"
    asked = {"email": "Moi@example.com", "channel": "counter", "kind": "identity_document"}

    refused = client.post(page, {**asked, "result": "not_proved"})
    recorded.refresh_from_db()
    assert refused.status_code == 200
    assert recorded.email == "mai@example.com"
    client.post(page, {**asked, "result": "proved"})
    send_due_notices()

    recorded.refresh_from_db()
    (invitation,) = mailoutbox
    assert recorded.email == "moi@example.com"
    assert invitation.to == ["moi@example.com"]
    assert reverse("account_signup") in invitation.body
    assert IdentityCheck.objects.count() == 2
    visitor = Client()
    sign_up(visitor, email="moi@example.com")
    prove(visitor)
    recorded.refresh_from_db()
    assert recorded.user.email == "moi@example.com"


def test_two_claims_at_once_have_one_winner(portal):
    recorded = make_customer(email="mai@example.com", user=None)
    first = make_customer(email="mai@example.com")
    second = make_customer(email="mai@example.com", user=User.objects.create_user("x@example.com"))

    outcomes = at_once(
        *(lambda user=each.user: claim_record(user, "mai@example.com") for each in (first, second))
    )

    recorded.refresh_from_db()
    assert sorted(outcomes) == [False, True]
    assert recorded.user in (first.user, second.user)
    assert Customer.objects.count() == 2


def test_who_changes_to_the_recorded_address_takes_the_record_over_too(client, recorded):
    customer = make_customer(is_verified=True, full_name="Trần Thị Mai", phone="", address="")
    (purpose,) = [given.purpose for given in recorded.consents.all()]
    for who, decision in [
        (customer, "given"),
        (customer, "withdrawn"),
        (recorded, "withdrawn"),
        (recorded, "given"),
    ]:
        decide_consent(who, purpose, decision=decision, by=customer.user)
    client.force_login(customer.user)

    client.post("/account/email/", {"email": "mai@example.com", "action_add": ""})
    prove(client)

    mai = Customer.objects.open().get()
    assert (mai, mai.user, mai.email) == (recorded, customer.user, "mai@example.com")
    assert mai.cases.count() == 1
    assert mai.consents.last().decision == "withdrawn"
    assert client.get(reverse("choose_details")).context["asked"]
