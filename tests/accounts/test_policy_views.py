from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.account.models import EmailAddress
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.acceptance import accept_policy
from accounts.models import Consent, PolicyEvent
from policies.models import PolicyVersion, Purpose, Significance, sha256
from policies.reading import DRAWING
from policies.registers import save_purpose
from privacyportal.roles import COMPLAINT_OFFICER, DPO
from tests.factories import PASSWORD, make_customer, make_policy_version, make_staff

pytestmark = pytest.mark.django_db

HERE = "/me/policy/"


def text_of(number, language="vi"):
    return PolicyVersion.objects.get(number=number).text_in(language)


def sent(text, **changes):
    return {
        "number": text.version.number,
        "language": text.language,
        "sha256": text.sha256,
        **changes,
    }


def accepted(customer):
    events = customer.policy_events.filter(kind="accepted")
    return [(event.text.version.number, event.text.language) for event in events]


@pytest.fixture
def customer(client):
    customer = make_customer()
    EmailAddress.objects.create(user=customer.user, email=customer.email, verified=True)
    accept_policy(customer, text_of("1"))
    client.force_login(customer.user)
    return customer


@pytest.fixture
def asked(customer):
    """A customer to whom version 2 is still to be put."""
    make_policy_version("2", effective_in_days=9)
    return customer


@pytest.fixture
def fresh(asked):
    """A browser in which that customer has just signed in."""
    browser = Client()
    response = browser.post(reverse("account_login"), {"login": asked.email, "password": PASSWORD})
    assert response.url == reverse("overview")
    return browser


def test_strangers_and_staff_are_sent_where_they_belong(client):
    assert client.get(HERE).url.startswith(reverse("account_login"))
    assert client.post(HERE).url.startswith(reverse("account_login"))
    client.force_login(make_staff(COMPLAINT_OFFICER))
    assert client.get(HERE).url == reverse("admin:index")


@pytest.mark.parametrize("language", ["vi", "en"])
def test_showing_a_version_is_recorded_once_and_accepts_nothing(client, asked, language):
    client.cookies["django_language"] = language
    for _ in range(2):
        response = client.get(HERE)

    assert f'<html lang="{language}"' in response.content.decode()
    assert response.context["text"] == text_of("2", language)
    assert "?old=1&amp;new=2" in response.content.decode()
    shown = asked.policy_events.filter(kind="shown")
    assert [event.text for event in shown] == [text_of("2", language)]
    assert accepted(asked) == [("1", "vi")]


def test_the_text_is_drawn_once_for_all_who_are_asked_or_sign_up(client, asked):
    client.get(HERE)
    Client().get(reverse("account_signup"))

    for number in ("1", "2"):
        assert cache.get(f"policy-{DRAWING}-2-{text_of(number).sha256}")


def test_accepting_records_the_text_that_was_read_and_consents_to_nothing(client, asked):
    text = text_of("2", "en")
    for _ in range(2):
        response = client.post(HERE, sent(text, next=reverse("consents")))
        assert response.url == reverse("consents")

    assert accepted(asked) == [("1", "vi"), ("2", "en")]
    event = asked.policy_events.last()
    assert (event.channel, event.text.sha256) == ("web", text.sha256)
    assert timezone.now() - event.at < timedelta(minutes=1)
    assert not Consent.objects.exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"sha256": "0" * 64},
        {"language": "xx"},
        {"number": "99"},
        {"number": ""},
        {"sha256": "\x00"},
        {"number": "1"},
    ],
)
def test_what_was_not_shown_cannot_be_accepted(client, asked, wrong):
    response = client.post(HERE, sent(text_of("2"), **wrong), follow=True)

    assert response.status_code == 200
    assert accepted(asked) == [("1", "vi")]
    assert 'class="notice notice-bad"' in response.content.decode()


