"""A phone number is verified by a code: once, for a while, and never in an address."""

import json
import os
import re
import subprocess
import sys
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from accounts.details import correct_details
from accounts.erasure import erase_detail
from accounts.exceptions import PhoneRefused
from accounts.models import Customer, PhoneVerification
from accounts.phone import is_verified, send_code, verify_code, waits_for_verification
from notices import sms
from notices.models import Notice
from notices.services import send_due_notices
from policies.loading import load_profile
from policies.models import Company
from tests.answers import answer_of
from tests.factories import make_customer
from tests.threads import at_once

pytestmark = pytest.mark.django_db

PAGE = "/me/phone/"


@pytest.fixture
def ung():
    return make_customer(phone="+84912345678")


def sent_code(customer):
    send_code(customer)
    send_due_notices()
    return re.search(r"\d{6}", sms.outbox[-1].text).group()


def test_my_data_leads_there_while_the_number_is_not_confirmed(client, ung):
    def is_linked():
        return f'href="{PAGE}">Xác nhận số này' in client.get(reverse("data")).text

    client.force_login(ung.user)
    assert is_linked()

    verify_code(ung, sent_code(ung))
    assert not is_linked()


def later(**delta):
    return time_machine.travel(timezone.localtime() + timedelta(**delta))


def test_the_code_of_the_message_verifies_the_number_through_the_page(client, ung):
    client.force_login(ung.user)
    assert waits_for_verification(ung)

    client.post(reverse("send_phone_code"))
    send_due_notices()
    (message,) = sms.outbox
    code = re.search(r"\d{6}", message.text).group()
    assert message.number == "+84912345678"
    assert client.post(PAGE, {"code": code}).url == reverse("data")

    assert is_verified(ung)
    assert not waits_for_verification(ung)
    assert "678" in client.get(PAGE).text


def test_neither_code_nor_number_is_stored(ung):
    code = sent_code(ung)

    stored = " ".join(map(str, PhoneVerification.objects.values_list().get()))
    outbox = " ".join(str(row) for row in Notice.objects.values())
    for secret in (code, "912345678"):
        assert secret not in stored
        assert secret not in outbox


def test_a_code_works_once_and_another_never(ung):
    code = sent_code(ung)
    wrong = f"{(int(code) + 1) % 10**6:06}"

    assert not verify_code(ung, wrong)
    assert verify_code(ung, code)
    assert not verify_code(ung, code)


@pytest.mark.parametrize(("minutes", "counts"), [(9, True), (10, False)])
def test_a_code_lasts_for_ten_minutes(ung, minutes, counts):
    code = sent_code(ung)

    with later(minutes=minutes):
        assert verify_code(ung, code) is counts


def test_five_wrong_tries_end_a_code(ung):
    code = sent_code(ung)
    for guess in range(5):
        assert not verify_code(ung, f"{(int(code) + 1 + guess) % 10**6:06}")

    assert not verify_code(ung, code)
    with later(minutes=2):
        assert verify_code(ung, sent_code(ung))


def test_another_code_comes_after_a_minute_and_five_a_day_at_most(ung):
    start = timezone.localtime().replace(hour=9)
    for number in range(7):
        with time_machine.travel(start + timedelta(minutes=2 * number)):
            if number < 5:
                send_code(ung)
            with pytest.raises(PhoneRefused):
                send_code(ung)
    with time_machine.travel(start + timedelta(days=1)):
        send_code(ung)


def test_a_changed_number_is_not_verified_any_more(ung):
    assert verify_code(ung, sent_code(ung))
    ung.phone = "+84987654321"
    ung.save()

    assert not is_verified(ung)
    assert waits_for_verification(ung)


def test_a_code_for_the_number_of_before_verifies_nothing(ung):
    code = sent_code(ung)
    ung.phone = "+84987654321"
    ung.save()

    assert not verify_code(ung, code)


def test_a_code_that_went_to_another_number_does_not_verify_the_one_it_was_asked_for(ung):
    send_code(ung)
    correct_details(ung, details={"phone": "+84987654321"}, by=ung.user)
    send_due_notices()
    (message,) = sms.outbox
    code = re.search(r"\d{6}", message.text).group()
    assert message.number == "+84987654321"
    correct_details(ung, details={"phone": "+84912345678"}, by=ung.user)

    assert not verify_code(ung, code)
    assert not is_verified(ung)


@pytest.mark.parametrize("phone", ["", "+84912345678"])
def test_an_erased_number_leaves_no_hash_but_how_many_codes_were_sent(phone):
    Company.objects.update(required_fields=["full_name", "email"])
    ung = make_customer(phone="+84912345678")
    assert verify_code(ung, sent_code(ung))
    if not phone:  # emptied before
        Customer.objects.filter(pk=ung.pk).update(phone="")

    erase_detail(ung, "phone", by=ung.user)

    row = PhoneVerification.objects.get()
    assert (row.number, row.code, row.verified_number, row.verified_at) == ("", "", "", None)
    assert row.sent_today == 1
    correct_details(ung, details={"phone": "+84912345678"}, by=ung.user)
    with pytest.raises(PhoneRefused):
        send_code(ung)


def test_a_code_of_another_customer_verifies_nothing(ung):
    other = make_customer(phone="+84912345678")
    theirs, mine = sent_code(other), sent_code(ung)
    while mine == theirs:  # once in a million
        with later(minutes=2):
            mine = sent_code(ung)

    assert not verify_code(ung, theirs)


def test_a_message_that_is_late_is_dropped(ung):
    send_code(ung)

    with later(minutes=11):
        send_due_notices()

    assert sms.outbox == []
    assert Notice.objects.get().state == "dropped"


