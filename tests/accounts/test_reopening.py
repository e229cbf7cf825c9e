"""Changing one's mind about a closing: in the days of grace alone, afterwards through staff."""

from datetime import timedelta

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.core import mail
from django.db import IntegrityError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.approvals import answer_approval, ask_approval
from accounts.closed_pages import SIGNER, token_of
from accounts.closing import close_account, close_as_unnecessary, end_service
from accounts.consents import decide_consent
from accounts.exceptions import AccountClosed, ClosingRefused, ReopeningRefused
from accounts.models import AssistedChange, Customer, IdentityCheck, KnownDevice
from accounts.reopening import change_mind, reopen_for_customer
from common.documents import read_file
from common.tokens import new_public_id
from complaints.intake import file_complaint
from notices.models import Notice
from notices.services import send_due_notices
from policies.counting import add_months, local_day
from policies.exceptions import NotConfigured
from policies.loading import load_profile
from policies.models import Company, Purpose
from policies.retention import rule_after_closing
from privacyportal.roles import AUDITOR, COMPLAINT_OFFICER, DPO
from retention import purge
from retention.models import Tombstone
from tests.factories import (
    PASSWORD,
    approve,
    close_in_the_past,
    make_customer,
    make_hold,
    make_staff,
    make_user,
)

pytestmark = pytest.mark.django_db

CHECKED = {"channel": "counter", "kind": "identity_document", "reference": "079123004567"}


@pytest.fixture
def customer():
    customer = make_customer(email="mai@example.com")
    EmailAddress.objects.create(
        user=customer.user, email=customer.email, verified=True, primary=True
    )
    return customer


@pytest.fixture
def closed(customer):
    purpose = Purpose.objects.get(code="newsletter")
    decide_consent(customer, purpose, decision="given", by=customer.user)
    close_account(customer, by=customer.user)
    return customer


def today():
    return local_day(timezone.now())


def fresh(customer):
    return Customer.objects.get(pk=customer.pk)


def on_later_day(days):
    return time_machine.travel(timezone.now() + timedelta(days=days), tick=False)


def status_page(customer):
    return reverse("closed_account", args=[token_of(customer.public_id)])


def reopen_page(customer):
    return reverse("reopen_account", args=[token_of(customer.public_id)])


def sign_in(user):
    return Client().post(reverse("account_login"), {"login": user.email, "password": PASSWORD})


def test_in_the_days_of_grace_the_link_and_the_password_open_the_account_again(client, closed):
    assert closed.grace_until == today() + timedelta(days=7)
    page = client.get(status_page(closed))
    assert reopen_page(closed) in page.text

    response = client.post(reopen_page(closed), {"password": PASSWORD})

    assert response.url == reverse("account_login")
    customer = fresh(closed)
    assert customer.is_open
    assert (customer.kept_until, customer.grace_until, customer.closing_rule) == (None,) * 3
    assert customer.history.first().history_change_reason == "reopened by customer"
    assert customer.user.email == "mai@example.com"
    assert sign_in(customer.user).status_code == 302
    assert customer.consents.last().decision == "withdrawn"  # given anew or not at all
    assert Notice.objects.filter(template="account_reopened").count() == 1


def test_looking_at_the_link_opens_nothing(client, closed):
    for _ in range(2):
        assert client.get(reopen_page(closed)).status_code == 200
    assert not fresh(closed).is_open


def test_a_wrong_password_opens_nothing_and_cannot_be_tried_for_ever(client, closed):
    answers = [client.post(reopen_page(closed), {"password": f"no{n}"}) for n in range(6)]
    assert answers[0].context["form"].errors
    assert answers[-1].status_code == 429
    assert client.post(reopen_page(closed), {"password": PASSWORD}).status_code == 429
    assert not fresh(closed).is_open


def test_after_the_grace_the_link_leads_to_staff(client, closed):
    with on_later_day(7):
        assert "password" in client.get(reopen_page(closed)).text
    with on_later_day(8):
        response = client.post(reopen_page(closed), {"password": PASSWORD})
        assert response.status_code == 200
        assert 'type="password"' not in response.text
        with pytest.raises(ReopeningRefused):
            change_mind(fresh(closed))
    assert not fresh(closed).is_open


