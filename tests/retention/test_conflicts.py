"""A promise that ends before a law lets it: nothing goes until the DPO has decided."""

from datetime import date, datetime, timedelta

import pytest
from django.utils import timezone

from accounts.models import KnownDevice
from common.personal_data import stays_of
from policies.models import RetentionRule
from privacyportal.roles import AUDITOR, DPO
from retention.conflicts import conflicts, decide_conflict
from retention.exceptions import ApprovalRefused, DecisionRefused
from retention.models import PurgeApproval, PurgeRun, RetentionDecision
from retention.services import approve_rule
from retention.sweeps import sweep
from tests.clients import PortalClient
from tests.factories import close_in_the_past, make_customer, make_staff
from tests.retention.kept_rows import notice

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
