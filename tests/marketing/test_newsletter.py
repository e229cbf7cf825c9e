"""Subscribing without an account, and the issues that subscribers and customers get."""

import re
from datetime import timedelta
from threading import Thread

import pytest
import time_machine
from allauth.account.models import EmailAddress
from allauth.account.signals import email_confirmed
from django.core import mail
from django.db import IntegrityError, connection, connections, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from accounts.closing import close_account
from accounts.consents import decide_consent
from accounts.merging import approve_merge, ask_merge
from accounts.models import Consent, ConsentDecision, EventChannel
from common.encryption.keyring import KeyRing
from marketing import issues
from marketing.contacts import contact_hash
from marketing.exceptions import IssueRefused
from marketing.models import (
    NewsletterIssue,
    Preference,
    Subscription,
    Suppression,
    SuppressionReason,
)
from marketing.refusal import refuse_marketing
from marketing.subscriptions import forget_old_subscriptions
from marketing.suppression import marketing_purposes, suppress, suppressions_of
from notices.models import Notice
from notices.services import count_delivery
from policies.models import Company, PolicyVersion, Purpose, sha256
from privacyportal.roles import COMPLAINT_OFFICER, DPO
from retention.purge import erase, erase_unverified_sign_ups
from tests.factories import make_customer, make_staff
from tests.marketing.conftest import decide, delivered, link_in, make_issue
from tests.threads import at_once

pytestmark = pytest.mark.django_db

ADDRESS = "mai@example.com"
FORM = "/newsletter/"


def ask(client, **sent):
    purpose = Purpose.objects.get(code="newsletter")
    words = {"email": ADDRESS, "agrees": "on", "shown": sha256(purpose.wording)}
    return client.post(FORM, {name: value for name, value in (words | sent).items() if value})


def subscribe(client, email=ADDRESS):
    """Ask and confirm, as a person does."""
    ask(client, email=email)
    return client.post(link_in(delivered()[-1]))


def send(issue=None):
    """Send an issue to everybody; return the mails of it."""
    mail.outbox.clear()
    issue = issue or make_issue()
    issues.send_issue(issue, by=make_staff(DPO))
    issues.write_mails()
    return delivered()


def to(messages):
    return sorted(address for message in messages for address in message.to)