def test_closing_again_counts_anew_and_mails_anew(closed):
    first = closed.kept_until
    change_mind(fresh(closed))
    with on_later_day(29):
        again = fresh(closed)
        close_account(again, by=again.user)
    assert again.kept_until == add_months(local_day(again.closed_at), 12) > first
    assert Notice.objects.filter(template="account_closed").count() == 2


def test_a_company_may_give_no_days_to_change_ones_mind(client, customer):
    Company.objects.update(grace_days=0)
    close_account(customer, by=customer.user)
    assert customer.grace_until is None
    assert reopen_page(customer) not in client.get(status_page(customer)).text
    with pytest.raises(ReopeningRefused):
        change_mind(customer)


@pytest.mark.parametrize(
    "take",
    [
        lambda: make_user(email="mai@example.com"),
        lambda: make_customer(email="mai@example.com", is_verified=True),
    ],
)
def test_an_address_that_was_taken_meanwhile_is_not_taken_back(client, closed, take):
    take()
    response = client.post(reopen_page(closed), {"password": PASSWORD})
    assert response.context["form"].non_field_errors()
    customer = fresh(closed)
    assert not customer.is_open
    assert not customer.user.is_active


def test_who_only_signed_up_with_the_address_keeps_nobody_from_coming_back(client, closed):
    stranger = make_customer(email="mai@example.com")
    EmailAddress.objects.create(user=stranger.user, email="mai@example.com", primary=True)

    client.post(reopen_page(closed), {"password": PASSWORD})

    assert fresh(closed).is_open
    assert sign_in(fresh(closed).user).url == reverse("overview")
    left = fresh(stranger).user
    assert (left.is_active, left.email) == (False, f"{left.public_id}@closed.invalid")
    assert EmailAddress.objects.get(email="mai@example.com").user == closed.user
    Customer.objects.filter(pk=stranger.pk).update(opened_at=timezone.now() - timedelta(days=9))
    assert purge.erase_unverified_sign_ups() == 1
    assert Customer.objects.get() == closed


def test_who_was_recorded_again_meanwhile_is_not_opened_twice(client):
    gone = make_customer(email="mai@example.com", user=None)
    close_account(gone, by=make_staff(COMPLAINT_OFFICER))
    make_customer(email="mai@example.com", user=None)
    client.force_login(make_staff(COMPLAINT_OFFICER))

    page = client.post(
        f"/admin/accounts/customer/{gone.pk}/reopen/",
        {**CHECKED, "result": "proved", "reason": "came to the counter"},
    )

    assert page.status_code == 200
    assert not fresh(gone).is_open
    assert not IdentityCheck.objects.exists()


def test_the_purge_never_takes_who_may_still_come_back(customer):
    load_profile("speedsms")  # 0 months after the request
    rule = rule_after_closing(today())
    approve(rule)
    assert close_account(customer, by=customer.user) == today() + timedelta(days=7)

    with on_later_day(7):
        (run,) = purge.purge_closed_accounts(at=timezone.now())
    assert run.erased == 0
    with on_later_day(8):
        (run,) = purge.purge_closed_accounts(at=timezone.now())
    assert run.erased == 1


def test_the_database_keeps_the_data_through_the_grace(closed):
    with pytest.raises(IntegrityError, match="customer_kept_through_grace"):
        Customer.objects.update(grace_until=closed.kept_until + timedelta(days=1))


def test_whoever_waives_the_grace_is_kept_no_day_longer_than_promised(client, customer):
    load_profile("speedsms")
    client.force_login(customer.user)
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    assert "waives_grace" in client.get(reverse("close_account")).text

    form = {"understood": "on", "waives_grace": "on"}
    response = client.post(reverse("close_account"), form)

    customer = fresh(customer)
    assert response.url == status_page(customer)
    assert (customer.kept_until, customer.grace_until) == (today(), None)


def test_where_the_grace_costs_nothing_there_is_nothing_to_waive(client, customer):
    client.force_login(customer.user)
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    assert "waives_grace" not in client.get(reverse("close_account")).text


# Staff


def open_again(customer, **values):
    values = {"reason": "asked at the counter", "by": make_staff(COMPLAINT_OFFICER), **values}
    return reopen_for_customer(customer, **{**CHECKED, **values})


def test_an_officer_opens_the_account_again_after_checking_who_asks(closed):
    with on_later_day(200):
        change = open_again(closed)
    assert fresh(closed).is_open
    assert closed.history.first().history_change_reason == "reopened by staff"
    assert (change.identity_check.kind, change.fields) == ("identity_document", ["closed_at"])
    assert sign_in(fresh(closed).user).status_code == 302