def test_a_version_that_is_overtaken_meanwhile_is_not_accepted_but_the_new_one_shown(client, asked):
    client.get(HERE)
    make_policy_version("3", effective_in_days=20)

    response = client.post(HERE, sent(text_of("2")), follow=True)

    assert accepted(asked) == [("1", "vi")]
    assert response.context["version"].number == "3"
    assert 'class="notice notice-bad"' in response.content.decode()
    assert [version.number for version in response.context["news"]] == ["3", "2"]


@pytest.mark.parametrize(
    "target", ["//evil.example/", "https://evil.example", "javascript:alert(1)", "\\\\evil.example"]
)
def test_neither_later_nor_accept_lead_to_another_host(client, asked, target):
    assert client.get(HERE, {"next": target}).context["next"] == reverse("overview")
    assert client.post(HERE, sent(text_of("2"), next=target)).url == reverse("overview")


class TestAtSignIn:
    def test_the_first_page_asks_and_then_lets_go_on(self, fresh):
        wanted = reverse("accesses") + "?page=2"

        response = fresh.get(wanted)

        to = urlsplit(response.url)
        assert (to.path, parse_qs(to.query)) == (HERE, {"next": [wanted]})
        page = fresh.get(response.url).content.decode()
        assert f'href="{wanted}"' in page
        assert fresh.get(wanted).status_code == 200
        assert fresh.get(reverse("overview")).status_code == 200

    def test_the_page_that_asks_counts_as_asking(self, fresh):
        assert fresh.get(HERE).status_code == 200
        assert fresh.get(reverse("overview")).status_code == 200

    def test_to_look_up_a_day_first_is_not_to_be_asked(self, fresh):
        assert fresh.get(HERE, {"accepted": "1"}).status_code == 200

        response = fresh.get(reverse("overview"))

        assert urlsplit(response.url).path == HERE

    def test_what_a_customer_sends_is_never_held_up(self, fresh, asked):
        wording = {"purpose": "newsletter", "decision": "given"}
        response = fresh.post(reverse("decide_consent"), wording)
        assert response.url == reverse("consents")

    def test_later_leads_on_also_when_a_form_was_to_be_sent(self, fresh):
        wanted = reverse("decide_consent")  # the session ended before it was

        page = fresh.get(fresh.get(wanted).url).content.decode()
        assert f'href="{wanted}"' in page

        assert fresh.get(wanted).url == reverse("consents")

    def test_the_overview_reminds_while_it_waits(self, fresh, asked):
        fresh.get(reverse("overview"))
        assert f'href="{HERE}"' in fresh.get(reverse("overview")).content.decode()

        fresh.post(HERE, sent(text_of("2")))

        assert f'href="{HERE}"' not in fresh.get(reverse("overview")).content.decode()

    def test_each_sign_in_asks_anew_until_it_is_accepted(self, fresh, asked):
        fresh.get(reverse("overview"))
        fresh.post(reverse("account_logout"))
        fresh.post(reverse("account_login"), {"login": asked.email, "password": PASSWORD})
        assert fresh.get(reverse("overview")).status_code == 302

        fresh.post(HERE, sent(text_of("2")))
        fresh.post(reverse("account_logout"))
        fresh.post(reverse("account_login"), {"login": asked.email, "password": PASSWORD})
        assert fresh.get(reverse("overview")).status_code == 200


def test_nobody_is_asked_about_a_minor_version(client, customer):
    make_policy_version("2", significance=Significance.MINOR)

    browser = Client()
    browser.post(reverse("account_login"), {"login": customer.email, "password": PASSWORD})

    assert browser.get(reverse("overview")).status_code == 200
    assert not PolicyEvent.objects.filter(kind="shown").exists()


def test_what_was_accepted_is_told_when_nothing_waits(client, customer):
    response = client.get(HERE)
    assert [event.text for event in response.context["accepted"]] == [text_of("1")]
    assert text_of("1").sha256[:12] in response.content.decode()