class TestAsking:
    def test_mails_a_link_and_subscribes_nobody(self, client):
        response = ask(client)

        assert response.url == reverse("newsletter_asked")
        (message,) = delivered()
        assert message.to == [ADDRESS]
        assert ADDRESS not in message.body
        assert not Subscription.objects.confirmed().exists()
        assert send() == []

    def test_keeps_the_words_their_hash_language_version_and_moment(self, client):
        client.cookies["django_language"] = "en"
        with translation.override("en"):
            ask(client)

        asked, purpose = Subscription.objects.get(), Purpose.objects.get(code="newsletter")
        assert (asked.wording, asked.language) == (purpose.wording_en, "en")
        assert asked.wording_sha256 == sha256(purpose.wording_en)
        assert asked.policy_version == PolicyVersion.objects.current()
        assert asked.confirmed_at is None

    @pytest.mark.parametrize(
        "sent",
        [
            {"agrees": ""},
            {"email": ""},
            {"email": "mai"},
            {"email": "mai\x00@example.com"},
            {"email": "alıce@x.vn"},
            {"email": "mai@ｘ.vn"},
            {"email": f"{'m' * 300}@example.com"},
            {"shown": ""},
            {"shown": "0" * 64},
        ],
    )
    def test_refuses_what_is_incomplete_and_loses_nothing_typed(self, client, sent):
        response = ask(client, **sent)

        assert response.status_code == 200
        assert response.context["form"].errors
        assert not Subscription.objects.exists()
        if sent.get("email") is None:
            assert ADDRESS in response.content.decode()

    def test_ticks_nothing_beforehand_and_gives_no_cookie(self, client):
        page = client.get(FORM)

        assert "checked" not in page.content.decode()
        assert not page.cookies

    def test_ignores_what_the_form_does_not_have(self, client):
        ask(client, confirmed_at="2026-01-01", public_id="1", purpose="service")

        subscription = Subscription.objects.get()
        assert (subscription.confirmed_at, subscription.purpose.code) == (None, "newsletter")

    def test_does_the_same_whoever_the_address_belongs_to(self, client):
        subscribe(client, "subscriber@example.com")
        consenting = make_customer(is_verified=True)
        decide(consenting, "given")
        listed = "listed@example.com"
        purpose = Purpose.objects.get(code="newsletter")
        suppress([contact_hash(listed)], purpose, reason=SuppressionReason.REFUSED)
        addresses = [
            "nobody@example.com",
            "subscriber@example.com",
            consenting.email,
            make_customer(is_verified=True).email,
            listed,
        ]

        answers = [work_of(lambda each=each: ask(Client(), email=each)) for each in addresses]

        assert answers == [answers[0]] * 5
        mail.outbox.clear()
        texts = {re.sub(r"confirm/\S+", "", message.body) for message in delivered()}
        assert len(texts) == 1

    def test_floods_nobody_with_mails(self, client):
        for _ in range(9):
            assert ask(client).url == reverse("newsletter_asked")

        assert len(delivered()) == 3

    def test_is_slowed_down_for_one_network(self, client):
        answers = [ask(client, email=f"m{n}@example.com").status_code for n in range(21)]

        assert answers == [302] * 20 + [429]

    def test_is_for_customers_a_question_among_their_consents(self, client):
        client.force_login(make_customer().user)

        assert client.get(FORM).url == reverse("consents")

    @pytest.mark.parametrize("newsletter", ["", "nothing", "service"])
    def test_is_not_there_where_the_company_offers_none(self, client, newsletter):
        Company.objects.update(newsletter=newsletter)

        assert client.get(FORM).status_code == 404

    @pytest.mark.parametrize("method", ["put", "delete", "patch", "trace"])
    def test_takes_no_other_method(self, client, method):
        assert getattr(client, method)(FORM).status_code == 405


def work_of(action):
    """Return what a request answers, and the statements that it sends to the database."""
    with connection.execute_wrapper(note := Statements()):
        response = action()
    return response.status_code, response.url, note.seen


class Statements:
    def __init__(self):
        self.seen = []

    def __call__(self, execute, sql, params, many, context):
        self.seen.append(sql.partition("VALUES")[0].partition(' "s')[0])
        return execute(sql, params, many, context)


