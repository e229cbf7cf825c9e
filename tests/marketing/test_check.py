"""Other systems of the company ask before they use data, and are told no after a refusal."""

import json
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from access.models import AccessRecord
from accounts.closing import close_account
from accounts.models import User
from marketing.contacts import contact_hash
from marketing.models import ApiClient, Suppression, SuppressionReason
from marketing.refusal import refuse_marketing
from marketing.suppression import suppress
from marketing.systems import add_system, revoke_system
from policies.models import Purpose
from privacyportal.roles import ADMINISTRATOR, AUDITOR, COMPLAINT_OFFICER, DPO
from tests.factories import PASSWORD, make_customer, make_staff, verify_phone
from tests.marketing.conftest import decide
from tests.marketing.test_newsletter import subscribe

pytestmark = pytest.mark.django_db

CHECK = "/api/purpose-check/"
SHAPE = {"allowed", "reason", "since", "purpose", "channel"}


@pytest.fixture
def system(db):
    system, system.key = add_system("CRM", by=make_staff(ADMINISTRATOR))
    return system


def post(body, key, **headers):
    sent = {"Authorization": f"Bearer {key}"} | headers
    kind = sent.pop("Content-Type", "application/json")
    return Client(enforce_csrf_checks=True).post(CHECK, body, content_type=kind, headers=sent)


def ask(system, contact, purpose="newsletter"):
    answer = post(json.dumps({"contact": contact, "purpose": purpose}), system.key)
    assert answer.status_code == 200, answer.content
    return answer.json()


class TestTheAnswer:
    @pytest.fixture
    def customer(self):
        return make_customer(phone="+84912345560", is_verified=True)

    def test_is_yes_with_the_moment_of_the_consent(self, system, customer):
        decide(customer, "given")

        assert ask(system, customer.email) == {
            "allowed": True,
            "reason": "consent",
            "since": customer.consents.get().at.isoformat(),
            "purpose": "newsletter",
            "channel": "email",
        }

    def test_vs_12_is_no_after_a_refusal_in_the_account(self, system, customer):
        decide(customer, "given")
        refuse_marketing(customer, by=customer.user)

        answer = ask(system, customer.email)

        assert (answer["allowed"], answer["reason"]) == (False, "refused")
        refused_at = Suppression.objects.get(purpose__code="newsletter").at
        assert answer["since"] == refused_at.isoformat()

    def test_is_no_and_the_same_for_the_silent_and_the_unknown(self, system, customer):
        assert ask(system, customer.email) == ask(system, "nobody@example.com")
        assert ask(system, customer.email)["reason"] == "no_consent"
        assert ask(system, customer.email)["since"] is None

    @pytest.mark.parametrize(
        "change",
        [
            lambda customer: close_account(customer, by=customer.user),
            lambda customer: Purpose.objects.filter(code="newsletter").update(
                wording_vi="Khác?", wording_en="Else?"
            ),
            lambda customer: customer.user.emailaddress_set.update(verified=False),
            lambda customer: suppress(
                [contact_hash(customer.email)],
                Purpose.objects.get(code="newsletter"),
                reason=SuppressionReason.UNSUBSCRIBED,
            ),
        ],
        ids=["closed", "reworded", "unproved", "unsubscribed"],
    )
    def test_is_no_when_the_consent_counts_no_more(self, system, customer, change):
        decide(customer, "given")
        assert ask(system, customer.email)["allowed"] is True

        change(customer)

        assert ask(system, customer.email)["allowed"] is False

    def test_concerns_the_purpose_that_was_asked_about(self, system, customer):
        decide(customer, "given")

        assert ask(system, customer.email, "partner_offers")["allowed"] is False

    @pytest.mark.parametrize(
        "written", ["+84912345560", "0912 345 560", "０９１２３４５５６０", "+84 912-345-560"]
    )
    def test_finds_a_number_however_it_is_written(self, system, customer, written):
        decide(customer, "given", "partner_offers")
        decide(customer, "withdrawn", "partner_offers")

        assert ask(system, written, "partner_offers")["reason"] == "refused"

    def test_takes_nobodys_consent_for_a_number_that_may_be_a_neighbours(self, system, customer):
        decide(customer, "given", "partner_offers")
        decide(customer, "withdrawn", "partner_offers")
        other = make_customer(phone=customer.phone, is_verified=True)
        decide(other, "given", "partner_offers")

        assert ask(system, other.email, "partner_offers")["reason"] == "consent"
        assert ask(system, customer.phone, "partner_offers")["reason"] == "refused"
        another = make_customer(is_verified=True)
        assert ask(system, another.phone, "partner_offers")["reason"] == "no_consent"

    def test_takes_the_consent_of_who_verified_the_number(self, system, customer):
        decide(customer, "given", "partner_offers")
        assert ask(system, customer.phone, "partner_offers")["reason"] == "no_consent"

        verify_phone(customer)

        assert ask(system, customer.phone, "partner_offers")["reason"] == "consent"
        assert ask(system, customer.phone.replace("5560", "5561"), "partner_offers") == (
            ask(system, "nobody@example.com", "partner_offers")
        )

    def test_is_yes_again_once_who_consented_anew_verifies_the_number(self, system, customer):
        for decision in ("given", "withdrawn", "given"):
            decide(customer, decision, "partner_offers")
        assert ask(system, customer.phone, "partner_offers")["reason"] == "refused"

        verify_phone(customer)

        assert ask(system, customer.phone, "partner_offers")["reason"] == "consent"

    def test_stays_no_where_the_refusal_is_newer_than_the_consent(self, system, customer):
        decide(customer, "given", "partner_offers")
        other = make_customer(phone=customer.phone, is_verified=True)
        refuse_marketing(other, by=other.user)

        verify_phone(customer)

        assert ask(system, customer.phone, "partner_offers")["reason"] == "refused"

    def test_finds_an_address_in_other_letters(self, system):
        customer = make_customer(email="mai@example.com", is_verified=True)
        decide(customer, "given")

        assert ask(system, " Mai@Example.COM ")["allowed"] is True

    def test_of_a_shared_number_is_no_when_one_of_them_refused(self, system, customer):
        other = make_customer(phone=customer.phone, is_verified=True)
        decide(other, "given", "partner_offers")
        decide(customer, "given", "partner_offers")
        decide(customer, "withdrawn", "partner_offers")

        assert ask(system, customer.phone, "partner_offers")["reason"] == "refused"

    def test_knows_subscribers(self, system, client):
        subscribe(client, "mai@example.com")

        assert ask(system, "mai@example.com")["allowed"] is True

    def test_has_one_shape(self, system, customer):
        decide(customer, "given")
        answers = [ask(system, customer.email), ask(system, "nobody@example.com")]
        decide(customer, "withdrawn")
        answers.append(ask(system, customer.email))

        assert [answer["reason"] for answer in answers] == ["consent", "no_consent", "refused"]
        assert all(answer.keys() == SHAPE for answer in answers)

    def test_is_kept_by_no_cache_and_sets_no_cookie(self, system, customer):
        body = json.dumps({"contact": customer.email, "purpose": "newsletter"})
        answer = post(body, system.key)

        assert "no-store" in answer["Cache-Control"]
        assert not answer.cookies