@pytest.mark.parametrize("typed", ["", "12345", "abcdef", "1234567", "１２３４５６x", "\0"])
def test_what_is_no_code_is_named_and_counts_no_try(typed, client, ung):
    sent_code(ung)
    client.force_login(ung.user)

    answer = client.post(PAGE, {"code": typed})

    assert answer.context["form"].errors["code"]
    assert PhoneVerification.objects.get().tries == 0


def test_opening_the_address_that_sends_sends_nothing(client, ung):
    client.force_login(ung.user)

    assert client.get(reverse("send_phone_code")).url == PAGE
    client.get(PAGE, {"code": "123456"})

    assert not Notice.objects.exists()


def test_without_a_service_nothing_is_asked_or_offered(client, ung, settings):
    settings.SMS_URL = ""
    client.force_login(ung.user)

    assert not waits_for_verification(ung)
    assert "one-time-code" not in client.get(PAGE).text
    client.post(reverse("send_phone_code"))
    assert not Notice.objects.exists()


def test_an_unverified_number_takes_no_right_away(client, ung):
    client.force_login(ung.user)
    for name in ("data", "consents", "file_complaint", "close_account"):
        assert client.get(reverse(name), follow=True).status_code == 200


def test_two_tries_at_once_count_as_two(portal):
    ung = make_customer(phone="+84912345678")
    code = sent_code(ung)

    def guess():
        return verify_code(type(ung).objects.get(pk=ung.pk), f"{(int(code) + 1) % 10**6:06}")

    assert at_once(*[guess] * 3) == [False] * 3
    assert PhoneVerification.objects.get().tries == 3


def test_a_service_gets_number_text_and_key_as_json(ung, settings):
    received = []

    class Service(BaseHTTPRequestHandler):
        def do_POST(self):
            content = self.rfile.read(int(self.headers["Content-Length"]))
            received.append((self.headers["Authorization"], json.loads(content)))
            self.send_response(202)
            self.end_headers()

        def log_message(self, *args):
            pass

    server = HTTPServer(("127.0.0.1", 0), Service)
    thread = Thread(target=server.handle_request)
    thread.start()
    settings.SMS_URL, settings.SMS_KEY = f"http://127.0.0.1:{server.server_port}/send", "k3y"
    send_code(ung)
    send_due_notices()
    thread.join(10)
    server.server_close()

    ((key, said),) = received
    assert key == "Bearer k3y"
    assert said["to"] == "+84912345678"
    assert re.search(r"\d{6}", said["text"])
    assert Notice.objects.get().state == "sent"


def test_a_service_that_leads_elsewhere_sent_nothing_and_its_key_stays_here(ung, settings):
    received = []

    class Service(BaseHTTPRequestHandler):
        def do_POST(self):
            received.append(self.path)
            self.send_response(302)
            self.send_header("Location", "/elsewhere")
            self.end_headers()

        do_GET = do_POST

        def log_message(self, *args):
            pass

    server = HTTPServer(("127.0.0.1", 0), Service)
    server.timeout = 2
    thread = Thread(target=lambda: [server.handle_request() for _ in range(2)])
    thread.start()
    settings.SMS_URL = f"http://127.0.0.1:{server.server_port}/send"
    send_code(ung)
    send_due_notices()
    thread.join(10)
    server.server_close()

    notice = Notice.objects.get()
    assert (received, notice.state, notice.error) == (["/send"], "queued", "HTTPError")


def test_a_code_that_still_waits_is_not_sent_after_the_next_one(ung):
    send_code(ung)
    with later(minutes=2):
        code = sent_code(ung)
        assert len(sms.outbox) == 1
        assert verify_code(ung, code)
    assert Notice.objects.get().state == "sent"


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"SMS_URL": "https:///send"}, "names no host"),
        ({"SMS_URL": "sms.example.vn/send"}, "must read like"),
        ({"SITE_ORIGIN": "https://a.vn", "SMS_URL": "http://b.vn/send"}, "must begin with https"),
        ({"SITE_ORIGIN": "https://a.vn", "SMS_URL": "https://b.vn", "SMS_KEY": ""}, "SMS_KEY"),
        ({"SITE_ORIGIN": "https://a.vn", "SMS_URL": "console://"}, "must begin with https"),
        ({"SITE_ORIGIN": "https://a.vn", "SMS_URL": "memory://"}, "must begin with https"),
        ({"SITE_ORIGIN": "https://a.vn", "SMS_URL": "", "DEBUG": "True"}, "DEBUG"),
        ({"SITE_ORIGIN": "https://a.vn", "SMS_URL": ""}, ""),
        ({"SITE_ORIGIN": "https://a.vn", "SMS_URL": "https://b.vn", "SMS_KEY": "k"}, ""),
        ({"SMS_URL": "console://", "DEBUG": "True"}, ""),
    ],
)
def test_the_portal_starts_in_public_only_with_what_keeps_codes_secret(environment, said):
    done = subprocess.run(
        [sys.executable, "-c", "import privacyportal.settings"],
        env=os.environ | {"ALLOWED_HOSTS": "a.vn"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert said in done.stderr
    assert bool(said) == bool(done.returncode)


def test_a_service_that_is_away_is_tried_again(ung, settings):
    settings.SMS_URL = "http://127.0.0.1:1/send"
    send_code(ung)
    send_due_notices()

    notice = Notice.objects.get()
    assert (notice.state, notice.attempts, notice.error) == ("queued", 1, "URLError")


def test_sp_1_is_at_risk_while_a_number_is_not_confirmed(ung, settings):
    load_profile("speedsms")
    assert answer_of("SP-1") == ("at_risk", 1, "customers")

    assert verify_code(ung, sent_code(ung))
    assert answer_of("SP-1")[0] == "not_measured"

    settings.SMS_URL = ""
    assert answer_of("SP-1")[0] == "not_measured"