class TestConfirming:
    def test_takes_a_press_of_the_button_not_a_look(self, client):
        ask(client)
        link = link_in(delivered()[0])

        page = client.get(link)

        assert page.status_code == 200
        assert not page.cookies
        assert not Subscription.objects.confirmed().exists()
        assert client.post(link).status_code == 200
        assert Subscription.objects.confirmed().get().email == ADDRESS

    def test_works_without_a_token_of_the_form(self):
        client = Client(enforce_csrf_checks=True)
        ask(client)

        assert client.post(link_in(delivered()[0])).status_code == 200

        assert Subscription.objects.confirmed().exists()

    def test_twice_is_once(self, client):
        ask(client)
        link = link_in(delivered()[0])

        assert [client.post(link).status_code for _ in range(2)] == [200, 200]

        assert Subscription.objects.count() == 1

    def test_ends_after_48_hours(self, client):
        ask(client)
        link = link_in(delivered()[0])

        with time_machine.travel(timezone.now() + timedelta(hours=48, seconds=1), tick=False):
            response = client.post(link)

        assert response.status_code == 404
        assert not Subscription.objects.confirmed().exists()

    def test_is_not_taken_for_a_question_that_changed_meanwhile(self, client):
        ask(client)
        link = link_in(delivered()[0])
        Purpose.objects.filter(code="newsletter").update(wording_vi="Khác?", wording_en="Else?")

        assert client.post(link).status_code == 404
        assert not Subscription.objects.confirmed().exists()

    @pytest.mark.parametrize("token", ["x", "0" * 32, "a:b", "%00", "🙂"])
    def test_by_a_link_of_nobodys_says_so(self, client, token):
        answer = client.post(f"/newsletter/confirm/{token}/")

        assert answer.status_code in (400, 404)

    def test_a_second_time_renews_the_words_and_leaves_one(self, client):
        subscribe(client)
        Purpose.objects.filter(code="newsletter").update(wording_vi="Mới?", wording_en="New?")
        subscribe(client)

        assert Subscription.objects.get().wording == "Mới?"

    def test_of_a_customers_address_is_a_consent_in_their_ledger(self, client):
        customer = make_customer(email=ADDRESS, is_verified=True)

        subscribe(client)

        consent = customer.consents.get()
        assert (consent.decision, consent.channel) == ("given", EventChannel.EMAIL)
        assert (consent.actor, consent.wording) == (
            None,
            Purpose.objects.get(code="newsletter").wording_vi,
        )
        assert not Subscription.objects.exists()
        assert to(send()) == [ADDRESS]

    def test_of_an_address_that_its_account_never_proved_is_no_consent_of_that_account(
        self, client
    ):
        impostor = make_customer(email=ADDRESS)
        EmailAddress.objects.create(user=impostor.user, email=ADDRESS, verified=False)

        subscribe(client)

        assert not impostor.consents.exists()
        assert Subscription.objects.confirmed().exists()

    def test_lifts_an_earlier_refusal(self, client, purpose):
        suppress([contact_hash(ADDRESS)], purpose, reason=SuppressionReason.UNSUBSCRIBED)

        subscribe(client)

        assert not suppressions_of([ADDRESS], purpose).exists()
        assert to(send()) == [ADDRESS]


class TestOpeningAnAccountLater:
    def confirm_sign_up(self, customer):
        address = EmailAddress.objects.create(
            user=customer.user, email=customer.email, verified=True
        )
        email_confirmed.send(sender=EmailAddress, request=None, email_address=address)

    def test_brings_the_subscription_into_the_ledger(self, client):
        subscribe(client)
        customer = make_customer(email=ADDRESS)

        self.confirm_sign_up(customer)

        assert customer.consents.get().channel == EventChannel.EMAIL
        assert not Subscription.objects.exists()
        assert to(send()) == [ADDRESS]

    def test_does_not_undo_what_was_decided_in_it(self, client):
        subscribe(client)
        customer = make_customer(email=ADDRESS)
        decide(customer, "given")
        Subscription.objects.update(wording="earlier")

        self.confirm_sign_up(customer)

        assert customer.consents.count() == 1
        assert not Subscription.objects.exists()


class TestForgetting:
    def test_a_sign_up_that_proved_nothing_takes_no_subscription_with_it(self, client):
        subscribe(client)
        make_customer(email=ADDRESS, opened_at=timezone.now() - timedelta(days=9))

        assert erase_unverified_sign_ups() == 1

        assert Subscription.objects.get().email == ADDRESS

    def test_takes_who_did_not_confirm_in_two_days_and_no_one_else(self, client):
        subscribe(client, "kept@example.com")
        ask(client)

        with time_machine.travel(timezone.now() + timedelta(hours=49), tick=False):
            ask(client, email="new@example.com")
            assert forget_old_subscriptions() == 1
            assert forget_old_subscriptions() == 0

        assert set(Subscription.objects.values_list("email", flat=True)) == {
            "kept@example.com",
            "new@example.com",
        }

    def test_takes_what_lasted_as_long_as_a_consent_may(self, client):
        Company.objects.update(consent_months=6)
        subscribe(client)

        with time_machine.travel(timezone.now() + timedelta(days=300), tick=False):
            assert forget_old_subscriptions() == 1

    def test_takes_the_address_of_a_customer_who_refuses_it(self, client):
        subscribe(client)
        customer = make_customer(email=ADDRESS, is_verified=True)

        refuse_marketing(customer, by=customer.user)

        assert not Subscription.objects.exists()


