"""The doors: in the account, without a sign-in, and by the links in mails."""

import re

import pytest
from django.core import mail
from django.urls import reverse

from accounts.models import User
from incidents.models import UnauthorisedUse
from notices.models import Notice
from notices.services import send_due_notices
from tests.clients import PortalClient
from tests.factories import make_customer
from tests.incidents.test_services import FRESH, is_in, sign_in, with_address

pytestmark = pytest.mark.django_db

NEW = {"password1": FRESH, "password2": FRESH}


@pytest.fixture
def ung():
    return with_address(make_customer(full_name="Nguyễn Văn Ưng", email="ung@example.com"))


def ask(client, email):
    return client.post(reverse("report_use"), {"email": email})


def newest_link(kind):
    """Return the link that the last mail with such a link holds."""
    send_due_notices()
    text = "\n".join(message.body for message in mail.outbox)
    return re.findall(rf"/unauthorised-use/{kind}/\S+", text)[-1]


def test_a_customer_locks_the_own_account_and_opens_it_by_mail(client, ung):
    client.force_login(ung.user, fresh=False)

    answer = client.post(reverse("report_own_use"), {"text": "Lạ quá.", "mailbox_unsafe": ""})

    assert answer.url == reverse("account_locked")
    assert not is_in(client)
    assert client.get(answer.url).status_code == 200
    visitor = PortalClient()
    link = newest_link("unlock")
    assert visitor.get(link).status_code == 200
    assert User.objects.get(pk=ung.user.pk).locked_at is not None
    assert visitor.post(link, NEW).url == reverse("account_login")
    assert is_in(sign_in(ung.user, FRESH)[0])
    assert visitor.get(link).status_code == 404
    assert visitor.post(link, NEW).status_code == 404


def test_without_a_sign_in_the_mailed_link_locks_once_its_button_is_pressed(client, ung):
    assert ask(client, "UNG@example.com").url == reverse("report_use_sent")
    link = newest_link("confirm")

    assert client.get(link).status_code == 200
    assert client.head(link).status_code == 200
    assert not UnauthorisedUse.objects.exists()
    assert client.post(link, {"text": ""}).url == reverse("account_locked")

    assert UnauthorisedUse.objects.get().origin == "mail"
    assert not is_in(sign_in(ung.user)[0])


def test_whoever_asks_again_gets_the_link_that_unlocks(client, ung):
    ask(client, ung.email)
    client.post(newest_link("confirm"), {})

    Notice.objects.all().delete()
    ask(client, ung.email)

    assert newest_link("unlock")


def test_a_link_is_worth_nothing_after_the_password_changed(client, ung):
    ask(client, ung.email)
    link = newest_link("confirm")
    ung.user.set_password("something else")
    ung.user.save()

    assert client.post(link, {}).status_code == 404
    assert not UnauthorisedUse.objects.exists()


@pytest.mark.parametrize("name", ["confirm_report", "unlock_account"])
@pytest.mark.parametrize("token", ["x", "WyJhIiwgImIiXQ:1tQ:abc", "%00", "a" * 2000])
def test_a_made_up_link_opens_nothing(name, token, client, ung):
    answer = client.post(reverse(name, args=[token]), NEW)

    assert answer.status_code in (400, 404)
    assert not UnauthorisedUse.objects.exists()


def test_a_link_that_locks_does_not_unlock(client, ung):
    ask(client, ung.email)
    token = newest_link("confirm").rstrip("/").rpartition("/")[2]
    client.post(reverse("confirm_report", args=[token]), {})

    assert client.post(reverse("unlock_account", args=[token]), NEW).status_code == 404


def test_any_address_gets_the_same_answer_and_a_mail(ung, django_assert_max_num_queries, client):
    answers = []
    for email in (ung.email, "nobody@example.com"):
        with django_assert_max_num_queries(6):
            answer = ask(PortalClient(), email)
        answers.append((answer.status_code, answer.url, sorted(answer.cookies)))

    assert answers[0] == answers[1]
    send_due_notices()
    assert [message.to for message in mail.outbox] == [[ung.email], ["nobody@example.com"]]


def test_one_address_gets_few_mails(client, ung):
    answers = [ask(PortalClient(), ung.email) for _ in range(5)]

    assert [answer.status_code for answer in answers] == [302, 302, 302, 429, 429]
    assert "ung@example.com" in answers[-1].text
    assert Notice.objects.count() == 3


def test_a_weak_password_does_not_unlock_and_says_why(client, ung):
    ask(client, ung.email)
    client.post(newest_link("confirm"), {})
    ask(client, ung.email)

    weak = {"password1": "matkhau123", "password2": "matkhau123"}
    answer = client.post(newest_link("unlock"), weak)

    assert answer.context["form"].errors["password1"]
    assert User.objects.get(pk=ung.user.pk).locked_at is not None


def test_a_card_number_is_masked_before_it_is_stored(client, ung):
    client.force_login(ung.user)

    client.post(reverse("report_own_use"), {"text": "Thẻ 4111 1111 1111 1111 bị dùng"})

    assert "4111 1111" not in UnauthorisedUse.objects.get().text