class TestAPurposeWithoutMarketing:
    """SP-16: a use without consent is refused, except where the law says otherwise."""

    def test_is_allowed_by_its_legal_basis_while_the_account_is_open(self, system):
        customer = make_customer()
        assert ask(system, customer.email, "service") == {
            "allowed": True,
            "reason": "contract",
            "since": None,
            "purpose": "service",
            "channel": "none",
        }
        assert ask(system, customer.phone, "rights_and_complaints")["reason"] == "legal_obligation"

        close_account(customer, by=customer.user)

        answer = ask(system, customer.email, "service")
        assert (answer["allowed"], answer["reason"]) == (False, "no_account")
        assert ask(system, "nobody@example.com", "service")["reason"] == "no_account"

    def test_is_allowed_by_consent_alone_where_that_is_its_basis(self, system):
        customer = make_customer(is_verified=True)
        assert ask(system, customer.email, "market_research")["reason"] == "no_consent"

        decide(customer, "given", "market_research")
        answer = ask(system, customer.email, "market_research")
        assert (answer["allowed"], answer["reason"]) == (True, "consent")
        assert ask(system, customer.phone, "market_research")["allowed"] is False

        close_account(customer, by=customer.user)
        assert ask(system, customer.email, "market_research")["reason"] == "no_consent"

    def test_is_asked_about_at_the_earlier_address_too(self, system):
        body = json.dumps({"contact": make_customer().email, "purpose": "service"})
        headers = {"Authorization": f"Bearer {system.key}"}
        answer = Client().post(
            "/api/marketing-check/", body, content_type="application/json", headers=headers
        )
        assert answer.json()["allowed"] is True


