import smtplib
from datetime import timedelta

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.db import connection
from django.utils import timezone

from accounts.models import Customer
from notices import services
from notices.models import Notice, Outcome
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
                "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)"
                " WHERE relation = 'notices_notice'::regclass AND datname = current_database()"
                " AND backend_type = 'client backend'"
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


class Post(EmailBackend):
    """A mail server that counts conversations and can end them; the rest is Django's own."""

    opened = closed = 0
    ends_conversation_at: set[int] = set()
    is_open = False

    def open(self):
        if not self.is_open:
            Post.opened += 1
            self.is_open = True

    def close(self):
        Post.closed += self.is_open
        self.is_open = False

    def send_messages(self, messages):
        assert self.is_open
        tried = len(mail.outbox)
        if tried in self.ends_conversation_at:
            self.ends_conversation_at.remove(tried)
            raise smtplib.SMTPServerDisconnected("Connection unexpectedly closed")
        return super().send_messages(messages)


@pytest.fixture
def post(settings, monkeypatch):
    settings.EMAIL_BACKEND = "tests.notices.test_services.Post"
    for name, value in {"opened": 0, "closed": 0, "ends_conversation_at": set()}.items():
        monkeypatch.setattr(Post, name, value)
    return Post


class TestTheConnectionToTheMailServer:
    def test_serves_many_mails(self, post, monkeypatch):
        monkeypatch.setattr(services, "MAILS_PER_CONNECTION", 4)
        for n in range(9):
            queue(make_customer(), key=f"k{n}")

        assert services.send_due_notices() == 9

        assert (len(mail.outbox), post.opened, post.closed) == (9, 3, 3)

    def test_that_the_server_ended_costs_no_mail_its_turn(self, post):
        """A sign-in code would otherwise wait five minutes for the next try."""
        for n in range(3):
            queue(make_customer(), key=f"k{n}")
        post.ends_conversation_at.add(1)

        services.send_due_notices()

        assert (len(mail.outbox), post.opened, post.closed) == (3, 2, 2)
        assert set(Notice.objects.values_list("state", "attempts")) == {("sent", 1)}

    def test_is_opened_anew_after_a_failure(self, post):
        broken, whole = make_customer(), make_customer()
        queue(whole, key="a")
        services.queue_notice("no_such_template", recipient=broken.public_id, key="b")
        queue(whole, key="c")

        services.send_due_notices()

        assert (len(mail.outbox), post.opened, post.closed) == (2, 2, 2)


def send_to(*customers, mailing="policy-9"):
    return services.queue_mailing(
        "complaint_received",
        mailing=mailing,
        recipients=Customer.objects.filter(pk__in=[customer.pk for customer in customers])
        .order_by("pk")
        .values_list("public_id", flat=True),
        reference="KN-2345-6789",
        path="/complaints/x/",
        last_day="2026-12-02",
    )


class TestAMailing:
    def test_reaches_each_once_however_often_it_is_queued(self):
        first, second, third = (make_customer() for _ in range(3))

        assert send_to(first, second) == 2
        assert send_to(first, second, third) == 1
        services.send_due_notices()

        assert sorted(message.to[0] for message in mail.outbox) == sorted(
            [first.email, second.email, third.email]
        )

    def test_never_stands_before_a_code_that_somebody_waits_for(self):
        send_to(make_customer(), make_customer())
        services.queue_rendered("sign_in", address="mai@example.com", subject="Mã", body="1")

        services.send_due_notices()

        assert mail.outbox[0].to == ["mai@example.com"]
        assert len(mail.outbox) == 3

    def test_that_nobody_can_deliver_keeps_no_code_waiting(self, monkeypatch):
        send_to(*(make_customer() for _ in range(3)))
        Notice.objects.update(send_after=timezone.now() - timedelta(days=1), attempts=3)
        services.queue_rendered("sign_in", address="mai@example.com", subject="Mã", body="1")

        assert services._claim_next().address == "mai@example.com"

    def test_drops_whom_nobody_knows_any_more(self):
        gone, here = make_customer(), make_customer()
        send_to(gone, here)
        Customer.objects.filter(pk=gone.pk).update(public_id="0" * 32)

        services.send_due_notices()

        assert services.count_delivery("policy-9") == services.Delivery(sent=1, dropped=1)
        assert [message.to for message in mail.outbox] == [[here.email]]

    def test_is_counted_by_how_each_fared(self, django_assert_num_queries):
        customers = [make_customer() for _ in range(5)]
        send_to(*customers)
        send_to(customers[0], mailing="policy-10")
        queue(customers[0])
        for state, customer in zip(["sent", "failed", "dropped"], customers, strict=False):
            sent_at = timezone.now() if state == "sent" else None
            Notice.objects.filter(key=f"policy-9-{customer.public_id}").update(
                state=state, sent_at=sent_at
            )
        services.mark_seen("policy-9", customers[3].public_id)

        with django_assert_num_queries(1):
            found = services.count_deliveries({"policy-9", "policy-10", "policy-11"})

        assert found == {
            "policy-9": services.Delivery(failed=1, queued=1, sent=1, seen=1, dropped=1),
            "policy-10": services.Delivery(queued=1),
            "policy-11": services.Delivery(),
        }
        assert found["policy-9"].settled == 4

    def test_is_seen_once_and_by_its_reader_alone(self):
        reader, other = make_customer(), make_customer()
        send_to(reader, other)
        send_to(reader, mailing="policy-10")

        services.mark_seen("policy-9", reader.public_id)
        first = Notice.objects.get(seen_at__isnull=False)
        services.mark_seen("policy-9", reader.public_id)

        assert Notice.objects.get(seen_at__isnull=False).seen_at == first.seen_at
        assert first.key == f"policy-9-{reader.public_id}"
        assert first.outcome == Outcome.SEEN

    def test_is_read_page_by_page(self):
        customers = [make_customer() for _ in range(5)]
        send_to(*customers)
        ids = list(Notice.objects.order_by("pk").values_list("pk", flat=True))

        pages = [services.notices_of_mailing("policy-9", Outcome.QUEUED)[:3]]
        pages.append(services.notices_of_mailing("policy-9", Outcome.QUEUED, after=ids[2])[:3])

        assert [[row.pk for row in rows] for rows in pages] == [ids[:3], ids[3:]]
        assert not services.notices_of_mailing("policy-9", Outcome.SENT).exists()

    def test_is_searched_by_public_id(self):
        wanted, other = make_customer(), make_customer()
        send_to(wanted, other)
        send_to(wanted, mailing="policy-91")

        for term in (wanted.public_id, wanted.public_id[:8]):
            row = services.find_in_mailing("policy-9", term).get()
            assert (row.recipient, row.mailing) == (wanted.public_id, "policy-9")


@pytest.mark.usefixtures("portal")
class TestTwoWorkers:
    def test_send_each_notice_once(self):
        for n in range(20):
            queue(make_customer(), key=f"k{n}")

        at_once(services.send_due_notices, services.send_due_notices)

        assert len(mail.outbox) == 20
        assert len({tuple(message.to) for message in mail.outbox}) == 20
