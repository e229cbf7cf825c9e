from datetime import timedelta

import pytest
from django.core import mail
from django.db import transaction
from django.utils import timezone

from accounts import announcements
from accounts.acceptance import accept_policy, record_shown
from accounts.announcements import announce_policies
from accounts.closing import close_account
from accounts.models import MAILING, Customer, PolicyAnnouncement
from accounts.reopening import change_mind
from notices.models import Notice, NoticePriority
from notices.services import queue_rendered, send_due_notices
from policies.audience import count_readers
from policies.loading import load_profile
from policies.models import PolicyVersion, Significance
from tests.factories import make_customer, make_policy_draft, make_policy_version
from tests.processes import run_apart
from tests.threads import LONGEST_WAIT, at_once, until_somebody_waits

pytestmark = pytest.mark.django_db


class Killed(BaseException):
    """As a signal would end it: nothing of ours catches it."""


@pytest.fixture
def small_batches(monkeypatch):
    monkeypatch.setattr(announcements, "BATCH", 2)


def told():
    return sorted(Notice.objects.exclude(mailing="").values_list("recipient", flat=True))


def ids(*customers):
    return sorted(customer.public_id for customer in customers)


def make_customers(number):
    return [make_customer() for _ in range(number)]


def test_each_open_account_gets_one_notice(small_batches):
    customers = make_customers(5)
    make_customer(closed_days_ago=3)
    version = make_policy_version("2", effective_in_days=60)

    announce_policies()
    announce_policies()

    announcement = PolicyAnnouncement.objects.get()
    assert told() == ids(*customers)
    assert (announcement.version, announcement.total, announcement.queued) == (version, 5, 5)
    assert announcement.finished_at is not None
    assert set(Notice.objects.values_list("mailing", "priority")) == {
        (announcement.mailing, NoticePriority.MAILING)
    }


def test_nobody_is_told_of_drafts_minor_versions_or_the_first_one():
    make_customer()
    make_policy_version("2", effective_in_days=60, significance=Significance.MINOR)
    make_policy_draft("3")

    announce_policies()

    assert not PolicyAnnouncement.objects.exists()
    assert PolicyVersion.objects.of_company().filter(significance="significant").exists()


def test_a_significant_version_is_told_of_even_if_a_minor_one_came_between():
    customer = make_customer()
    make_policy_version("2", effective_in_days=60, significance=Significance.MINOR)
    make_policy_version("3", effective_in_days=70)

    announce_policies()

    assert told() == ids(customer)


def test_a_version_of_another_company_is_not_told_of():
    make_customer()
    make_policy_version("2", effective_in_days=60)
    load_profile("speedsms")

    announce_policies()

    assert told() == []


def test_nobody_is_told_of_a_version_that_is_superseded():
    customer = make_customer()
    make_policy_version("2", effective_in_days=-20)
    current = make_policy_version("3", effective_in_days=0)
    coming = make_policy_version("4", effective_in_days=60)

    announce_policies()

    assert told() == ids(customer, customer)
    assert {row.version for row in PolicyAnnouncement.objects.all()} == {current, coming}


def test_a_minor_version_in_its_place_does_not_hide_what_nobody_was_told_of():
    customer = make_customer()
    significant = make_policy_version("2", effective_in_days=-20)
    make_policy_version("3", effective_in_days=0, significance=Significance.MINOR)

    announce_policies()

    assert told() == ids(customer)
    assert PolicyAnnouncement.objects.get().version == significant


def test_two_versions_are_two_mailings():
    customer = make_customer()
    make_policy_version("2", effective_in_days=60)
    announce_policies()
    make_policy_version("3", effective_in_days=70)

    announce_policies()

    assert told() == ids(customer, customer)
    assert len(set(Notice.objects.values_list("mailing", flat=True))) == 2


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_run_that_is_killed_is_gone_on_with(when, small_batches, monkeypatch):
    """Killed in the middle of its second batch, before or after that wrote its notices."""
    customers = make_customers(7)
    make_policy_version("2", effective_in_days=60)
    write, batches = announcements._write, []

    def die_in_the_second(announcement, people):
        batches.append(people)
        if len(batches) == 2 and when == "before":
            raise Killed
        written = write(announcement, people)
        if len(batches) == 2:
            raise Killed
        return written

    with monkeypatch.context() as patched:
        patched.setattr(announcements, "_write", die_in_the_second)
        with pytest.raises(Killed):
            announce_policies()
    half = PolicyAnnouncement.objects.get()
    assert (len(told()), half.queued, half.finished_at) == (2, 2, None)

    announce_policies()

    assert told() == ids(*customers)
    assert PolicyAnnouncement.objects.get().queued == 7


