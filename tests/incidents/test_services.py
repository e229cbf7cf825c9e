"""Unauthorised use: what locks, what unlocks, and what stays as it is."""

import re
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.core import mail
from django.db import IntegrityError, transaction
from django.test import RequestFactory
from django.urls import reverse
from django.utils import timezone

from accounts.assistance import address_to_confirm, change_for_customer, confirm_address
from accounts.closing import close_account
from accounts.exceptions import AccountClosed
from accounts.merging import approve_merge, ask_merge
from accounts.models import Customer, IdentityCheck, User
from accounts.reopening import change_mind
from incidents import services
from incidents.exceptions import IncidentError
from incidents.models import UnauthorisedUse
from notices.models import Notice
from notices.services import send_due_notices
from privacyportal.roles import COMPLAINT_OFFICER, DPO
from retention import purge
from tests.clients import PortalClient, code_of, set_up_app
from tests.factories import PASSWORD, approve, close_in_the_past, make_customer, make_staff
from tests.threads import at_once

pytestmark = pytest.mark.django_db

FRESH = "a new and long password"
PROVED = {"channel": "counter", "kind": "identity_document", "result": "proved"}


@pytest.fixture
def ung():
    return with_address(make_customer(full_name="Nguyễn Văn Ưng"))


@pytest.fixture
def officer():
    return make_staff(COMPLAINT_OFFICER)


def with_address(customer):
    EmailAddress.objects.create(
        user=customer.user, email=customer.email, verified=True, primary=True
    )
    return customer


def report(customer, **kwargs):
    kwargs.setdefault("origin", "account")
    kwargs.setdefault("by", customer.user)
    return services.report_unauthorised_use(customer, **kwargs)


def sign_in(user, password=PASSWORD):
    client = PortalClient()
    answer = client.post(reverse("account_login"), {"login": user.email, "password": password})
    return client, answer


def is_in(client):
    return "login" not in client.get(reverse("data")).get("Location", "")


def test_a_report_ends_every_session_and_lets_nobody_in(ung):
    (one, _), (two, _) = sign_in(ung.user), sign_in(ung.user)
    assert is_in(one)
    assert is_in(two)

    case = report(ung, text="Có người đổi địa chỉ của tôi.")

    assert not is_in(one)
    assert not is_in(two)
    client, answer = sign_in(ung.user)
    assert answer.url == reverse("account_locked")
    assert not is_in(client)
    assert [event.code for event in case.events.all()] == ["locked"]
    assert Notice.objects.get(template="account_locked").recipient == ung.public_id
    assert case.reference.startswith("SC-")


def test_a_wrong_password_does_not_tell_that_an_account_is_locked(ung):
    report(ung)

    _client, answer = sign_in(ung.user, "wrong")

    assert answer.context["form"].errors


def test_a_sign_in_under_way_leads_nowhere_once_it_is_locked(ung):
    app = set_up_app(ung.user)
    client, _answer = sign_in(ung.user)
    report(ung)

    client.post(reverse("mfa_authenticate"), {"code": code_of(app)})

    assert not is_in(client)


def ask_for_address(customer, email):
    """Let staff ask whoever has ``email`` to confirm it; return the link of that mail."""
    change_for_customer(
        customer,
        details={},
        email=email,
        reason="Đổi địa chỉ.",
        by=make_staff(COMPLAINT_OFFICER),
        channel="phone",
        kind="call_back",
    )
    send_due_notices()
    (asking,) = [message for message in mail.outbox if message.to == [email]]
    return re.search(r"/me/email/\S+", asking.body).group()


def test_an_address_that_waited_when_the_account_was_locked_is_not_confirmed(ung):
    link = ask_for_address(ung, "ke.gian@example.com")
    token = link.rstrip("/").rpartition("/")[2]
    read_before = address_to_confirm(token)
    report(ung)

    assert PortalClient().post(link).status_code == 404
    assert not confirm_address(RequestFactory().post(link), read_before)

    user = User.objects.get(pk=ung.user.pk)
    assert (user.email, Customer.objects.get().email) == (ung.email, ung.email)


def test_an_address_that_staff_take_down_while_it_is_locked_is_confirmed_and_unlocks_nothing(ung):
    report(ung)
    link = ask_for_address(ung, "moi@example.com")

    PortalClient().post(link)

    user = User.objects.get(pk=ung.user.pk)
    assert user.email == "moi@example.com"
    assert user.locked_at is not None


def test_a_forgotten_password_does_not_unlock(ung):
    report(ung)
    user = User.objects.get(pk=ung.user.pk)
    user.set_password(FRESH)
    user.save()

    assert sign_in(ung.user, FRESH)[1].url == reverse("account_locked")


