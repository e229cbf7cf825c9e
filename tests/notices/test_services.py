import smtplib
from datetime import timedelta

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.core import mail
from django.db import connection
from django.utils import timezone

from notices import services
from notices.models import Notice
from tests.factories import make_customer
from tests.threads import at_once

pytestmark = pytest.mark.django_db


def queue(customer, key="k"):
    services.queue_notice(
        "complaint_received",
        recipient=customer.public_id,
        key=key,
        reference="KN-2345-6789",
        path="/complaints/x/",
        last_day="2026-12-02",
    )


def test_a_notice_is_sent_once_in_the_recipients_language():
    queue(make_customer(language="vi"))
    queue(make_customer(language="en"), key="k2")

    assert services.send_due_notices() == 2
    assert services.send_due_notices() == 0

    vietnamese, english = mail.outbox
    assert "khiếu nại" in vietnamese.subject.lower()
    assert "complaint" in english.subject.lower()
    for message in mail.outbox:
        assert "KN-2345-6789" in message.subject + message.body
        assert "http://testserver/complaints/x/" in message.body
    assert set(Notice.objects.values_list("state", flat=True)) == {"sent"}


def test_one_cause_makes_one_notice():
    customer = make_customer()
    queue(customer)
    queue(customer)
    assert Notice.objects.count() == 1


def test_whoever_is_gone_is_not_written_to():
    customer = make_customer()
    queue(customer)
    public_id = customer.public_id
    type(customer).objects.filter(pk=customer.pk).update(public_id="0" * 32)

    services.send_due_notices()

    assert mail.outbox == []
    assert Notice.objects.get(recipient=public_id).state == "dropped"


def test_a_mail_server_that_is_away_is_tried_again_later(monkeypatch):
    def refuse(self, fail_silently=False):
        raise smtplib.SMTPServerDisconnected("away")

    queue(make_customer())
    with monkeypatch.context() as patched:
        patched.setattr("django.core.mail.EmailMessage.send", refuse)
        services.send_due_notices()

    notice = Notice.objects.get()
    assert (notice.state, notice.attempts, notice.error) == ("queued", 1, "SMTPServerDisconnected")
    assert notice.send_after > timezone.now() + timedelta(minutes=4)
    Notice.objects.update(send_after=timezone.now())
    services.send_due_notices()
    assert len(mail.outbox) == 1


def test_a_slow_mail_server_holds_no_transaction_and_gets_one_mail(portal, monkeypatch):
    def dawdle(self, fail_silently=False):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_locks WHERE relation = 'notices_notice'::regclass"
            )
            locks.append(cursor.fetchone()[0])
        assert services.send_due_notices() == 0  # as a second sweep would, meanwhile

    locks = []
    monkeypatch.setattr("django.core.mail.EmailMessage.send", dawdle)
    queue(make_customer())
    assert connection.get_autocommit()
    Notice.objects.update(send_after=timezone.now())

    services.send_due_notices()

    assert locks == [0]
    assert Notice.objects.get().state == "sent"


def test_a_notice_that_cannot_be_written_does_not_keep_the_others():
    broken, whole = make_customer(), make_customer()
    services.queue_notice("no_such_template", recipient=broken.public_id, key="a")
    queue(whole, key="b")

    services.send_due_notices()

    assert [message.to for message in mail.outbox] == [[whole.email]]
    assert Notice.objects.get(key="a").error == "TemplateDoesNotExist"


def test_a_worker_that_is_out_of_time_stops(monkeypatch):
    def too_late(self, fail_silently=False):
        raise SoftTimeLimitExceeded

    monkeypatch.setattr("django.core.mail.EmailMessage.send", too_late)
    queue(make_customer())
    with pytest.raises(SoftTimeLimitExceeded):
        services.send_due_notices()


def test_a_sign_in_mail_forgets_its_address_and_text_once_sent():
    services.queue_rendered(
        "sign_in", address="mai@example.com", subject="Mã xác nhận", body="ABC-123"
    )

    services.send_due_notices()

    notice = Notice.objects.get()
    assert (notice.address, notice.subject, notice.body) == ("", "", "")
    assert mail.outbox[0].to == ["mai@example.com"]


def test_a_notice_given_up_forgets_its_address_too(monkeypatch):
    def refuse(self, fail_silently=False):
        raise smtplib.SMTPServerDisconnected("away")

    monkeypatch.setattr("django.core.mail.EmailMessage.send", refuse)
    services.queue_rendered("sign_in", address="mai@example.com", subject="x", body="y")
    for _ in range(services.ATTEMPTS):
        Notice.objects.update(send_after=timezone.now())
        services.send_due_notices()

    notice = Notice.objects.get()
    assert (notice.state, notice.address, notice.body) == ("failed", "", "")


@pytest.mark.usefixtures("portal")
class TestTwoWorkers:
    def test_send_each_notice_once(self):
        for n in range(20):
            queue(make_customer(), key=f"k{n}")

        at_once(services.send_due_notices, services.send_due_notices)

        assert len(mail.outbox) == 20
        assert len({tuple(message.to) for message in mail.outbox}) == 20