class TestAnIssue:
    @pytest.fixture
    def dpo(self, client):
        user = make_staff(DPO)
        client.force_login(user)
        client.cookies["django_language"] = "en"
        return user

    def test_goes_to_who_consented_in_their_language_with_text_and_page(self):
        english = make_customer(language="en", is_verified=True)
        silent, withdrawn, closed = (make_customer(is_verified=True) for _ in range(3))
        for customer in (english, withdrawn, closed):
            decide(customer, "given")
        decide(withdrawn, "withdrawn")
        close_account(closed, by=closed.user)
        assert silent.is_open

        delivered()
        (message,) = send()

        assert (message.to, message.subject) == ([english.email], "December news")
        assert "A new **service** is here." in message.body
        ((page, kind),) = message.alternatives
        assert kind == "text/html"
        assert "<strong>service</strong>" in page

    def test_goes_to_confirmed_subscribers(self, client):
        subscribe(client)
        ask(client, email="unconfirmed@example.com")
        delivered()

        assert to(send()) == [ADDRESS]

    def test_does_not_go_to_an_address_that_nobody_proved(self):
        decide(make_customer(), "given")

        assert send() == []

    def test_is_written_batch_by_batch_and_once_to_each(self, client, monkeypatch):
        monkeypatch.setattr(issues, "BATCH", 2)
        for n in range(3):
            decide(make_customer(is_verified=True), "given")
            subscribe(client, f"m{n}@example.com")
        issue = make_issue()

        assert len(send(issue)) == 6
        issues.write_mails()
        issue.refresh_from_db()
        assert (issue.total, issue.queued) == (6, 6)
        assert issue.finished_at is not None
        assert [each.history_change_reason for each in issue.history.all()] == ["sent", None]

    def test_goes_on_where_a_killed_run_stopped(self, client, monkeypatch):
        monkeypatch.setattr(issues, "BATCH", 2)
        for _ in range(5):
            decide(make_customer(is_verified=True), "given")
        issue = make_issue()
        issues.send_issue(issue, by=make_staff(DPO))
        assert issues._write_batch(issue)

        def killed(*args):
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(issues, "_write", killed)
            with pytest.raises(KeyboardInterrupt):
                issues.write_mails()
        issues.write_mails()

        assert Notice.objects.filter(mailing=issue.mailing).count() == 5

    def test_is_not_sent_twice(self):
        issue = make_issue()
        send(issue)

        with pytest.raises(IssueRefused):
            issues.send_issue(issue, by=make_staff(DPO))

    def test_is_never_changed_once_it_was_sent(self):
        issue = make_issue()
        send(issue)

        with pytest.raises(IssueRefused):
            issues.save_issue(issue, values={"body_vi": "Khác."}, by=make_staff(DPO))
        for change in (
            lambda: NewsletterIssue.objects.update(body_vi="Khác."),
            lambda: NewsletterIssue.objects.update(started_at=None),
            lambda: NewsletterIssue.objects.filter(pk=issue.pk)._raw_delete("default"),
        ):
            with pytest.raises(IntegrityError, match="was sent"), transaction.atomic():
                change()

    def test_needs_the_word_that_it_advertises_nobody_else(self, client, dpo):
        """VS-11: no advertising of others' services."""
        issue = make_issue()

        page = client.post(f"/admin/marketing/newsletterissue/{issue.pk}/send/", {})

        assert set(page.context_data["form"].errors) == {"is_own"}
        with pytest.raises(IntegrityError, match="sent_is_own"), transaction.atomic():
            NewsletterIssue.objects.update(started_at=timezone.now())

    def test_is_written_looked_at_tried_and_sent_at_the_desk(self, client, dpo):
        customer = make_customer(is_verified=True)
        decide(customer, "given")
        typed = {
            "purpose": Purpose.objects.get(code="newsletter").pk,
            "subject_vi": "Tin",
            "subject_en": "News",
            "body_vi": "# Chào\n\n<script>alert(1)</script> [x](javascript:alert(1))",
            "body_en": "# Hello\n\n{{7+7}} ${7+7}",
        }
        desk = "/admin/marketing/newsletterissue/"

        page = client.post(f"{desk}add/", typed)
        issue = NewsletterIssue.objects.get()
        assert page.url == f"{desk}{issue.pk}/change/"
        shown = client.get(page.url).content.decode()
        assert "<script>alert" not in shown
        assert 'href="javascript' not in shown
        assert "{{7+7}}" in shown

        client.post(f"{desk}{issue.pk}/try/")
        (trial,) = delivered()
        assert trial.to == [dpo.email]
        assert "List-Unsubscribe" not in trial.extra_headers

        client.post(f"{desk}{issue.pk}/edit/", {**typed, "subject_vi": "Tin mới"})
        client.post(f"{desk}{issue.pk}/send/", {"is_own": "on"})
        mail.outbox.clear()
        issues.write_mails()
        (message,) = delivered()
        assert (message.to, message.subject) == ([customer.email], "Tin mới")
        assert "<script" not in message.alternatives[0][0]
        assert client.get(page.url).context_data["delivery"].sent == 1
        assert "/send/" not in client.get(page.url).content.decode()

    @pytest.mark.parametrize(
        "wrong",
        [
            {"purpose": ""},
            {"purpose": "999999999999999999999"},
            {"subject_vi": ""},
            {"subject_en": "x" * 121},
            {"body_en": ""},
            {"body_vi": "x" * 20_001},
            {"body_vi": "a\x00b"},
        ],
    )
    def test_that_is_incomplete_or_too_long_is_refused_and_nothing_is_lost(
        self, client, dpo, wrong
    ):
        typed = {
            "purpose": Purpose.objects.get(code="newsletter").pk,
            "subject_vi": "Tin",
            "subject_en": "News",
            "body_vi": "Nội dung",
            "body_en": "Content that was typed",
        }

        page = client.post("/admin/marketing/newsletterissue/add/", {**typed, **wrong})

        assert set(page.context_data["form"].errors) == set(wrong)
        assert not NewsletterIssue.objects.exists()
        if "body_en" not in wrong:
            assert "Content that was typed" in page.content.decode()

    def test_is_none_of_an_officers_business(self, client):
        issue = make_issue()
        client.force_login(make_staff(COMPLAINT_OFFICER))

        for step in ("change", "edit", "try", "send"):
            url = f"/admin/marketing/newsletterissue/{issue.pk}/{step}/"
            assert client.get(url).status_code == 403
        issue.refresh_from_db()
        assert issue.started_at is None

    @pytest.mark.parametrize("rows", [1, 3])
    def test_list_asks_as_often_for_three_as_for_one(
        self, client, dpo, rows, django_assert_num_queries
    ):
        for _ in range(rows):
            make_issue()
        client.get("/admin/marketing/newsletterissue/")

        with django_assert_num_queries(8):
            client.get("/admin/marketing/newsletterissue/")