def test_reported_twice_it_is_one_case_that_remembers_the_graver_word(ung):
    first = report(ung)

    again = report(ung, mailbox_unsafe=True, text="Cả hộp thư nữa.")

    assert UnauthorisedUse.objects.get() == first == again
    assert (again.needs_release, again.text) == (True, "Cả hộp thư nữa.")
    assert Notice.objects.filter(template="account_locked").count() == 1


def test_each_report_keeps_its_text_once(ung):
    case = report(ung, text="Địa chỉ bị đổi.")

    for text in ("Cả số điện thoại.", "", "Địa chỉ bị đổi."):
        report(ung, text=text)

    case.refresh_from_db()
    assert case.text == "Địa chỉ bị đổi.\n\nCả số điện thoại."


def test_a_settled_report_that_is_reported_again_is_open_again_and_told(ung, officer):
    case = report(ung)
    long_ago = timezone.now() - timedelta(days=9)
    UnauthorisedUse.objects.filter(pk=case.pk).update(received_at=long_ago)
    case.refresh_from_db()
    services.settle_report(case, finding="Không có gì.", by=officer)

    assert report(ung, mailbox_unsafe=True, text="Lại nữa!") == case

    case.refresh_from_db()
    assert (case.state, case.is_open, case.finding) == ("reported", True, "Không có gì.")
    assert case.received_at > long_ago + timedelta(days=8)
    assert (case.text, case.may_be_unlocked) == ("Lại nữa!", False)
    assert [event.code for event in case.events.all()] == ["locked", "settled", "reported"]
    assert Notice.objects.filter(template="account_locked").count() == 2


def test_a_report_that_the_mailbox_is_unsafe_takes_back_that_it_was_allowed(ung, officer):
    case = report(ung, origin="staff", by=officer, text="x")
    services.allow_unlocking(case, by=officer, **PROVED)

    report(ung, origin="mail", mailbox_unsafe=True)

    with pytest.raises(IncidentError):
        services.unlock_account(ung, password=FRESH)


def test_the_customer_unlocks_with_a_new_password_and_keeps_the_second_factor(ung):
    set_up_app(ung.user)
    report(ung)

    services.unlock_account(ung, password=FRESH)

    client, answer = sign_in(ung.user, FRESH)
    assert answer.url == reverse("mfa_authenticate")
    assert not is_in(client)
    assert sign_in(ung.user, PASSWORD)[1].context["form"].errors
    assert Authenticator.objects.filter(user=ung.user, type="totp").exists()
    assert UnauthorisedUse.objects.get().unlocked_at is not None


def test_where_the_mailbox_is_in_doubt_staff_find_out_first_who_asks(ung, officer):
    case = report(ung, mailbox_unsafe=True)
    with pytest.raises(IncidentError):
        services.unlock_account(ung, password=FRESH)

    refused = services.allow_unlocking(case, by=officer, **{**PROVED, "result": "not_proved"})
    assert not refused
    with pytest.raises(IncidentError):
        services.unlock_account(ung, password=FRESH)
    assert services.allow_unlocking(case, by=officer, mailbox_is_safe=True, **PROVED)

    services.unlock_account(ung, password=FRESH)
    assert is_in(sign_in(ung.user, FRESH)[0])
    assert IdentityCheck.objects.filter(customer=ung).count() == 2


def test_no_link_goes_to_a_mailbox_that_may_be_in_wrong_hands(ung, officer):
    case = report(ung, mailbox_unsafe=True)
    send_due_notices()
    before = len(mail.outbox)

    with pytest.raises(IncidentError):
        services.allow_unlocking(case, by=officer, **PROVED)

    send_due_notices()
    case.refresh_from_db()
    assert len(mail.outbox) == before
    assert case.released_at is None


@pytest.mark.parametrize("removes", [True, False])
def test_staff_remove_a_factor_that_somebody_else_set_up_and_the_mail_says_so(
    ung, officer, removes
):
    Customer.objects.filter(pk=ung.pk).update(language="en")
    set_up_app(ung.user)
    case = report(ung, origin="staff", by=officer, text="x")

    services.allow_unlocking(case, by=officer, removes_factor=removes, **PROVED)
    send_due_notices()
    services.unlock_account(ung, password=FRESH)

    assert is_in(sign_in(ung.user, FRESH)[0]) is removes
    assert Authenticator.objects.filter(user=ung.user).exists() is not removes
    assert ("factor_removed" in [event.code for event in case.events.all()]) is removes
    assert ("have removed the second factor" in mail.outbox[-1].body) is removes


