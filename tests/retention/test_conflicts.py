"""A promise that ends before a law lets it: nothing goes until the DPO has decided."""

from datetime import date, datetime, timedelta

import pytest
from django.utils import timezone

from accounts.models import KnownDevice
from common.periods import expiry_named
from common.personal_data import stays_of
from policies.counting import local_day
from policies.models import RetentionRule
from policies.periods import kept_too_long, yesterday
from policies.retention import rule_after_closing
from privacyportal.roles import AUDITOR, DPO
from retention.conflicts import conflicts, decide_conflict
from retention.exceptions import ApprovalRefused, DecisionRefused
from retention.models import PurgeApproval, PurgeRun, RetentionDecision
from retention.purge import purge_closed_accounts
from retention.services import approve_rule
from retention.sweeps import sweep
from tests.clients import PortalClient
from tests.factories import approve, close_in_the_past, make_customer, make_staff
from tests.retention.kept_rows import closed_complaint, make_rule, notice

pytestmark = pytest.mark.django_db

PAGE = "/admin/retention/schedule/"
DAY = timedelta(days=1)


def law(category, trigger, months):
    return RetentionRule.objects.create(
        category=category, trigger=trigger, months=months, action="restrict", family="statute",
        basis="statute", source_vi="Luật X", source_en="Law X", valid_from=date(2020, 1, 1),
    )  # fmt: skip


def rule_of(category, trigger="created"):
    return RetentionRule.objects.get(category=category, trigger=trigger, family="promise")


def pairs(category):
    found = [each for each in conflicts() if each.statute.category == category]
    return [(each.promise, each.statute, each.counts_alike) for each in found]


def test_like_is_compared_with_like_and_another_event_is_always_a_conflict():
    promise = rule_of("visit")
    shorter = law("visit", "created", 6)
    assert pairs("visit") == []

    longer = law("visit", "year_ended", 1)
    assert pairs("visit") == [(promise, longer, False)]
    assert shorter.months < promise.months

    longest = law("notice", "created", 36)
    assert (rule_of("notice"), longest, True) in pairs("notice")


def test_nothing_is_approved_before_the_decision_and_what_is_stored_waits_for_the_law():
    promise, statute = rule_of("notice"), law("notice", "created", 36)
    closing = rule_of("notice", "account_closed")
    customer, now = make_customer(), timezone.now()
    kept, gone, over = (notice(customer, now - days * DAY) for days in (400, 1200, 30))
    address = f"{PAGE}decide/?promise={promise.pk}&statute={statute.pk}"
    clients = {}
    for role in (DPO, AUDITOR):
        clients[role] = PortalClient()
        clients[role].force_login(make_staff(role, staff_name="Trần Minh Quân"))
        clients[role].cookies["django_language"] = "en"
    said = {"outcome": "store", "reason": "Chứng từ kế toán"}

    with pytest.raises(ApprovalRefused):
        approve_rule(promise, by=make_staff(DPO))
    page = clients[DPO].get(PAGE)
    assert "a law contradicts" in page.text
    assert "Law X" in page.text
    offered = clients[DPO].get(f"{PAGE}approve/").context_data["form"]["rules"].value()
    assert promise.pk not in offered
    assert clients[AUDITOR].post(address, said).status_code == 403
    assert "This field is required" in clients[DPO].post(address, {"outcome": "store"}).text
    assert not RetentionDecision.objects.exists()
    assert not PurgeApproval.objects.exists()

    assert clients[DPO].post(address, said).url == PAGE
    decision = RetentionDecision.objects.get()
    assert (decision.outcome, decision.reason) == ("store", "Chứng từ kế toán")
    assert decision.history.get().history_user == decision.decided_by
    approve_rule(promise, by=make_staff(DPO))
    sweep()

    run = PurgeRun.objects.get(rule=promise)
    assert (run.due, run.erased, run.deferred) == (2, 1, {"a law demands to store it": 1})
    left = type(kept).objects.values_list("pk", flat=True)
    assert [each.pk in left for each in (kept, gone, over)] == [True, False, True]
    late = kept_too_long(expiry_named("notices"), yesterday())["late"]
    assert list(late) == []

    clients[DPO].post(address, {"outcome": "delete", "reason": "Không phải chứng từ"})
    assert RetentionDecision.objects.get().history.count() == 2
    sweep()
    assert kept.pk not in type(kept).objects.values_list("pk", flat=True)
    assert closing.category == "notice"