def test_what_was_accepted_is_told_also_while_a_version_waits(client, asked):
    response = client.get(HERE, {"accepted": "1"})
    assert response.context["to_accept"].number == "2"
    assert not response.context["form"].errors


class TestOnADay:
    @pytest.fixture
    def long_here(self, client):
        """Accepted 1 forty days ago, gave a consent thirty days ago, withdrew it ten days ago."""
        today = timezone.now()
        customer = make_customer(opened_at=today - timedelta(days=40))
        stranger = make_customer(opened_at=today - timedelta(days=40))
        make_policy_version("2", effective_in_days=-20, published_days_ago=30)
        self.event(customer, "1", days=40)
        self.event(stranger, "2", days=19)
        self.consent(customer, "given", days=30)
        self.consent(customer, "withdrawn", days=10)
        self.consent(stranger, "given", days=30)
        client.force_login(customer.user)
        return customer

    def event(self, customer, number, *, days):
        PolicyEvent.objects.create(
            customer=customer,
            kind="accepted",
            text=text_of(number),
            channel="web",
            at=timezone.now() - timedelta(days=days),
        )

    def consent(self, customer, decision, *, days):
        purpose = Purpose.objects.get(code="newsletter")
        Consent.objects.create(
            customer=customer,
            purpose=purpose,
            decision=decision,
            wording=purpose.wording,
            wording_sha256=sha256(purpose.wording),
            language="vi",
            policy_version=PolicyVersion.objects.get(number="1"),
            channel="web",
            at=timezone.now() - timedelta(days=days),
        )

    @pytest.mark.parametrize(
        ("days", "version", "in_force"),
        [(31, "1", []), (30, "1", ["newsletter"]), (20, "2", ["newsletter"]), (10, "2", [])],
    )
    def test_version_acceptance_and_consents_are_those_of_that_day(
        self, client, long_here, days, version, in_force
    ):
        day = timezone.localdate() - timedelta(days=days)

        response = client.get(HERE, {"day": day.isoformat()})

        context = response.context
        assert context["applied"].number == version
        assert context["accepted_then"].text.version.number == "1"
        assert [consent.purpose.code for consent in context["consents"]] == in_force
        for consent in context["consents"]:
            assert consent.purpose.name in response.content.decode()

    def test_a_consent_to_other_words_lapses_on_the_day_the_question_changes(
        self, client, long_here
    ):
        self.consent(long_here, "given", days=2)
        purpose = Purpose.objects.get(code="newsletter")
        values = {"wording_vi": "Câu hỏi mới?", "wording_en": "A new question?"}
        save_purpose(purpose, values=values, asks_anew=True, by=make_staff(DPO))
        purpose.history.update(history_date=timezone.now() - timedelta(days=9))
        purpose.history.filter(wording_en="A new question?").update(history_date=timezone.now())

        in_force = [
            [consent.purpose.code for consent in client.get(HERE, {"day": day}).context["consents"]]
            for day in (timezone.localdate() - timedelta(days=1), timezone.localdate())
        ]

        assert in_force == [["newsletter"], []]

    @pytest.mark.parametrize("day", ["", "x", "2026-02-30", "0001-01-01", "9999-12-31"])
    def test_any_day_gets_a_sentence(self, client, long_here, day):
        response = client.get(HERE, {"day": day})
        assert response.status_code == 200
        assert "consents" not in response.context
        page = response.content.decode()
        assert 'class="field-error"' in page or 'role="status"' in page


@pytest.mark.parametrize("more", [1, 3])
def test_many_versions_cost_no_more_questions(
    client, customer, more, django_assert_max_num_queries
):
    for n in range(more):
        make_policy_version(str(n + 2), effective_in_days=n)
    with django_assert_max_num_queries(22):
        client.get(HERE)
    with django_assert_max_num_queries(12):
        client.get(HERE, {"day": timezone.localdate().isoformat()})
