"""What a run records of itself, and when it asks before it deletes."""

from datetime import date, timedelta

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from accounts.models import Customer
from common.erasure import Erased
from enquiries.models import Enquiry
from notices.models import Notice
from policies.retention import rule_after_closing
from privacyportal.roles import DPO
from retention.models import PurgePermit, PurgeRun
from retention.purge import erase_unverified_sign_ups, purge_closed_accounts
from retention.runs import clocks_are_doubted, count_batch
from retention.sweeps import sweep
from tests.enquiries.conftest import make_enquiry
from tests.factories import approve, make_customer, make_staff
from tests.retention.kept_rows import make_rule
from tests.retention.planting import make_full_customer

pytestmark = pytest.mark.django_db

RUNS = "/admin/retention/purgerun/"


@pytest.fixture
def rule(db):
    return approve(rule_after_closing(timezone.localdate())).rule


@pytest.fixture
def dpo(client, db):
    user = make_staff(DPO)
    client.force_login(user)
    client.cookies["django_language"] = "en"
    return user


def past_run(rule, *, erased=0, days_ago=1, **kwargs):
    at = timezone.now() - timedelta(days=days_ago)
    return PurgeRun.objects.create(
        rule=rule,
        only_reported=False,
        erased=erased,
        started_at=at,
        finished_at=at,
        searched_at=at,
        **kwargs,
    )


def purge():
    return purge_closed_accounts()[0]


def test_a_run_counts_rows_and_files_by_category(rule, client, dpo):
    make_full_customer("zqvkxw", closed_days_ago=370)

    run = purge()

    assert (run.going, run.erased, run.files) == (
        1,
        1,
        {"identity_proof": 1, "call_recording": 1, "evidence": 1},
    )
    assert sum(run.rows.values()) == sum(run.counts.values())
    page = client.get(f"{RUNS}{run.pk}/change/")
    assert "1 of 1 (100%)" in page.text
    assert "Evidence files: 1" in page.text
    assert "Refresh" not in page


def test_a_run_under_way_is_told_and_its_page_looks_again(rule, client, dpo):
    run = PurgeRun.objects.create(rule=rule, only_reported=False, due=9, going=8, erased=2)

    page = client.get(f"{RUNS}{run.pk}/change/")

    assert page["Refresh"] == "5"
    assert "2 of 8 (25%)" in page.text
    assert "under way" in client.get(RUNS).text


def test_a_batch_that_fails_has_counted_nothing(rule):
    make_customer(closed_days_ago=370)
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION pg_temp.fail() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE EXCEPTION 'broken' USING ERRCODE = 'data_exception'; END $$"
        )
        cursor.execute(
            "CREATE TRIGGER broken BEFORE INSERT ON retention_tombstone FOR EACH ROW"
            " EXECUTE FUNCTION pg_temp.fail()"
        )

    run = purge()

    assert (run.failed, run.erased, run.counts, run.rows) == (1, 0, {}, {})


@pytest.fixture
def two_are_many(settings):
    settings.PURGE_NEVER_MANY = 1


def test_a_run_that_would_delete_far_more_than_usual_waits_for_the_dpo(
    rule, client, dpo, two_are_many, settings
):
    settings.PURGE_MOST_PERCENT = 100
    for erased in (0, 1, 1):
        past_run(rule, erased=erased)
    for _each in range(11):
        make_customer(closed_days_ago=370)

    stopped = purge()

    assert (stopped.doubts, stopped.erased, stopped.going) == ({"usual": 1}, 0, 11)
    assert Customer.objects.count() == 11
    notice = Notice.objects.get(template="purge_waits")
    assert notice.recipient == dpo.public_id
    assert "waits for the DPO" in client.get(RUNS).text
    assert "Deletions that wait for a permit" in client.get("/admin/").text

    step = f"{RUNS}{stopped.pk}/permit/"
    assert "Far more than usual, which is: 1" in client.get(step).text
    for refused in ("10", "23", ""):
        assert client.post(step, {"up_to": refused}).status_code == 200
    assert not PurgePermit.objects.exists()
    client.post(step, {"up_to": "11"})
    permit = PurgePermit.objects.get()
    assert (permit.run, permit.permitted_by, permit.history.get().history_user) == (
        stopped,
        dpo,
        dpo,
    )
    make_customer(closed_days_ago=370)
    assert (purge().doubts, Customer.objects.count()) == ({"usual": 1}, 12)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        PurgePermit.objects.update(up_to=12)

    newest = PurgeRun.objects.first()
    client.post(f"{RUNS}{newest.pk}/permit/", {"up_to": "12"})
    assert (purge().erased, Customer.objects.count()) == (12, 0)
    for _each in range(11):
        make_customer(closed_days_ago=370)
    assert (purge().doubts, Customer.objects.count()) == ({"usual": 1}, 11)