def test_a_factor_stays_where_it_is_not_proved_who_asks(ung, officer):
    set_up_app(ung.user)
    case = report(ung, origin="staff", by=officer, text="x")
    unproved = {**PROVED, "result": "not_proved"}

    assert not services.allow_unlocking(case, by=officer, removes_factor=True, **unproved)

    assert Authenticator.objects.filter(user=ung.user, type="totp").exists()


def test_what_staff_locked_staff_allow_to_unlock(ung, officer):
    report(ung, origin="staff", by=officer, text="Nhiều lần đăng nhập từ nước ngoài.")

    with pytest.raises(IncidentError):
        services.unlock_account(ung, password=FRESH)

    assert ung.user.history.first().history_user == officer
    assert ung.user.history.first().history_change_reason == "locked"


def test_the_database_lets_nobody_unlock_what_staff_have_not_allowed(ung, officer):
    case = report(ung, origin="staff", by=officer, text="x")

    with pytest.raises(IntegrityError), transaction.atomic():
        UnauthorisedUse.objects.filter(pk=case.pk).update(unlocked_at=case.received_at)
    with pytest.raises(IntegrityError), transaction.atomic():
        UnauthorisedUse.objects.filter(pk=case.pk).update(state="settled")


def test_settling_says_what_was_found_and_leaves_the_lock(ung, officer):
    case = report(ung)
    with pytest.raises(IncidentError):
        services.settle_report(case, finding="  ", by=officer)

    services.settle_report(case, finding="Mật khẩu bị lộ ở trang khác.", by=officer)

    assert not case.is_open
    assert not is_in(sign_in(ung.user)[0])
    assert Notice.objects.filter(template="report_settled").exists()
    with pytest.raises(IncidentError):
        services.settle_report(case, finding="again", by=officer)


def test_a_closed_account_is_not_reported(ung):
    close_account(ung, by=ung.user)

    with pytest.raises(AccountClosed):
        report(ung)


def test_a_closing_that_is_taken_back_does_not_unlock(ung):
    report(ung)
    close_account(ung, by=ung.user)
    if Customer.objects.get().grace_until is None:
        pytest.skip("this profile gives no days to change one's mind")

    change_mind(ung)

    assert not is_in(sign_in(ung.user)[0])


def test_a_lock_keeps_no_data_from_being_deleted_on_time(ung, officer):
    services.settle_report(report(ung), finding="Không có gì.", by=officer)
    close_in_the_past(ung, 370)
    ung.refresh_from_db()
    approve(ung.closing_rule)

    (run,) = purge.purge_closed_accounts()

    assert run.erased == 1
    assert not UnauthorisedUse.objects.exists()
    assert not UnauthorisedUse.history.exists()


def merge(survivor, duplicate, **kwargs):
    asked = ask_merge(
        survivor,
        duplicate=duplicate.public_id,
        reason="Một người.",
        by=make_staff(COMPLAINT_OFFICER),
        **kwargs,
    )
    approve_merge(asked, by=make_staff(DPO))
    return Customer.objects.get(pk=survivor.pk)


@pytest.mark.parametrize("needs_release", [True, False])
def test_a_lock_given_up_in_a_merge_keeps_no_later_report_from_locking(ung, needs_release):
    duplicate = with_address(make_customer())
    report(duplicate, mailbox_unsafe=needs_release)

    ung = merge(ung, duplicate)
    before = UnauthorisedUse.objects.get()
    again = report(ung)

    assert (before.customer, before.unlocked_at is None, before.is_open) == (ung, False, True)
    assert again != before
    assert not is_in(sign_in(ung.user)[0])


@pytest.mark.parametrize("kept", ["survivor", "duplicate"])
def test_after_a_merge_the_lock_of_the_sign_in_that_stays_needs_the_graver_word(ung, kept):
    duplicate = with_address(make_customer())
    report(ung)
    grave = report(duplicate, mailbox_unsafe=True)

    ung = merge(ung, duplicate, kept_sign_in=kept)

    assert UnauthorisedUse.objects.get(unlocked_at=None) == grave
    with pytest.raises(IncidentError):
        services.unlock_account(ung, password=FRESH)
    assert not is_in(sign_in(ung.user)[0])


def test_a_report_that_finds_a_sign_in_open_locks_it_whatever_is_on_record(ung):
    case = report(ung)
    User.objects.filter(pk=ung.user.pk).update(locked_at=None)

    assert report(ung) == case

    assert not is_in(sign_in(ung.user)[0])


def test_two_reports_at_once_make_one_case(portal):
    ung = with_address(make_customer())

    def again():
        report(Customer.objects.get(pk=ung.pk))

    at_once(*[again] * 3)

    assert UnauthorisedUse.objects.count() == 1
