"""What a visitor or a customer lets the company's sites do."""

import os
import subprocess
import sys
from threading import Thread

import pytest
from django.db import IntegrityError, connections, transaction
from django.test import Client
from django.urls import reverse
from django.utils.text import capfirst

from accounts.closing import close_account
from accounts.locks import lock_open
from accounts.models import Customer
from marketing.models import Preference
from marketing.preferences import Choices, choose
from marketing.refusal import refuse_marketing
from retention.purge import erase
from tests.factories import make_customer
from tests.marketing.conftest import decide

pytestmark = pytest.mark.django_db

PAGE, JSON = "/preferences/", "/preferences.json"
SHOP = "https://shop.example.vn"
ALL = {"statistics": "on", "personalisation": "on", "advertising": "on", "ads": "personalised"}
REFUSED = {
    "necessary": True,
    "statistics": False,
    "personalisation": False,
    "advertising": False,
    "ads": "general",
}
DEFAULT = {"decided": False, "source": "default", **REFUSED}
ALLOWED = {
    "decided": True,
    "necessary": True,
    "statistics": True,
    "personalisation": True,
    "advertising": True,
    "ads": "personalised",
}


@pytest.fixture
def customer(client):
    customer = make_customer(is_verified=True)
    client.force_login(customer.user)
    return customer


def test_reading_sets_nothing_and_ticks_nothing(client):
    page = client.get(PAGE)
    answer = client.get(JSON)

    assert not page.cookies
    assert not answer.cookies
    form = page.context["form"]
    ticked = [form[name].value() for name in ("statistics", "personalisation", "advertising")]
    assert ticked == [False, False, False]
    assert answer.json() == DEFAULT


def test_a_visitor_gets_one_cookie_on_sending_that_holds_the_choices_alone(client):
    response = client.post(PAGE, ALL)

    assert list(response.cookies) == ["preferences"]
    cookie = response.cookies["preferences"]
    assert cookie.value == "1.1.1.1.personalised"
    assert (cookie["samesite"], cookie["httponly"], cookie["path"]) == ("Lax", True, "/")
    assert cookie["max-age"] == 180 * 24 * 3600
    assert client.get(JSON).json() == {"source": "cookie", **ALLOWED}
    assert not Preference.objects.exists()
    assert "sessionid" not in client.cookies


def test_two_visitors_with_the_same_choices_have_the_same_cookie():
    values = {Client().post(PAGE, ALL).cookies["preferences"].value for _ in range(2)}
    assert len(values) == 1


def test_a_refusal_is_a_decision_too(client):
    client.post(PAGE, {"ads": "none"})

    assert client.get(JSON).json() == {
        **REFUSED,
        "decided": True,
        "source": "cookie",
        "ads": "none",
    }


def test_a_customers_choices_are_kept_in_the_account_with_their_history(client, customer):
    client.post(PAGE, ALL)
    client.post(PAGE, ALL)
    client.post(PAGE, {"ads": "general"})

    preference = Preference.objects.get()
    assert preference.history.count() == 2
    assert preference.history.first().history_user == customer.user
    elsewhere = Client()
    elsewhere.force_login(customer.user)
    assert elsewhere.get(JSON).json() == {**REFUSED, "decided": True, "source": "account"}


def test_the_account_wins_over_the_cookie_of_the_browser(client, customer):
    client.cookies["preferences"] = "1.1.1.1.personalised"
    choose(customer, Choices(), by=customer.user)

    assert client.get(JSON).json()["source"] == "account"
    assert client.get(JSON).json()["advertising"] is False


def test_nobody_reads_or_changes_the_choices_of_another(client, customer):
    other = make_customer()
    choose(other, Choices(True, True, True, "personalised"), by=other.user)

    assert client.get(JSON).json() == DEFAULT
    client.post(PAGE, {"ads": "none", "customer": other.pk, "customer_id": other.pk, "id": 1})

    assert Preference.objects.get(customer=other).ads == "personalised"


@pytest.mark.parametrize(
    "cookie",
    [
        "",
        "1",
        "2.1.1.1.general",
        "1.1.1.1.everything",
        "1.2.1.1.general",
        "1.1.1.0.personalised",
        "1.1.1.1.general.1",
        "x" * 4000,
    ],
)
def test_a_cookie_that_is_none_of_ours_counts_as_none(client, cookie):
    client.cookies["preferences"] = cookie
    assert client.get(JSON).json() == DEFAULT
    assert client.get(PAGE).status_code == 200


def test_the_signal_of_the_browser_is_a_refusal_until_its_user_chooses(client):
    signal = {"Sec-GPC": "1"}

    assert client.get(JSON, headers=signal).json() == {
        **REFUSED,
        "decided": True,
        "source": "signal",
    }
    client.post(PAGE, ALL, headers=signal)
    assert client.get(JSON, headers=signal).json() == {"source": "cookie", **ALLOWED}


@pytest.mark.parametrize("value", ["0", "", "true", "1, 1"])
def test_another_value_is_no_signal(client, value):
    assert client.get(JSON, headers={"Sec-GPC": value}).json() == DEFAULT


@pytest.mark.parametrize(
    ("sent", "wrong"),
    [
        ({"ads": "personalised"}, {"ads"}),
        ({"ads": "everything"}, {"ads"}),
        ({}, {"ads"}),
        ({"ads": "ge\x00neral"}, {"ads"}),
    ],
)
def test_choices_that_contradict_are_refused_with_a_sentence(client, customer, sent, wrong):
    response = client.post(PAGE, {"statistics": "on", **sent})

    assert set(response.context["form"].errors) == wrong
    assert response.context["form"]["statistics"].value() is True
    assert not Preference.objects.exists()
    assert "preferences" not in response.cookies


