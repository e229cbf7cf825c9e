"""What nobody should send, sent to the sign-in: cases of the areas "auth", "email" and "idor"."""

import re
from urllib.parse import urljoin, urlsplit

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from access.models import AccessRecord
from accounts.models import User
from common.guessing import MOST_MISSES, STOPPED_FOR
from common.text import clean_email
from common.tokens import new_public_id
from notices.models import Notice
from policies.models import Purpose
from privacyportal.roles import DPO
from tests.clients import PortalClient
from tests.factories import PASSWORD, make_complaint, make_customer, make_staff
from tests.threads import at_once

pytestmark = pytest.mark.django_db

LOGIN = "/account/login/"


@pytest.fixture
def alice():
    customer = make_customer(email="alice@example.vn")
    EmailAddress.objects.create(
        user=customer.user, email=customer.email, verified=True, primary=True
    )
    return customer


def sign_in(client, email, password, **headers):
    return client.post(LOGIN, {"login": email, "password": password}, headers=headers)


@pytest.mark.parametrize(
    "address",
    [
        "ａlice@example.vn",
        "alice@ｅxample.vn",
        "а\u200clice@example.vn",
        "ali\u200bce@example.vn",
        "alıce@example.vn",
        "ali\u017fce@example.vn",
        "ali\u212aim@example.vn",
        "\u212aim@example.vn",
        "alice@example.vn\u200b",
        "alice@example.vn\u3002",
        '"a b"@example.vn',
        '"alice"@example.vn',
        "alice@[127.0.0.1]",
        "alice@localhost",
        "alice@example.vn.",
    ],
)
def test_no_look_alike_becomes_a_second_account_of_a_mailbox(address, client, alice):
    with pytest.raises(ValidationError):
        clean_email(address)
    bob = make_customer()
    client.force_login(bob.user)

    answer = client.post(reverse("account_email"), {"action_add": "", "email": address})

    assert answer.context["form"].errors["email"]
    assert not EmailAddress.objects.exclude(email__in=[alice.email, bob.email]).exists()
    assert not Notice.objects.exists()


@pytest.mark.parametrize("address", ["alıce@example.vn", "\u212aim@example.vn", "ro\u017fa@a.vn"])
def test_emai_03_nobody_signs_up_with_a_letter_that_small_letters_hide(address, client):
    """U+212A becomes an ordinary k in small letters, and so somebody else's address."""
    page = sign_up(client, address)

    assert page.context["form"].errors["email"]
    assert not User.objects.exists()
    assert not Notice.objects.exists()


@pytest.mark.parametrize("address", ["ALICE@Example.VN", "  alice@example.vn "])
def test_capitals_and_spaces_around_name_the_same_mailbox(address):
    assert clean_email(address) == "alice@example.vn"


def test_an_address_with_a_plus_is_a_mailbox_of_its_own():
    """Only its owner's mail server knows whether both are one mailbox."""
    assert clean_email("alice+1@example.vn") == "alice+1@example.vn"


def test_adding_the_address_of_another_customer_looks_like_adding_a_free_one(alice):
    pages = []
    for address in (alice.email, "free@example.vn"):
        client = PortalClient()
        client.force_login(make_customer().user)
        answer = client.post(reverse("account_email"), {"action_add": "", "email": address})
        page = client.get(answer.url).text.replace(address, "…")
        pages.append((answer.status_code, answer.url, page.count("<"), page.count("…")))

    assert pages[0] == pages[1]
    assert Notice.objects.count() == 2


@pytest.mark.parametrize("email", ["alice@example.vn", "nobody@example.vn"])
def test_a_wrong_sign_in_looks_the_same_for_any_address(email, client, alice):
    answer = sign_in(client, email, "wrong")

    assert answer.status_code == 200
    assert [str(each) for each in answer.context["form"].errors["__all__"]]
    page = answer.text.replace(email, "…")
    other = sign_in(PortalClient(), "other@example.vn", "wrong")
    assert page.count("<") == other.text.replace("other@example.vn", "…").count("<")