class TestUnsubscribing:
    @pytest.fixture
    def customer(self):
        customer = make_customer(email=ADDRESS, is_verified=True)
        decide(customer, "given")
        return customer

    def test_headers_of_the_mail_are_those_of_rfc_8058(self, customer):
        (message,) = send()

        headers = message.message()
        assert headers["List-Unsubscribe"] == f"<{link_in(message)}>"
        assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert link_in(message) in message.alternatives[0][0].replace("&amp;", "&")

    def test_link_says_nothing_personal(self, customer):
        (message,) = send()
        link = link_in(message)

        assert "mai" not in link.lower().replace("example", "")
        assert contact_hash(ADDRESS) in link

    def test_by_the_mail_program_needs_no_page_token_cookie_or_sign_in(self, customer):
        (message,) = send()

        response = Client(enforce_csrf_checks=True).post(
            link_in(message),
            "List-Unsubscribe=One-Click",
            content_type="application/x-www-form-urlencoded",
        )

        assert response.status_code == 200
        assert not response.cookies
        last = customer.consents.last()
        assert (last.decision, last.channel, last.actor) == ("withdrawn", "email", None)
        assert send() == []

    def test_by_looking_changes_nothing(self, client, customer):
        (message,) = send()

        page = client.get(link_in(message))

        assert page.status_code == 200
        assert b"<form" in page.content
        assert customer.consents.last().decision == "given"
        assert not Suppression.objects.exists()

    def test_answers_every_link_alike(self, client, customer):
        (message,) = send()
        link = link_in(message)
        links = [link, link[:-2] + "x/", "/unsubscribe/nothing/", "/unsubscribe/a:b/"]

        for method in ("get", "post"):
            pages = [getattr(client, method)(each) for each in links]
            assert {page.status_code for page in pages} == {200}
            assert len({without_address(page.content.decode()) for page in pages}) == 1

    def test_by_a_changed_link_ends_nothing(self, client, customer):
        (message,) = send()
        link = link_in(message)
        other = Purpose.objects.get(code="partner_offers")
        newsletter = Purpose.objects.get(code="newsletter")

        client.post(link.replace(f"/{newsletter.pk}~", f"/{other.pk}~"))

        assert customer.consents.last().decision == "given"
        assert not Suppression.objects.exists()

    def test_ends_the_subscription_and_leaves_only_the_hash(self, client, purpose):
        subscribe(client)
        (message,) = send()

        client.post(link_in(message))

        assert not Subscription.objects.exists()
        (row,) = Suppression.objects.all()
        assert (row.contact_hash, row.reason) == (contact_hash(ADDRESS), "unsubscribed")
        assert send() == []

    @pytest.mark.parametrize("method", ["get", "post"])
    def test_by_the_other_button_refuses_all_marketing(self, client, customer, method):
        other = Purpose.objects.get(code="partner_offers")
        decide_consent(customer, other, decision=ConsentDecision.GIVEN, by=customer.user)
        (message,) = send()
        assert 'name="all"' in getattr(client, method)(link_in(message)).text
        assert customer.consents.filter(purpose=other).last().decision == "given"

        told = client.post(link_in(message), {"all": ""})

        assert 'name="all"' not in told.text
        last = {each.purpose.code: each for each in customer.consents.latest_per_purpose()}
        assert {each.decision for each in last.values()} == {"withdrawn"}
        assert (last[other.code].channel, last[other.code].actor) == ("email", None)
        for each in marketing_purposes():
            assert suppressions_of([ADDRESS], each).exists()
        assert Preference.objects.get().ads == "none"

    def test_by_the_other_button_refuses_all_also_for_whoever_has_no_account(self, client, purpose):
        subscribe(client)
        (message,) = send()

        client.post(link_in(message), {"all": ""})

        hashes = Suppression.objects.values_list("contact_hash", "purpose")
        assert set(hashes) == {(contact_hash(ADDRESS), each.pk) for each in marketing_purposes()}
        assert not Subscription.objects.exists()

    def test_works_after_the_person_is_erased(self, client, customer, purpose):
        (message,) = send()
        erase([customer.pk])

        assert client.post(link_in(message)).status_code == 200

        assert suppressions_of([ADDRESS], purpose).exists()

    def test_by_an_old_mail_covers_the_address_of_then_and_of_now(self, client, customer, purpose):
        (message,) = send()
        customer.email = "new@example.com"
        customer.save()

        client.post(link_in(message))

        assert suppressions_of([ADDRESS], purpose).exists()
        assert suppressions_of(["new@example.com"], purpose).exists()

    def test_follows_a_record_that_became_one_with_another(self, client, customer):
        (message,) = send()
        survivor = make_customer(is_verified=True)
        merge = ask_merge(
            survivor, duplicate=customer.public_id, reason="same", by=make_staff(COMPLAINT_OFFICER)
        )
        approve_merge(merge, by=make_staff(DPO))
        assert survivor.consents.get().decision == "given"

        client.post(link_in(message))

        assert survivor.consents.last().decision == "withdrawn"
        assert not any("/unsubscribe/" in each.body for each in send())

    def test_twice_is_once(self, client, customer):
        (message,) = send()

        for _ in range(2):
            client.post(link_in(message))

        assert [c.decision for c in customer.consents.all()] == ["given", "withdrawn"]
        assert Suppression.objects.count() == 1

    def test_survives_a_change_of_the_secret_key_and_of_the_ring(self, client, customer, settings):
        (message,) = send()
        settings.SECRET_KEY = "another " * 8
        settings.ENCRYPTION_KEYS = KeyRing({"new": b"n" * 32, **settings.ENCRYPTION_KEYS.keys})

        client.post(link_in(message))

        assert customer.consents.last().decision == "withdrawn"

    @pytest.mark.parametrize("method", ["put", "delete", "patch"])
    def test_takes_no_other_method(self, client, method):
        assert getattr(client, method)("/unsubscribe/x/").status_code == 405


