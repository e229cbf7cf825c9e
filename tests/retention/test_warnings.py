"""Before an erasure: the customer is warned twice, the data protection officers get the list."""

from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.utils import timezone

from access.models import AccessRecord
from accounts.closed_pages import address_of
from accounts.models import Customer
from accounts.reopening import change_mind
from common.jobs import all_jobs
from notices.models import Notice
from notices.services import send_due_notices
from policies.counting import local_day
from privacyportal.roles import DPO
from retention.warnings import LIST_MAIL, MAIL, warn_of_erasures
from tests.factories import make_complaint, make_customer, make_hold, make_staff

pytestmark = pytest.mark.django_db

LIST = "/admin/accounts/customer/?erasure=soon"


def in_days(days):
    return local_day(timezone.now()) + timedelta(days=days)


def make_leaving(days_left, *, closed_days_ago=300, **kwargs):
    kwargs.setdefault("kept_until", in_days(days_left))
    return make_customer(closed_days_ago=closed_days_ago, **kwargs)


def warned():
    """Who was warned of which step."""
    keys = Notice.objects.filter(template=MAIL).values_list("key", "recipient")
    return {(int(key.split("-")[1]), recipient) for key, recipient in keys}


def pass_days(number):
    return time_machine.travel(timezone.now() + timedelta(days=number), tick=False)


def test_each_step_is_taken_once_and_late_while_it_is_still_true():
    leaving = {days: make_leaving(days).public_id for days in (-1, 0, 7, 8, 30, 31)}
    first = {(7, leaving[0]), (7, leaving[7]), (30, leaving[8]), (30, leaving[30])}

    warn_of_erasures()
    warn_of_erasures()
    assert warned() == first

    with pass_days(2):  # the job was down for a day
        warn_of_erasures()
    assert warned() == first | {(30, leaving[31]), (7, leaving[8])}


def test_a_period_is_not_warned_of_that_the_closing_mail_told_just_before():
    made = {
        closed: make_leaving(5, closed_days_ago=closed).public_id for closed in (1, 2, 3, 20, 24)
    }

    warn_of_erasures()

    # Of eight days, the seventh before the last comes a day after the closing.
    assert warned() == {(7, made[3]), (7, made[20]), (7, made[24])}


def test_who_is_held_has_come_back_or_has_no_address_hears_nothing():
    make_hold(make_leaving(20))
    make_leaving(20, email="", user=None)
    warn_of_erasures()
    assert warned() == set()

    # What was written is asked once more before it leaves.
    held, back, moved = (make_leaving(20, grace_until=in_days(20)) for _ in range(3))
    warn_of_erasures()
    make_hold(held)
    change_mind(back)
    Customer.objects.filter(pk=moved.pk).update(kept_until=in_days(25), grace_until=None)
    mail.outbox.clear()
    send_due_notices()

    about = [each for each in mail.outbox if address_of(moved.public_id) in each.body]
    assert [each.to for each in about] == [[moved.email]]
    assert not [each for each in mail.outbox if address_of(held.public_id) in each.body]
    assert not [each for each in mail.outbox if address_of(back.public_id) in each.body]
    assert f"{in_days(25):%d/%m/%Y}" in about[0].subject  # the day of today, not of then
    assert moved.public_id[:8] in about[0].body


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_mail_leads_to_the_page_that_needs_no_sign_in(language):
    customer = make_leaving(30, language=language, phone="+84912345678", address="1 Lê Lợi")
    warn_of_erasures()
    send_due_notices()

    (sent,) = mail.outbox
    subject = {
        "vi": f"Dữ liệu của bạn sẽ được xóa sau ngày {in_days(30):%d/%m/%Y}",
        "en": f"Your data is deleted after {in_days(30):%-d %b %Y}",
    }
    assert sent.subject == subject[language]
    assert not any(word in sent.body for word in (customer.email, "912345678", "Lê Lợi"))
    assert address_of(customer.public_id) in sent.body.splitlines()


def test_the_officers_get_one_mail_on_days_on_which_somebody_new_came_near():
    dpo = make_staff(DPO)
    make_leaving(20)
    make_hold(make_leaving(25))
    make_complaint(customer=make_leaving(30))
    make_leaving(32)

    def told():
        rows = Notice.objects.filter(template=LIST_MAIL, recipient=dpo.public_id).order_by("pk")
        return [(row.context["number"], row.context["new"], row.context["kept"]) for row in rows]

    first = (3, 3, {"legal hold": 1, "open case": 1})
    warn_of_erasures()
    warn_of_erasures()
    assert told() == [first]
    with pass_days(1):
        warn_of_erasures()
    assert told() == [first]  # nobody new
    with pass_days(2):
        make_customer(closed_at=timezone.now(), kept_until=in_days(7))
        warn_of_erasures()
    assert told() == [first, (5, 2, {"legal hold": 1, "open case": 1})]

    send_due_notices()
    assert [LIST in each.body for each in mail.outbox if each.to == [dpo.email]] == [True]


def test_the_list_is_masked_says_what_keeps_whom_and_is_recorded(client):
    held, waits, free = (make_leaving(days, full_name="Mai Lan") for days in (25, 30, 20))
    make_leaving(40)
    make_hold(held)
    make_complaint(customer=waits)
    client.force_login(make_staff(DPO))

    page = client.get(f"{LIST}&account=closed")
    rows = [row.public_id for row in page.context_data["cl"].result_list]
    assert rows == [each.public_id for each in (free, held, waits)]
    assert [row.kept_by for row in page.context_data["cl"].result_list] == [
        "",
        "legal hold",
        "open case",
    ]
    assert "Mai Lan" not in page.content.decode()
    assert "hồ sơ chưa đóng" in page.content.decode()
    assert AccessRecord.objects.latest("pk").count == 3

    page = client.get(f"{LIST}&kept_by=legal+hold")
    assert [row.public_id for row in page.context_data["cl"].result_list] == [held.public_id]


def test_the_job_is_scheduled():
    assert "retention.warn_of_erasures" in [job.name for job in all_jobs()]