class TestTheRecord:
    def test_shows_the_customer_that_a_system_asked_and_what_for(self, system, client):
        customer = make_customer(is_verified=True)
        ask(system, customer.email)

        record = AccessRecord.objects.get()
        assert (record.customer, record.purpose, record.action) == (
            customer.public_id,
            "newsletter",
            "check",
        )
        assert (record.actor, record.role) == (system.user, "another system of the company")
        client.force_login(customer.user)
        client.cookies["django_language"] = "en"
        page = client.get(reverse("accesses")).content.decode()
        assert "Another system of the company" in page
        assert "CRM" not in page

    def test_is_made_for_each_question_also_about_nobody(self, system):
        for _ in range(2):
            ask(system, "nobody@example.com")

        assert [(r.customer, r.count) for r in AccessRecord.objects.all()] == [("", 0), ("", 0)]

    def test_holds_no_contact(self, system):
        ask(system, "nobody@example.com")
        with connection.cursor() as cursor:
            cursor.execute("SELECT a::text FROM access_accessrecord a")
            ((row,),) = cursor.fetchall()

        assert "nobody" not in row

    def test_notes_when_the_system_last_asked(self, system):
        ask(system, "nobody@example.com")
        first = ApiClient.objects.get().last_asked_at
        ask(system, "nobody@example.com")
        assert ApiClient.objects.get().last_asked_at == first

        with time_machine.travel(timezone.now() + timedelta(minutes=2), tick=False):
            ask(system, "nobody@example.com")
        assert ApiClient.objects.get().last_asked_at > first
        assert system.history.count() == 1


GOOD = {"contact": "mai@example.com", "purpose": "newsletter"}


class TestNonsense:
    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"{",
            b"null",
            b"[]",
            b'"text"',
            b"\xff\xfe",
            b'{"contact": "a@b.vn", "contact": "c@d.vn", "purpose": "newsletter"}',
            b'{"contact": "a@b.vn", "purpose": NaN}',
            b'{"contact": "a@b.vn", "purpose": Infinity}',
            b'{"contact": 1' + b"0" * 400 + b', "purpose": "newsletter"}',
            b'{"contact": 1e400, "purpose": "newsletter"}',
            b"[" * 10_000 + b"]" * 10_000,
            b"[" * 900 + b"]" * 900,
            b'{"a":' * 350 + b"1" + b"}" * 350,
            json.dumps(GOOD | {"purpose": "x" * 3000}).encode(),
            json.dumps(GOOD | {"contact": "x" * 255}).encode(),
            json.dumps(GOOD | {"contact": ""}).encode(),
            json.dumps(GOOD | {"contact": "mai\x00@example.com"}).encode(),
            json.dumps(GOOD | {"contact": ["mai@example.com"]}).encode(),
            json.dumps(GOOD | {"more": 1}).encode(),
            json.dumps({"contact": "mai@example.com"}).encode(),
        ],
    )
    def test_is_malformed(self, system, body):
        answer = post(body, system.key)

        assert (answer.status_code, answer.json()) == (400, {"error": "malformed"})
        assert not AccessRecord.objects.exists()

    @pytest.mark.parametrize(
        "kind", ["text/plain", "application/x-www-form-urlencoded", "application/jsonp"]
    )
    def test_is_any_other_kind_of_body(self, system, kind):
        answer = post(json.dumps(GOOD), system.key, **{"Content-Type": kind})
        assert answer.json() == {"error": "malformed"}

    @pytest.mark.parametrize(
        "contact",
        [
            "mai",
            "@",
            "alıce@x.vn",
            "mai@ｘ.vn",
            "mai@localhost",
            "+84912345560",
            "0" * 200,
            "' OR 1=1 --",
        ],
    )
    def test_is_no_address_of_the_channel(self, system, contact):
        answer = post(json.dumps(GOOD | {"contact": contact}), system.key)
        assert (answer.status_code, answer.json()) == (400, {"error": "invalid_contact"})

    @pytest.mark.parametrize("purpose", ["nothing", "newsletter"])
    def test_is_a_purpose_that_is_none_or_no_longer_used(self, system, purpose):
        Purpose.objects.filter(code="newsletter").update(retired_on="2026-01-01")
        answer = post(json.dumps(GOOD | {"purpose": purpose}), system.key)
        assert (answer.status_code, answer.json()) == (400, {"error": "unknown_purpose"})

    @pytest.mark.parametrize("method", ["get", "put", "delete", "patch", "trace", "options"])
    def test_is_another_method(self, method):
        assert getattr(Client(), method)(CHECK).status_code == 405

    def test_is_a_question_in_the_address(self, system):
        answer = Client().get(
            f"{CHECK}?contact=mai@example.com&purpose=newsletter",
            headers={"Authorization": f"Bearer {system.key}"},
        )
        assert answer.status_code == 405