class CountingHasher(Argon2PasswordHasher):
    """The hasher of production, which tells how often it worked."""

    worked = 0

    def encode(self, *args):
        CountingHasher.worked += 1
        return super().encode(*args)

    def verify(self, *args):
        CountingHasher.worked += 1
        return super().verify(*args)


def hashings(act):
    before = CountingHasher.worked
    act()
    return CountingHasher.worked - before


def sign_up(client, email):
    page = client.get(reverse("account_signup"))
    data = {
        "full_name": "Trần Thị Mai",
        "email": email,
        "phone": "0912 345 678",
        "password1": PASSWORD,
        "accept_policy": "on",
        "shown": page.context["form"]["shown"].value(),
    }
    return client.post(reverse("account_signup"), data)


@pytest.mark.parametrize(
    ("door", "most"),
    [
        (lambda client, email: sign_in(client, email, "wrong"), 1),
        (sign_up, 1),
        (lambda client, email: client.post(reverse("account_reset_password"), {"email": email}), 0),
    ],
    ids=["AUTH-01 sign-in", "AUTH-01 sign-up", "AUTH-03 reset"],
)
def test_a_known_address_costs_as_many_hashes_as_another(door, most, settings):
    """Of all the work this is what takes long; `make bench` measures the time itself."""
    settings.PASSWORD_HASHERS = ["tests.abuse.test_sign_in.CountingHasher"]
    make_customer(email="alice@example.vn", is_verified=True)

    known = hashings(lambda: door(PortalClient(), "alice@example.vn"))
    unknown = hashings(lambda: door(PortalClient(), "nobody@example.vn"))

    assert known == unknown == most


def test_guessing_is_stopped_whatever_address_it_claims_to_come_from(alice):
    for guess in range(15):
        sign_in(PortalClient(), alice.email, "wrong", x_forwarded_for=f"203.0.113.{guess}")

    answer = sign_in(PortalClient(), alice.email, PASSWORD, x_forwarded_for="203.0.113.99")

    assert answer.context["form"].errors


@pytest.mark.django_db(transaction=True)
def test_guesses_at_the_same_instant_pass_the_limit_by_few(portal, monkeypatch):
    customer = make_customer(email="alice@example.vn")
    EmailAddress.objects.create(user=customer.user, email=customer.email, verified=True)
    checked = []
    check = User.check_password
    monkeypatch.setattr(User, "check_password", lambda u, p: checked.append(p) or check(u, p))

    def guess():
        return sign_in(Client(), customer.email, "wrong")

    at_once(*[guess] * 20)

    assert len(checked) <= 7


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "/\\evil.example",
        "https:evil.example",
        "https://evil.example/",
        "javascript:alert(1)",
        "%2f%2fevil.example",
        "/%09/evil.example",
        "\t//evil.example",
    ],
)
@pytest.mark.parametrize("place", ["field", "query"])
def test_a_sign_in_leads_nowhere_else(target, place, client, alice):
    data = {"login": alice.email, "password": PASSWORD}
    if place == "field":
        answer = client.post(LOGIN, {**data, "next": target})
    else:
        answer = client.post(LOGIN, data, query_params={"next": target})

    assert answer.status_code == 302
    assert "\t" not in answer.url
    there = urlsplit(urljoin("http://testserver" + LOGIN, answer.url.replace("\\", "/")))
    assert (there.scheme, there.netloc) == ("http", "testserver")


ORIGINS = pytest.mark.parametrize("origin", ["https://evil.example", "null"])


@ORIGINS
def test_auth_27_no_other_site_signs_anybody_in_or_out(origin, alice):
    strict = Client(enforce_csrf_checks=True)
    data = {"login": alice.email, "password": PASSWORD}

    assert strict.post(LOGIN, data, headers={"origin": origin}).status_code == 403
    assert "sessionid" not in strict.cookies