def test_what_a_law_keeps_of_a_closed_account_stays_and_is_told_until_its_day(client):
    rule = rule_of("device", "account_closed")
    statute = law("device", "created", 120)
    customer = make_customer()
    seen = datetime.fromisoformat("2025-04-08T03:00:00Z")
    KnownDevice.objects.create(user=customer.user, first_seen_at=seen, last_seen_at=seen)
    close_in_the_past(customer, 500)
    customer.refresh_from_db()
    with pytest.raises(ApprovalRefused):  # with the account everything goes
        approve_rule(customer.closing_rule, by=make_staff(DPO))
    with pytest.raises(DecisionRefused):
        decide_conflict(statute, rule, outcome="store", reason="x", by=make_staff(DPO))
    assert stays_of([customer.pk]) == {}

    for each in conflicts():
        if each.statute == statute:
            RetentionDecision.objects.create(
                promise=each.promise, statute=statute, outcome="store", reason="x",
                decided_by=make_staff(DPO),
            )  # fmt: skip

    (stay,) = stays_of([customer.pk])[customer.pk]
    assert (stay.category, str(stay.why)) == ("device", statute.source)
    assert stay.until == date(2035, 4, 9)  # the 8th is a Sunday, and a law's day is moved
    approve_rule(customer.closing_rule, by=make_staff(DPO))


def test_a_law_that_comes_after_the_approval_stops_the_runs_until_the_decision():
    promise, closing = rule_of("notice"), rule_after_closing(local_day(timezone.now()))
    complaints = make_rule("complaint", "case_closed", 1)
    for rule in (promise, closing):
        approve(rule)
    customer, now = make_customer(), timezone.now()
    mailed, complained = (make(customer, now - 800 * DAY) for make in (notice, closed_complaint))
    due = make_customer(closed_days_ago=3000)
    laws = [law(category, "created", 1200) for category in ("notice", "evidence")]

    sweep()
    purge_closed_accounts()

    runs = PurgeRun.objects.filter(rule__in=[promise, closing, complaints]).order_by("rule")
    assert [(run.due, run.only_reported) for run in runs] == [(1, True)] * 3
    client = PortalClient()
    client.force_login(make_staff(DPO))
    lines = {line.rule: line for line in client.get(PAGE).context_data["lines"]}
    assert [bool(lines[rule].conflicts) for rule in (promise, complaints)] == [True, True]

    for each in conflicts():
        if each.statute in laws:
            decide_conflict(
                each.promise, each.statute, outcome="delete", reason="x", by=make_staff(DPO)
            )
    sweep()
    purge_closed_accounts()
    left = [type(row).objects.filter(pk=row.pk).exists() for row in (mailed, complained, due)]
    assert left == [False, False, False]


def test_a_promise_that_is_over_is_asked_about_while_it_judges_a_row():
    old, statute = rule_of("notice"), law("notice", "created", 36)
    RetentionRule.objects.filter(pk=old.pk).update(valid_to=date(2025, 1, 1))
    make_rule("notice", "created", 48, valid_from=date(2025, 1, 2))
    old.refresh_from_db()
    assert (old, statute, True) not in pairs("notice")

    row = notice(make_customer(), datetime.fromisoformat("2024-02-28T17:30:00Z"))

    assert (old, statute, True) in pairs("notice")
    with pytest.raises(ApprovalRefused):
        approve_rule(old, by=make_staff(DPO))
    approve(old)
    sweep()
    assert type(row).objects.filter(pk=row.pk).exists()


def test_a_law_about_what_the_portal_does_not_hold_bars_nothing():
    client = PortalClient()
    client.force_login(make_staff(DPO))
    client.cookies["django_language"] = "en"
    (order, *_more) = (each for each in conflicts() if each.statute.category == "order")

    page = client.get(PAGE).text

    assert "not held in this portal" in page
    assert "not decided" not in page
    assert f"promise={order.promise.pk}&amp;statute={order.statute.pk}" not in page
    approve_rule(rule_after_closing(local_day(timezone.now())), by=make_staff(DPO))