def test_where_a_rule_mostly_finds_nobody_many_wait_for_the_dpo_too(rule, two_are_many, settings):
    settings.PURGE_MOST_PERCENT = 100
    for erased in (0, 1, 0):
        past_run(rule, erased=erased)
    for _each in range(11):
        make_customer(closed_days_ago=370)

    assert (purge().doubts, Customer.objects.count()) == ({"usual": 0}, 11)


def test_the_rules_of_a_night_are_one_share_of_all(rule, settings):
    settings.PURGE_NEVER_MANY, settings.PURGE_MOST_PERCENT = 1, 50
    former = make_rule("account", "account_closed", 1, valid_to=date(2020, 1, 31))
    for each in (rule, former, rule, former):
        make_customer(closed_days_ago=370, closing_rule=each)
    make_customer()

    runs = purge_closed_accounts()

    assert [run.doubts for run in runs] == [{"share": 5}] * 2


def test_what_went_after_a_search_is_in_doubt_until_the_next(rule):
    run = past_run(rule, erased=1)
    assert not PurgeRun.objects.in_doubt().exists()

    with transaction.atomic():
        count_batch(run, Erased(), number=1)

    assert PurgeRun.objects.in_doubt().get() == run


def test_three_days_without_beat_are_caught_up_without_asking(rule, settings):
    settings.PURGE_NEVER_MANY, settings.PURGE_MOST_PERCENT = 1, 100
    past_run(rule, erased=2, days_ago=3.99)
    for _each in range(8):
        make_customer(closed_days_ago=368)

    assert (purge().erased, purge().erased) == (8, 0)


def test_a_large_share_of_all_customers_waits_and_few_never_do(rule, settings):
    settings.PURGE_NEVER_MANY = 2
    for _each in range(2):
        make_customer(closed_days_ago=370)
    assert purge().erased == 2
    for _each in range(3):
        make_customer(closed_days_ago=370)

    run = purge()
    assert (run.doubts, Customer.objects.count()) == ({"share": 3}, 3)


def test_a_clock_that_jumped_stops_all_erasing_until_somebody_has_looked(rule, client, dpo):
    past_run(rule, days_ago=5)
    make_customer(closed_days_ago=370)
    long_ago = timezone.now() - timedelta(days=90)
    make_customer(opened_at=long_ago)  # who never proved the address
    make_enquiry(confirmed=False)
    Enquiry.objects.update(received_at=long_ago)
    Notice.objects.update(state="sent", sent_at=long_ago)

    first, second = purge(), purge()
    runs = sweep()

    assert [each.doubts for each in (first, second, *runs)] == [{"gap": 5}] * (2 + len(runs))
    assert (erase_unverified_sign_ups(), Enquiry.objects.count()) == (0, 1)
    assert Notice.objects.filter(template="purge_waits").count() == 1
    call_command("purge", "--dry-run")
    client.post(f"{RUNS}{second.pk}/permit/", {"up_to": "1"})
    for _each in range(2):
        make_customer(closed_days_ago=370)
    sweep()
    assert (purge().erased, erase_unverified_sign_ups(), Enquiry.objects.count()) == (3, 1, 0)


def test_a_pause_in_which_nobody_fell_due_is_asked_about_once_somebody_does(rule, dpo):
    past_run(rule, days_ago=8)

    run = purge()

    assert (run.doubts, run.is_stopped, Notice.objects.count()) == ({"gap": 8}, False, 0)
    assert clocks_are_doubted()
    PurgeRun.objects.filter(pk=run.pk).update(started_at=timezone.now() - timedelta(days=3))
    assert not clocks_are_doubted()
    make_customer(closed_days_ago=370)
    assert (purge().is_stopped, Notice.objects.count()) == (True, 1)


def test_a_clock_that_went_back_deletes_nothing_and_nobody_can_permit_it(rule, client, dpo):
    past_run(rule, days_ago=-2)
    make_customer(closed_days_ago=370)

    run = purge()

    assert (set(run.doubts), run.erased, Customer.objects.count()) == ({"behind"}, 0, 1)
    assert "can be permitted" in client.post(f"{RUNS}{run.pk}/permit/", {"up_to": "1"}).text
    assert not PurgePermit.objects.exists()