def test_a_run_that_is_out_of_time_is_gone_on_with(small_batches, monkeypatch):
    customers = make_customers(5)
    make_policy_version("2", effective_in_days=60)
    moments = iter(range(100))
    monkeypatch.setattr(announcements, "monotonic", lambda: next(moments))
    monkeypatch.setattr(announcements, "LONGEST_RUN", 2)

    announce_policies()
    assert len(told()) == 2
    announce_policies()
    announce_policies()
    announce_policies()

    assert told() == ids(*customers)


def test_who_closes_or_opens_an_account_meanwhile(small_batches, monkeypatch):
    first, second, third, leaving = make_customers(4)
    make_policy_version("2", effective_in_days=60)
    batch = announcements._announce_batch
    joined = []

    def meanwhile(version):
        more = batch(version)
        if not joined:
            joined.append(make_customer())
            rule = make_customer(closed_days_ago=1)
            Customer.objects.filter(pk=leaving.pk).update(
                closed_at=timezone.now(),
                closing_rule=rule.closing_rule,
                kept_until=rule.kept_until,
                closing_cause=rule.closing_cause,
            )
        return more

    monkeypatch.setattr(announcements, "_announce_batch", meanwhile)
    announce_policies()

    assert told() == ids(first, second, third, *joined)


@pytest.mark.parametrize("is_told_before", [True, False])
def test_who_opens_a_closed_account_again_is_told_what_they_missed(is_told_before):
    customer, other = make_customers(2)
    make_policy_version("2", effective_in_days=40)
    if is_told_before:
        announce_policies()
    close_account(customer, by=customer.user)
    make_policy_version("3", effective_in_days=50)
    announce_policies()
    assert told().count(customer.public_id) == is_told_before

    change_mind(customer)
    announce_policies()

    assert told() == sorted(ids(customer, other) * 2)
    assert [each.queued for each in PolicyAnnouncement.objects.all()] == [2, 2]
    assert not PolicyAnnouncement.objects.filter(finished_at=None).exists()


def test_what_was_announced_before_the_closing_is_not_told_of_again():
    customer = make_customer()
    version = make_policy_version("2", effective_in_days=40)
    announce_policies()
    Notice.objects.all().delete()  # as whoever tidies up would
    close_account(customer, by=customer.user)

    change_mind(customer)

    assert not Notice.objects.filter(template="policy_published", context__version=version.pk)


def test_a_sign_up_that_commits_behind_the_place_is_found_at_the_end(small_batches, monkeypatch):
    """Its primary key was taken before, its row seen only after the batches had passed."""
    late, *others = make_customers(5)
    Customer.objects.filter(pk=late.pk).update(
        opened_at=timezone.now(), closed_at=timezone.now(), **closing()
    )  # not there yet for the batches
    make_policy_version("2", effective_in_days=60)
    batch = announcements._announce_batch

    def appear(version):
        more = batch(version)
        Customer.objects.filter(pk=late.pk).update(
            closed_at=None, closing_rule=None, kept_until=None, closing_cause=""
        )
        return more

    monkeypatch.setattr(announcements, "_announce_batch", appear)
    announce_policies()

    assert told() == ids(late, *others)


def test_who_reads_or_accepts_before_the_batch_arrives(small_batches):
    reader, other, accepting, of_another_version, last = make_customers(5)
    version = make_policy_version("2", effective_in_days=60)
    record_shown(of_another_version, PolicyVersion.objects.get(number="1").text_in("vi"))
    for language in ("en", "vi"):
        record_shown(reader, version.text_in(language))
    record_shown(accepting, version.text_in("vi"))
    accept_policy(accepting, version.text_in("vi"))

    announce_policies()

    assert told() == ids(reader, other, of_another_version, last)
    seen = Notice.objects.exclude(seen_at=None)
    assert list(seen.values_list("recipient", "seen_at")) == [
        (reader.public_id, reader.policy_events.first().at)
    ]


