"""Whom the purge could not erase is tried again, listed, and told of after some nights."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from notices.models import Notice
from policies.retention import rule_after_closing
from privacyportal.roles import DPO
from retention import ledger
from retention.batches import erase_all
from retention.models import PurgeFailure, PurgeRun, Tombstone
from retention.purge import purge_closed_accounts
from tests.factories import approve, make_customer, make_staff
from tests.retention.postgres import hanging_up
from tests.retention.test_purge import break_erasure_of

CODES = {
    "query_canceled": "QueryCanceled (57014)",
    "deadlock_detected": "DeadlockDetected (40P01)",
    "data_exception": "DataException (22000)",
}


def failures():
    return dict(PurgeFailure.objects.values_list("error", "attempts"))


def a_night_passes():
    earlier = timezone.now() - timedelta(days=1)
    PurgeFailure.objects.update(last_at=earlier)


@pytest.mark.django_db
def test_the_broken_among_a_thousand_are_found_in_few_steps_and_keep_no_other():
    tried, erased, told = [], [], []

    def erase(keys):
        tried.append(len(keys))
        if broken.intersection(keys):
            raise ValueError
        erased.extend(keys)

    broken = {7, 1999}
    failed = erase_all(range(2500), erase, note=lambda key, error: told.append((key, str(error))))

    assert (failed, told) == (2, [(7, ""), (1999, "")])
    assert erased == [key for key in range(2500) if key not in broken]
    assert len(tried) < 50


@pytest.mark.django_db
def test_a_failure_is_counted_once_a_night_listed_and_told_after_three(client):
    approve(rule_after_closing(timezone.localdate()))
    dpo = make_staff(DPO)
    broken = [make_customer(closed_days_ago=370) for _each in CODES]
    for customer, code in zip(broken, CODES, strict=True):
        break_erasure_of(customer, code)
    make_customer(closed_days_ago=370)

    (run,), (again,) = purge_closed_accounts(), purge_closed_accounts()

    assert (run.erased, run.failed, again.erased, again.failed) == (1, 3, 0, 3)
    assert failures() == dict.fromkeys(CODES.values(), 1)
    a_night_passes()
    purge_closed_accounts()
    assert not Notice.objects.filter(template="erasure_fails").exists()
    for _night in range(2):
        a_night_passes()
        purge_closed_accounts()
    assert failures() == dict.fromkeys(CODES.values(), 4)
    told = Notice.objects.filter(template="erasure_fails").values_list("recipient", flat=True)
    assert list(told) == [dpo.public_id] * 3

    client.force_login(dpo)
    page = client.get("/admin/retention/purgefailure/").text
    assert "DeadlockDetected (40P01)" in page
    assert broken[0].public_id[:8] in page
    assert broken[0].email not in page

    with connection.cursor() as cursor:
        for code in CODES:
            cursor.execute(f"DROP TRIGGER {code} ON accounts_customer")
    (mended,) = purge_closed_accounts()
    assert (mended.erased, mended.failed, failures()) == (3, 0, {})


def test_a_connection_that_is_lost_fails_one_customer_and_ends_cleanly(portal):
    approve(rule_after_closing(timezone.localdate()))
    broken, *_others = [make_customer(closed_days_ago=370) for _each in range(3)]
    with hanging_up("DELETE ON accounts_customer", f"OLD.id = {broken.pk}"):
        (run,) = purge_closed_accounts()

    assert (run.due, run.erased, run.failed) == (3, 2, 1)
    assert run.finished_at is not None
    assert Tombstone.objects.count() == 2
    assert set(PurgeFailure.objects.values_list("customer", "attempts")) == {(broken.pk, 1)}

    with hanging_up("UPDATE ON retention_tombstone"):  # in no transaction, as lines are noted
        (run,) = purge_closed_accounts()

    assert (run.due, run.erased, run.failed) == (1, 1, 0)
    assert not PurgeRun.objects.in_doubt().exists()
    ledger.record()
    assert not Tombstone.objects.filter(line=None).exists()