def without_address(page):
    return re.sub(r'name="next" value="[^"]*"', "", page)


class TestWithdrawingBeforeTheMailLeaves:
    """CONS-04: asked when the mail is sent, not when it is written."""

    def queued(self, customer):
        issue = make_issue()
        issues.send_issue(issue, by=make_staff(DPO))
        issues.write_mails()
        assert count_delivery(issue.mailing).queued == 1
        return issue

    @pytest.fixture
    def customer(self):
        customer = make_customer(email=ADDRESS, is_verified=True)
        decide(customer, "given")
        return customer

    @pytest.mark.parametrize(
        "change",
        [
            lambda customer: decide(customer, "withdrawn"),
            lambda customer: refuse_marketing(customer, by=customer.user),
            lambda customer: close_account(customer, by=customer.user),
            lambda customer: Purpose.objects.filter(code="newsletter").update(
                wording_vi="Khác?", wording_en="Else?"
            ),
            lambda customer: Purpose.objects.filter(code="newsletter").update(
                retired_on="2026-01-01"
            ),
            lambda customer: EmailAddress.objects.update(verified=False),
            lambda customer: suppress(
                [contact_hash(ADDRESS)],
                Purpose.objects.get(code="newsletter"),
                reason=SuppressionReason.UNSUBSCRIBED,
            ),
        ],
        ids=["withdrawn", "refused", "closed", "reworded", "retired", "unproved", "listed"],
    )
    def test_leaves_it_unsent_and_says_why(self, customer, change):
        issue = self.queued(customer)
        change(customer)

        assert [message for message in delivered() if message.subject == "Tin tháng 12"] == []

        delivery = count_delivery(issue.mailing)
        assert (delivery.refused, delivery.sent, delivery.queued) == (1, 0, 0)

    def test_of_a_subscriber_too(self, client):
        subscribe(client)
        issue = self.queued(None)
        Subscription.objects.all().delete()

        assert count_delivery(issue.mailing).queued == 1
        mail.outbox.clear()
        assert delivered() == []
        assert count_delivery(issue.mailing).dropped == 1


@pytest.mark.usefixtures("portal")
class TestAtTheSameMoment:
    def test_two_links_confirm_one_subscription(self):
        for _ in range(2):
            ask(Client())
        links = [link_in(message) for message in delivered()]

        answers = at_once(*[lambda link=link: Client().post(link).status_code for link in links])

        assert answers == [200, 200]
        assert Subscription.objects.confirmed().count() == 1

    def test_a_mail_waits_for_a_withdrawal_that_is_under_way(self):
        customer = make_customer(email=ADDRESS, is_verified=True)
        decide(customer, "given")
        issue = make_issue()
        issues.send_issue(issue, by=make_staff(DPO))
        issues.write_mails()
        mail.outbox.clear()
        sending = Thread(target=self.send)
        with transaction.atomic():
            decide(customer, "withdrawn")
            sending.start()
            sending.join(timeout=0.5)
            assert sending.is_alive()
            assert mail.outbox == []
        sending.join()

        assert mail.outbox == []
        assert count_delivery(issue.mailing).refused == 1
        assert Consent.objects.count() == 2

    def send(self):
        delivered()
        connections.close_all()
