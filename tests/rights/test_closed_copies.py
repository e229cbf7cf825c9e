"""Who closed an account takes a copy along by the link and a proof, until the data goes."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.core import mail
from django.core.cache import cache
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from accounts.closed_pages import token_of
from accounts.link_proofs import MOST_TRIES, may_try
from accounts.models import Customer
from accounts.reopening import change_mind
from common.files import remove_doomed_files
from notices.models import Notice
from notices.services import send_due_notices
from policies.retention import rule_after_closing
from retention import purge
from rights.closed_copies import take_copy
from rights.exports import make_next_export
from rights.models import CopyCode, Export, ExportState
from tests.factories import PASSWORD, approve, make_customer
from tests.rights.conftest import Copy
from tests.threads import at_once

pytestmark = pytest.mark.django_db


def page_of(customer, name="closed_copy"):
    return reverse(name, args=[token_of(customer.public_id)])


def stored_files():
    return [path for path in Path(settings.MEDIA_ROOT).glob("exports/*/*") if path.is_file()]


@pytest.mark.parametrize(
    ("language", "ready"), [("vi", "Bản sao của bạn đã sẵn sàng"), ("en", "Your copy is ready")]
)
def test_the_link_and_the_password_bring_a_copy_and_sign_nobody_in(client, language, ready):
    client.cookies["django_language"] = language
    customer = make_customer(closed_days_ago=300, full_name="Mai Lan", language=language)
    page = page_of(customer)
    shown = client.get(page_of(customer, "closed_account")).text
    assert page in shown
    for _time in range(2):
        assert "Mai Lan" not in client.get(page).text
    wrong = client.post(page, {"password": "no"})
    assert wrong.context["form"].errors
    assert not Export.objects.exists()

    assert client.post(page, {"password": PASSWORD}).url == page
    assert client.post(page, {"password": PASSWORD}).url == page  # the same one
    assert make_next_export()
    send_due_notices()

    cache.clear()  # of the tries that are counted
    assert page in mail.outbox[-1].body
    assert ready in client.get(page).text
    assert client.post(page, {"password": "no"}).headers["Content-Type"].startswith("text/html")
    assert client.post(page, {}).status_code == 200
    file = client.post(page, {"password": PASSWORD})
    copy = Copy(file.getvalue())
    assert "Mai Lan" in copy.text()
    export = Export.objects.get()
    lines = export.history.order_by("pk").values_list("history_change_reason", "history_user")
    user = customer.user.pk
    assert list(lines) == [
        ("asked by link", user),
        ("ready", None),
        ("collected by link", user),
    ]
    assert client.get(reverse("overview")).url.startswith(reverse("account_login"))
    assert client.get(reverse("download_export", args=[export.public_id])).status_code == 302


def test_passwords_cannot_be_tried_for_ever_nor_a_forged_link(client):
    customer = make_customer(closed_days_ago=300)
    answers = [client.post(page_of(customer), {"password": f"no{n}"}) for n in range(6)]
    assert answers[-1].status_code == 429
    assert client.post(page_of(customer), {"password": PASSWORD}).status_code == 429
    for name in ("closed_copy", "send_copy_code"):
        assert client.post(reverse(name, args=["x:y"]), {"password": PASSWORD}).status_code == 404
    open_one = make_customer()
    assert client.get(page_of(open_one)).url == page_of(open_one, "closed_account")
    assert not Export.objects.exists()


def test_who_has_the_link_alone_locks_nobody_out_of_the_copy(client):
    customer = make_customer(closed_days_ago=300)
    page = page_of(customer)
    assert [client.post(page, {"password": f"no{n}"}).status_code for n in range(9)][-1] == 429

    assert client.post(page, {"password": PASSWORD}, REMOTE_ADDR="203.0.113.9").url == page

    posts = [RequestFactory().post("/", REMOTE_ADDR=f"198.51.100.{n}") for n in range(61)]
    assert [may_try(each, customer) for each in posts] == [True] * 60 + [False]


def test_who_has_no_password_gets_a_code_that_is_good_once(client):
    customer = make_customer(closed_days_ago=300, user=None, phone="")
    page, send = page_of(customer), page_of(customer, "send_copy_code")

    def sent_code():
        client.post(send)
        send_due_notices()
        return re.search(r"^\d{6}$", mail.outbox[-1].body, re.MULTILINE).group()

    assert client.get(send).status_code == 302  # looking sends none
    assert client.post(page, {"code": "123456"}).context["form"].errors
    code = sent_code()
    client.post(send)  # at once: none is sent
    assert CopyCode.objects.get().codes_sent == 1
    assert code not in str(list(Notice.objects.values()))
    CopyCode.objects.update(code_tries=MOST_TRIES)
    assert client.post(page, {"code": code}).context["form"].errors
    CopyCode.objects.update(code_tries=0, code_sent_at=timezone.now() - timedelta(minutes=11))
    assert client.post(page, {"code": code}).context["form"].errors
    code = sent_code()
    assert client.post(page, {"code": code}).url == page
    make_next_export()

    cache.clear()  # of the tries that are counted
    assert client.post(page, {"code": code}).context["form"].errors
    CopyCode.objects.update(code_sent_at=timezone.now() - timedelta(minutes=2))
    assert client.post(page, {"code": sent_code()}).getvalue().startswith(b"PK")
    CopyCode.objects.update(codes_sent=5, code_sent_at=timezone.now() - timedelta(hours=23))
    client.post(send)
    assert CopyCode.objects.get().codes_sent == 5
    CopyCode.objects.update(code_sent_at=timezone.now() - timedelta(hours=25))
    client.post(send)
    assert CopyCode.objects.get().codes_sent == 1


@pytest.mark.parametrize("guard", ["factor", "lock"])
def test_the_link_goes_round_no_second_factor_and_no_lock(client, guard):
    customer = make_customer(closed_days_ago=300)
    if guard == "factor":
        Authenticator.objects.create(user=customer.user, type="totp", data={"secret": "x"})
    else:
        customer.user.locked_at = timezone.now()
        customer.user.save()
    page = page_of(customer)

    shown = client.get(page)
    client.post(page, {"password": PASSWORD})
    client.post(page_of(customer, "send_copy_code"))

    assert page_of(customer, "write_from_closed") in shown.text
    assert not Export.objects.exists()
    assert not CopyCode.objects.exists()


def test_a_copy_goes_with_its_time_with_the_reopening_and_with_the_purge(client):
    back, late, gone = (make_customer(closed_days_ago=300) for _ in range(3))
    approve(rule_after_closing(timezone.localdate()))
    for customer in (back, late, gone):
        take_copy(customer)
        make_next_export()
    assert len(stored_files()) == 3

    Customer.objects.filter(pk=back.pk).update(grace_until=timezone.localdate())
    change_mind(back)
    Customer.objects.filter(pk=gone.pk).update(kept_until=timezone.localdate() - timedelta(days=1))
    purge.purge_closed_accounts()
    remove_doomed_files()
    assert len(stored_files()) == 1
    states = dict(Export.objects.values_list("customer", "state"))
    assert states == {back.pk: ExportState.EXPIRED, late.pk: ExportState.READY}
    Export.objects.filter(customer=late).update(expires_at=timezone.now())
    client.post(page_of(late), {"password": PASSWORD})  # too late for the old one
    assert list(Export.objects.of(late).values_list("state", flat=True)) == ["asked", "ready"]
    told = client.post(page_of(gone), {"password": PASSWORD}, follow=True)
    assert told.redirect_chain[0][0] == page_of(gone, "closed_account")


@pytest.mark.parametrize("round_", range(2))
def test_conc_09_of_a_purge_and_a_copy_one_comes_first_and_no_file_is_left(portal, round_):
    approve(rule_after_closing(timezone.localdate()))
    made, fetched = (make_customer(closed_days_ago=400) for _ in range(2))
    take_copy(fetched)
    make_next_export()
    take_copy(made)

    def fetch():
        return Client().post(page_of(fetched), {"password": PASSWORD}).getvalue()

    _runs, _made, _content = at_once(purge.purge_closed_accounts, make_next_export, fetch)
    (run,) = purge.purge_closed_accounts()
    remove_doomed_files()

    assert run.failed == 0
    assert not Customer.objects.exists()
    assert not Export.objects.exists()
    assert stored_files() == []