def test_another_site_chooses_for_nobody(client):
    response = client.post(PAGE, ALL, headers={"Origin": "https://elsewhere.example"})

    assert response.status_code == 403
    assert "preferences" not in response.cookies


def test_the_database_knows_no_advertising_for_somebody_whom_nobody_may_follow():
    with pytest.raises(IntegrityError, match="personalised_needs_following"), transaction.atomic():
        Preference.objects.create(customer=make_customer(), ads="personalised")


class TestOtherSites:
    @pytest.fixture(autouse=True)
    def listed(self, settings):
        settings.PREFERENCE_ORIGINS = [SHOP]

    def test_that_are_listed_may_read_with_the_visitors_cookies(self, client):
        answer = client.get(JSON, headers={"Origin": SHOP})

        assert answer["Access-Control-Allow-Origin"] == SHOP
        assert answer["Access-Control-Allow-Credentials"] == "true"

    @pytest.mark.parametrize(
        "origin",
        ["https://elsewhere.example", "null", f"{SHOP}.evil.example", SHOP.upper(), "*", ""],
    )
    def test_that_are_not_may_not(self, client, origin):
        answer = client.get(JSON, headers={"Origin": origin})

        assert "Access-Control-Allow-Origin" not in answer
        assert "Access-Control-Allow-Credentials" not in answer

    def test_get_answers_that_no_cache_gives_to_another(self, client):
        answer = client.get(JSON, headers={"Origin": SHOP})

        vary = {name.strip() for name in answer["Vary"].split(",")}
        assert {"Origin", "Cookie", "Sec-GPC"} <= vary
        assert "no-store" in answer["Cache-Control"]

    @pytest.mark.parametrize("method", ["post", "put", "delete"])
    def test_only_read(self, client, method):
        assert getattr(client, method)(JSON).status_code == 405


@pytest.mark.parametrize(
    "origins", ["*", "shop.example.vn", "https://shop.example.vn/", "https://a.vn/x", "ftp://a.vn"]
)
def test_the_portal_does_not_start_with_an_origin_that_is_none(origins):
    environment = os.environ | {"PREFERENCE_ORIGINS": origins}
    code = "import privacyportal.settings"

    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )

    assert "PREFERENCE_ORIGINS must read like" in done.stderr


class TestRefusing:
    def test_all_marketing_ends_being_followed_and_advertising(self, client, customer):
        choose(customer, Choices(True, True, True, "personalised"), by=customer.user)

        refuse_marketing(customer, by=customer.user)

        assert client.get(JSON).json() == {
            **ALLOWED,
            "source": "account",
            "advertising": False,
            "ads": "none",
        }

    def test_a_consent_to_advertising_ends_being_followed(self, client, customer):
        decide(customer, "given", "advertising")
        choose(customer, Choices(True, False, True, "personalised"), by=customer.user)

        decide(customer, "withdrawn", "advertising")

        assert client.get(JSON).json()["advertising"] is False
        assert client.get(JSON).json()["ads"] == "general"

    def test_the_newsletter_does_not(self, client, customer):
        decide(customer, "given")
        choose(customer, Choices(advertising=True), by=customer.user)

        decide(customer, "withdrawn")

        assert client.get(JSON).json()["advertising"] is True


def test_a_closed_account_says_nothing_any_more(client, customer):
    choose(customer, Choices(True, True, True, "general"), by=customer.user)
    close_account(customer, by=customer.user)
    client.force_login(customer.user)

    assert client.get(JSON).json() == DEFAULT


def test_the_page_tells_a_customer_what_the_account_says_of_marketing(client, customer):
    decide(customer, "given", "advertising")

    page = client.get(PAGE, headers={"accept-language": "en"})

    said = {choice.purpose.code: choice.is_given for choice in page.context["consents"]}
    assert said == {"newsletter": False, "partner_offers": False, "advertising": True}
    words = page.text.partition("What you decided in your account")[2]
    assert (words.count("You consented"), words.count("Not consented")) == (1, 2)
    assert f'href="{reverse("consents")}"' in words
    assert "What you decided in your account" not in Client().get(PAGE).text


def test_the_customer_sees_what_is_kept_and_it_goes_with_the_rest(client, customer):
    choose(customer, Choices(statistics=True), by=customer.user)

    page = client.get(reverse("data")).content.decode()
    label = str(Preference._meta.get_field("ads").verbose_name)
    assert capfirst(label) in page

    with transaction.atomic():
        erase([customer.pk])
    assert not Preference.objects.exists()
    assert not Preference.history.exists()


@pytest.mark.usefixtures("portal")
def test_a_choice_waits_for_another_change_of_the_customer():
    customer = make_customer()
    choosing = Thread(target=in_a_thread, args=[choose, customer, Choices(statistics=True)])

    with transaction.atomic():
        lock_open(Customer.objects.get(pk=customer.pk))
        choosing.start()
        choosing.join(timeout=0.5)
        assert choosing.is_alive()
        refuse_marketing(customer, by=customer.user)
    choosing.join()

    assert Preference.objects.get().statistics is True
    assert [row.ads for row in Preference.history.order_by("history_id")] == ["none", "general"]


def in_a_thread(step, customer, choices):
    try:
        step(Customer.objects.get(pk=customer.pk), choices, by=customer.user)
    finally:
        connections.close_all()


def test_a_visitor_is_none_of_the_customers_without_a_sign_in(client):
    recorded = make_customer(user=None)
    Preference.objects.create(customer=recorded, advertising=True)

    assert client.get(reverse("preferences_json")).json()["source"] == "default"
    assert client.get(reverse("newsletter")).status_code == 200
    client.post(reverse("preferences"), {"ads": "none"})

    assert Preference.objects.get().advertising is True