def test_without_proof_of_who_asks_the_account_stays_closed(closed):
    assert open_again(closed, result="not_proved") is None
    assert not fresh(closed).is_open
    assert IdentityCheck.objects.get().result == "not_proved"
    assert not AssistedChange.objects.exists()


def test_after_the_last_day_nobody_opens_it(closed):
    with on_later_day(366), pytest.raises(ReopeningRefused):
        open_again(closed)
    assert not fresh(closed).is_open
    with pytest.raises(ReopeningRefused):
        open_again(make_customer())


def test_the_desk_opens_an_account_again(client, closed):
    client.force_login(make_staff(COMPLAINT_OFFICER))
    address = f"/admin/accounts/customer/{closed.pk}/reopen/"
    form = {**CHECKED, "result": "proved", "reason": "came to the counter"}
    assert client.post(address, {**form, "reason": ""}).status_code == 200
    assert not fresh(closed).is_open
    assert client.post(address, form).status_code == 302
    assert fresh(closed).is_open


@pytest.mark.parametrize("action", ["reopen", "end_service", "close"])
def test_whoever_may_not_change_customers_neither_opens_nor_ends(client, closed, action):
    client.force_login(make_staff(AUDITOR))
    assert client.post(f"/admin/accounts/customer/{closed.pk}/{action}/").status_code == 403


# The company closes


def test_the_end_of_a_service_starts_the_period_without_the_customer(client):
    load_profile("vietnam_server")
    customer = make_customer(opened_at=timezone.now() - timedelta(days=900))
    dpo = make_staff(DPO)
    client.force_login(dpo)
    approval = ask_approval(
        customer,
        purpose=Purpose.objects.active()[0],
        groups=["account"],
        hours=1,
        may_change=True,
        reason="contact",
        by=dpo,
    )
    answer_approval(approval, granted=True, through="account", by=customer.user)
    ended_on = today() - timedelta(days=3)

    form = {"ended_on": ended_on.isoformat(), "reason": "hết hạn, thẻ 4111111111111111"}
    response = client.post(f"/admin/accounts/customer/{customer.pk}/end_service/", form)

    assert response.status_code == 302
    customer = fresh(customer)
    assert (customer.closing_cause, customer.closing_rule.trigger) == ("service_ended",) * 2
    assert customer.kept_until == today() + timedelta(days=7)  # so that a mistake is found
    end = customer.service_ends.get()
    assert (end.ended_on, end.reason) == (ended_on, "hết hạn, thẻ •••• •••• •••• ••••")
    with pytest.raises(ReopeningRefused):
        change_mind(customer)


def test_a_service_cannot_end_to_come_or_before_it_began_or_without_a_rule(customer):
    load_profile("vietnam_server")
    for day in (today() + timedelta(days=1), today() - timedelta(days=9999)):
        with pytest.raises(ClosingRefused):
            end_service(customer, ended_on=day, reason="x", by=None)
    load_profile("fpt_smart_cloud")
    with pytest.raises(NotConfigured):
        end_service(customer, ended_on=today(), reason="x", by=None)
    assert fresh(customer).is_open
    assert not customer.service_ends.exists()


def test_data_no_longer_necessary_is_kept_through_the_grace_and_the_customer_may_object(client):
    load_profile("clever_group")
    customer = make_customer()
    close_as_unnecessary(customer, by=make_staff(DPO))
    assert customer.closing_rule.trigger == "no_longer_necessary"
    client.post(reopen_page(customer), {"password": PASSWORD})
    assert fresh(customer).is_open


# The page of a closed account


def mailed_address():
    send_due_notices()
    (message,) = [m for m in mail.outbox if "/closed/" in m.body]
    return next(word for word in message.body.split() if "/closed/" in word)


def test_the_mail_leads_to_a_page_without_sign_in(client, closed):
    address = mailed_address()
    response = client.get(address)
    assert response.status_code == 200
    assert f"{closed.kept_until:%d/%m/%Y}" in response.text
    assert response["Cache-Control"] == "no-store"
    assert response["Referrer-Policy"] == "same-origin"
    assert response["X-Robots-Tag"].startswith("noindex")
    assert not [v for v in (closed.full_name, closed.email, closed.address) if v in response.text]