def closing():
    gone = make_customer(closed_days_ago=1)
    names = ("closing_rule", "kept_until", "closing_cause")
    return {name: getattr(gone, name) for name in names}


def test_how_many_would_be_told_is_known_before():
    make_customers(2)
    make_customer(closed_days_ago=3)

    assert count_readers() == 2


class TestTheMail:
    @pytest.mark.parametrize(
        ("language", "words"),
        [("vi", "Thay đổi của bản 2."), ("en", "Changes of version 2.")],
    )
    def test_says_what_changes_in_the_readers_language(self, language, words):
        make_customer(language=language, full_name="Trần Thị Hoa")
        version = make_policy_version("2", effective_in_days=60)
        announce_policies()

        send_due_notices()

        (message,) = mail.outbox
        assert "Trần Thị Hoa" in message.body
        assert words in message.body
        assert f"{version.effective_on:%d/%m/%Y}" in message.body or language == "en"
        assert "http://testserver/policy/2/" in message.body

    def test_waits_behind_a_sign_in_code(self):
        make_customers(3)
        make_policy_version("2", effective_in_days=60)
        announce_policies()
        queue_rendered("sign_in", address="mai@example.com", subject="Mã", body="123")

        send_due_notices()

        assert mail.outbox[0].to == ["mai@example.com"]

    def test_is_dropped_when_its_reader_is_gone(self):
        customer = make_customer()
        make_policy_version("2", effective_in_days=60)
        announce_policies()
        Customer.objects.filter(pk=customer.pk).update(public_id="0" * 32)

        send_due_notices()

        assert mail.outbox == []
        assert Notice.objects.get().state == "dropped"


ANNOUNCE = """
from accounts import announcements
announcements.BATCH = 100
announcements.announce_policies()
"""


@pytest.mark.usefixtures("portal")
def test_a_process_that_is_killed_in_the_middle_leaves_nobody_out_and_tells_nobody_twice():
    long_ago = timezone.now() - timedelta(days=9)  # so that the last look at new ones finds none
    customers = Customer.objects.bulk_create(
        Customer(full_name="Hoa", email=f"hoa{number}@example.com", opened_at=long_ago)
        for number in range(3_000)
    )
    version = make_policy_version("2", effective_in_days=60)
    in_the_13th_batch = customers[1_250].public_id

    with transaction.atomic():
        # What nobody has committed yet holds up the statement that writes the same notice.
        Notice.objects.create(
            key=f"{MAILING}{version.pk}-{in_the_13th_batch}",
            template="policy_published",
            recipient=in_the_13th_batch,
            send_after=timezone.now(),
        )
        process = run_apart(ANNOUNCE)
        until_somebody_waits()
        process.kill()
        process.wait()
        transaction.set_rollback(True)

    half = PolicyAnnouncement.objects.get()
    assert (half.queued, half.finished_at, len(told())) == (1_200, None, 1_200)

    assert run_apart(ANNOUNCE).wait(LONGEST_WAIT) == 0

    assert told() == ids(*customers)
    whole = PolicyAnnouncement.objects.get()
    assert (whole.queued, whole.finished_at is None) == (3_000, False)


@pytest.mark.usefixtures("portal")
class TestTwoRunsAtOnce:
    def test_tell_each_customer_once(self, small_batches):
        customers = make_customers(11)
        make_policy_version("2", effective_in_days=60)

        assert at_once(announce_policies, announce_policies, announce_policies) == [None] * 3

        assert told() == ids(*customers)
        assert PolicyAnnouncement.objects.get().queued == 11

    def test_publishing_waits_for_no_announcement(self):
        make_customers(3)
        started = timezone.now()
        make_policy_version("2", effective_in_days=60)

        assert not Notice.objects.exclude(mailing="").exists()
        assert timezone.now() - started < timedelta(seconds=5)