def test_the_desks_own_sign_in_takes_no_password(alice):
    answers = [
        PortalClient().post("/admin/login/", {"username": alice.email, "password": password})
        for password in (PASSWORD, "wrong")
    ]

    assert {(each.status_code, each.url.partition("?")[0]) for each in answers} == {(302, LOGIN)}


@pytest.mark.parametrize("address", [LOGIN, "/account/signup/", "/account/password/reset/"])
def test_no_site_frames_the_sign_in(address, client):
    answer = client.get(address)

    assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]
    assert answer["X-Frame-Options"] == "DENY"


def test_a_sign_up_that_somebody_else_began_is_finished_by_no_click():
    """The mail holds a code for the browser that began, and no link that a victim could open."""
    sign_up(PortalClient(), "victim@example.vn")

    mailed = Notice.objects.get(address="victim@example.vn").body

    assert "/account/" not in mailed
    assert not EmailAddress.objects.get().verified


def test_idor_02_who_guesses_addresses_is_stopped_for_an_hour(alice, client, caplog):
    complaint = make_complaint(customer=alice)
    client.force_login(alice.user)
    other = PortalClient()
    other.force_login(make_customer().user)

    with time_machine.travel(timezone.now(), tick=False) as clock:
        answers = [
            client.get(reverse("complaint", args=[new_public_id()])).status_code
            for _guess in range(MOST_MISSES + 3)
        ]

        assert answers == [404] * MOST_MISSES + [429] * 3
        assert client.get(complaint.get_absolute_url()).status_code == 429
        assert [record.levelname for record in caplog.records if "it waits" in record.msg] == [
            "WARNING"
        ]
        assert alice.email not in caplog.text
        assert other.get(reverse("overview")).status_code == 200
        clock.shift(STOPPED_FOR)
    cache.delete(f"guessing-{alice.user.pk}")  # Valkey has a clock of its own
    assert client.get(reverse("home")).status_code == 302


def test_idor_02_a_public_id_cannot_be_guessed():
    ids = [new_public_id() for _each in range(100)]
    assert all(re.fullmatch(r"[0-9a-f]{32}", each) for each in ids)  # 128 bits
    assert len(set(ids)) == 100


@pytest.mark.parametrize("place", ["", "{pk}/change/"])
@pytest.mark.parametrize("name", ["accounts/customer", "complaints/complaint", "policies/purpose"])
def test_idor_05_rows_named_by_their_keys_are_refused(place, name, client, alice):
    complaint = make_complaint(customer=alice)
    rows = {"complaints/complaint": complaint.pk, "accounts/customer": alice.pk}
    pk = rows.get(name) or Purpose.objects.all()[0].pk
    client.force_login(make_staff(DPO))
    other = make_customer(full_name="Người Khác")
    form = {
        "form-TOTAL_FORMS": "1",
        "form-INITIAL_FORMS": "1",
        "form-0-id": other.pk,
        "form-0-full_name": "Đã Sửa",
        "_save": "",
    }

    answer = client.post(f"/admin/{name}/{place.format(pk=pk)}", form)

    assert answer.status_code in (400, 405)
    other.refresh_from_db()
    assert (other.full_name, other.history.count()) == ("Người Khác", 1)


@pytest.mark.parametrize(
    "address",
    [
        "/admin/",
        "/admin/accounts/customer/",
        "/admin/accounts/customer/1/reveal/",
        "/admin/complaints/complaint/1/change/",
        "/admin/jsi18n/",
    ],
)
def test_idor_06_a_customer_at_the_desk_is_led_away_and_it_is_logged(
    address, client, alice, caplog
):
    client.force_login(alice.user)

    answer = client.get(address)

    assert answer.status_code in (302, 404)
    if answer.status_code == 302:
        assert client.get(answer.url).url == reverse("home")
    assert any("asked for the desk" in record.msg for record in caplog.records)
    assert alice.email not in caplog.text
    assert not AccessRecord.objects.exists()