@pytest.mark.parametrize("change", ["", "0" * 32, "x"])
def test_a_made_up_link_is_not_found(client, closed, change):
    signature = token_of(closed.public_id).partition(":")[2]
    made_up = f"{change}:{signature}" if change else closed.public_id
    other = token_of(new_public_id())  # signed, of nobody
    for token in (made_up, other, SIGNER.sign(str(closed.pk))):
        for name in ("closed_account", "reopen_account", "closing_receipt_pdf"):
            assert client.get(reverse(name, args=[token])).status_code == 404


def test_the_page_tells_of_open_cases_and_holds_and_not_why(client, customer):
    complaint = file_complaint(
        customer, category="other", text="Bí mật", submission="0" * 32, by=customer.user
    )
    close_account(customer, by=customer.user)
    page = client.get(status_page(customer)).text
    assert complaint.reference in page
    assert f"{complaint.last_day:%d/%m/%Y}" in page
    assert "Bí mật" not in page

    hold = make_hold(customer)
    held = client.get(status_page(customer))
    assert held.context["kept_by"] == "legal hold"
    assert not [v for v in (hold.authority, hold.document, hold.reason) if v in held.text]
    assert "sau đó bị xóa vĩnh viễn" not in held.text


def test_the_page_says_after_the_last_day_whether_the_deletion_is_approved(client):
    def told():
        text = client.get(status_page(over), headers={"accept-language": "en"}).text
        sentences = ("then deleted for good", "is being prepared", "being deleted these days")
        return [each for each in sentences if each in text]

    over = make_customer(closed_days_ago=360)
    assert told() == ["then deleted for good"]
    over = make_customer(closed_days_ago=370)
    assert told() == ["is being prepared"]
    approve(over.closing_rule)
    assert told() == ["being deleted these days"]


@pytest.mark.parametrize("form", ["pdf", "json"])
def test_the_receipt_of_the_closing_is_signed(client, closed, form):
    address = reverse(f"closing_receipt_{form}", args=[token_of(closed.public_id)])
    document = read_file(client.get(address).content)
    content = document.content
    assert content["pii_principal_id"] == closed.public_id
    assert content["kept"]["until"] == closed.kept_until.isoformat()
    assert content["kept"]["months"] == 12
    assert [name["vi"] for name in content["consents_withdrawn"]] == [
        Purpose.objects.get(code="newsletter").name_vi
    ]
    assert closed.full_name not in document.as_json().decode()
    assert len(document.sections) == 4


def test_the_receipt_names_what_is_held_and_what_goes_before_the_rest(client, closed):
    device = KnownDevice.objects.create(user=closed.user)
    KnownDevice.objects.filter(pk=device.pk).update(
        last_seen_at=timezone.now() - timedelta(days=100)
    )

    address = reverse("closing_receipt_json", args=[token_of(closed.public_id)])
    document = read_file(client.get(address).content)

    kept = document.content["kept"]
    assert {"contact", "account", "device", "consent"} <= set(kept["categories"])
    assert "complaint" not in kept["categories"]
    (gone_first,) = kept["earlier"].items()
    assert gone_first == ("device", add_months(today() - timedelta(days=100), 12).isoformat())
    shown = [value for part in document.sections for fact in part.facts for value in fact.values]
    assert f"Thiết bị: {add_months(today() - timedelta(days=100), 12):%d/%m/%Y}" in shown


def test_after_the_erasure_the_page_says_so_for_thirty_days(client, closed):
    page, address = status_page(closed), mailed_address()
    close_in_the_past(closed, 400)
    approve(rule_after_closing(today()))
    purge.purge_closed_accounts()

    assert f"{today():%d/%m/%Y}" in client.get(page).text
    assert client.get(address).status_code == 200
    assert client.get(reopen_page(closed)).status_code == 404
    Tombstone.objects.update(erased_at=timezone.now() - timedelta(days=31))
    assert client.get(page).status_code == 404


def test_an_account_that_is_open_again_shows_nothing_of_itself(client, closed):
    change_mind(closed)
    page = client.get(status_page(closed))
    assert page.status_code == 200
    assert closed.public_id not in page.text.replace(status_page(closed), "")


def test_a_closed_account_takes_no_consent(closed):
    with pytest.raises(AccountClosed):
        decide_consent(
            closed, Purpose.objects.get(code="newsletter"), decision="given", by=closed.user
        )