class TestTheKey:
    @pytest.mark.parametrize(
        "header", ["", "Bearer", "Bearer ", "Bearer wrong", "Basic {key}", "{key}", "Bearer {key}x"]
    )
    def test_that_is_none_is_told_nothing(self, system, header):
        customer = make_customer(is_verified=True)
        decide(customer, "given")
        body = json.dumps(GOOD | {"contact": customer.email})

        answer = post(body, "", Authorization=header.format(key=system.key))

        assert (answer.status_code, answer.json()) == (401, {"error": "unknown_key"})
        assert not AccessRecord.objects.exists()

    def test_that_was_revoked_is_told_nothing(self, system):
        ask(system, "nobody@example.com")
        revoke_system(system, by=make_staff(ADMINISTRATOR))

        assert post(json.dumps(GOOD), system.key).status_code == 401

    def test_is_nowhere_in_clear(self, system):
        with connection.cursor() as cursor:
            cursor.execute("SELECT a::text FROM marketing_apiclient a")
            ((row,),) = cursor.fetchall()
        assert system.key not in row
        assert system.key_sha256 in row

    def test_signs_nobody_in(self, system):
        assert (system.user.is_active, system.user.is_staff) == (False, False)
        assert not system.user.check_password("")
        assert not Client().login(username=system.user.email, password=PASSWORD)

    def test_asks_so_often_and_no_more(self, system, monkeypatch):
        monkeypatch.setattr("marketing.views.check.MOST_A_MINUTE", 2)
        other, other.key = add_system("Shop", by=make_staff(ADMINISTRATOR))

        with time_machine.travel(timezone.now(), tick=False):
            answers = [post(json.dumps(GOOD), system.key) for _ in range(3)]

            assert [answer.status_code for answer in answers] == [200, 200, 429]
            assert answers[-1]["Retry-After"] == "60"
            assert post(json.dumps(GOOD), other.key).status_code == 200


class TestAtTheDesk:
    DESK = "/admin/marketing/apiclient/"

    @pytest.fixture
    def administrator(self, client):
        user = make_staff(ADMINISTRATOR)
        client.force_login(user)
        return user

    def test_the_administrator_adds_a_system_and_sees_its_key_once(self, client, administrator):
        page = client.post(f"{self.DESK}add/", {"name": "CRM"})
        key = page.context_data["key"]

        assert page["Cache-Control"] == "no-store"
        assert post(json.dumps(GOOD), key).status_code == 200
        system = ApiClient.objects.get()
        assert system.history.get().history_user == administrator
        later = client.get(f"{self.DESK}{system.pk}/change/").content.decode()
        assert key not in later
        assert system.key_sha256 not in later

    def test_and_revokes_it(self, client, administrator):
        key = client.post(f"{self.DESK}add/", {"name": "CRM"}).context_data["key"]
        system = ApiClient.objects.get()

        client.post(f"{self.DESK}{system.pk}/revoke/")
        client.post(f"{self.DESK}{system.pk}/revoke/")

        assert post(json.dumps(GOOD), key).status_code == 401
        assert system.history.count() == 2

    @pytest.mark.parametrize("name", ["", "CRM", "x" * 101, "a\x00b"])
    def test_a_name_that_is_none_or_taken_is_refused(self, client, administrator, name):
        client.post(f"{self.DESK}add/", {"name": "CRM"})
        users = User.objects.count()

        page = client.post(f"{self.DESK}add/", {"name": name})

        assert "name" in page.context_data["form"].errors
        assert (ApiClient.objects.count(), User.objects.count()) == (1, users)

    @pytest.mark.parametrize("role", [COMPLAINT_OFFICER, DPO, AUDITOR])
    def test_nobody_else_does(self, client, system, role):
        client.force_login(make_staff(role))

        assert client.post(f"{self.DESK}add/", {"name": "Other"}).status_code == 403
        assert client.post(f"{self.DESK}{system.pk}/revoke/").status_code == 403
        assert ApiClient.objects.get().revoked_at is None
