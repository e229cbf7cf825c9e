from datetime import timedelta

import pytest
from django.utils import timezone

from common.personal_data import DataCategory
from policies.clocks import limits_in_force
from policies.exceptions import ChangeRefused, NotConfigured
from policies.loading import load_profile
from policies.models import (
    OfficialDay,
    Purpose,
    RetentionRule,
    RuleFamily,
    TimeLimit,
    TimeLimitKind,
)
from policies.registers import retire_purpose
from policies.retention import rule_after_closing
from policies.rule_changes import add_rule, change_rule, confirm_source, end_rule
from privacyportal.roles import DPO
from tests.factories import close_in_the_past, make_complaint, make_customer, make_staff
from tests.threads import at_once

pytestmark = pytest.mark.django_db

ONE_DAY = timedelta(days=1)
NEW_SOURCE = {"source_vi": "Nghị quyết 5", "source_en": "Resolution 5"}


@pytest.fixture
def today():
    return timezone.localdate()


@pytest.fixture
def dpo():
    return make_staff(DPO)


def promised():
    """The company's term for complaints: 15 working days."""
    return TimeLimit.objects.get(
        kind=TimeLimitKind.COMPLAINT_COMPLETION, family=RuleFamily.PROMISE, valid_to=None
    )


def statutory():
    """The law's term for complaints: 7 working days."""
    return TimeLimit.objects.get(
        kind=TimeLimitKind.COMPLAINT_FIRST_RESPONSE, family=RuleFamily.STATUTE, valid_to=None
    )


def term_on(day):
    limits = limits_in_force(TimeLimitKind.COMPLAINT_COMPLETION, day)
    return [limit.maximum for limit in limits if limit.family == RuleFamily.PROMISE]


def a_limit(**columns):
    """A limit of a kind that has none."""
    return TimeLimit(
        **{
            "kind": TimeLimitKind.RIGHTS_PROTECT,
            "family": RuleFamily.PROMISE,
            "basis": "policy",
            "maximum": 5,
            "unit": "working_day",
            "valid_from": timezone.localdate(),
            **NEW_SOURCE,
            **columns,
        }
    )


def everything():
    return list(TimeLimit.objects.order_by("pk").values()), list(
        RetentionRule.objects.order_by("pk").values()
    )


def test_a_change_is_a_new_row_and_the_old_one_ends_the_day_before(dpo, today):
    old, start = promised(), today + timedelta(days=10)

    new = change_rule(old, values={"maximum": 10, **NEW_SOURCE}, valid_from=start, by=dpo)

    old.refresh_from_db()
    assert (old.maximum, old.valid_to) == (15, start - ONE_DAY)
    assert (new.maximum, new.minimum, new.unit) == (10, old.minimum, old.unit)
    assert (new.valid_from, new.valid_to, new.source_checked) == (start, None, False)
    assert (term_on(start - ONE_DAY), term_on(start)) == ([15], [10])
    last = old.history.first()
    assert (last.history_user, last.history_change_reason) == (dpo, "superseded")
    assert new.history.get().history_user == dpo


def test_a_change_from_today_leaves_open_cases_their_row(dpo, today):
    complaint = make_complaint()
    before = complaint.clocks.get(limit=promised()).last_day

    change_rule(promised(), values={"maximum": 11}, valid_from=today, by=dpo)

    clock = complaint.clocks.get(kind=TimeLimitKind.COMPLAINT_COMPLETION, limit__family="promise")
    assert (clock.limit.maximum, clock.last_day) == (15, before)
    assert make_complaint().clocks.get(kind=clock.kind, limit__family="promise").limit.maximum == 11


def test_a_change_of_today_can_be_changed_today_again(dpo, today):
    first = change_rule(promised(), values={"maximum": 11}, valid_from=today, by=dpo)

    change_rule(first, values={"maximum": 12}, valid_from=today, by=dpo)

    first.refresh_from_db()
    assert first.valid_to == today - ONE_DAY  # in force on no day
    assert (term_on(today), term_on(today - ONE_DAY)) == ([12], [15])


def test_a_statute_is_changed_with_its_source(dpo, today):
    statute = TimeLimit.objects.filter(family=RuleFamily.STATUTE, valid_to=None).first()

    new = change_rule(
        statute,
        values={"maximum": statute.maximum + 1, "source_checked": True, **NEW_SOURCE},
        valid_from=today,
        by=dpo,
    )

    assert (new.family, new.basis, new.source_en) == ("statute", "statute", "Resolution 5")
    assert new.source_checked


def test_a_customer_who_closed_keeps_the_day_that_was_told(dpo, today):
    customer = make_customer()
    close_in_the_past(customer, 10)
    told, old = customer.kept_until, customer.closing_rule

    new = change_rule(old, values={"months": 1}, valid_from=today, by=dpo)

    customer.refresh_from_db()
    assert (customer.kept_until, customer.closing_rule) == (told, old)
    assert rule_after_closing(today) == new
    assert not hasattr(new, "approval")


@pytest.mark.parametrize(
    ("values", "days"),
    [
        ({"maximum": 10}, -1),
        ({}, 0),
        ({"source_checked": True}, 0),
        ({"maximum": 6}, 0),  # the least is 7
        ({"maximum": 0, "minimum": None}, 0),
        ({"third_party": 14}, 0),
        ({"maximum": 10, "source_vi": ""}, 0),
        ({"maximum": 10, "basis": "statute"}, 0),
    ],
)
def test_a_change_that_cannot_be_is_refused_and_nothing_is_left_of_it(values, days, dpo, today):
    rule, before = promised(), everything()

    with pytest.raises(ChangeRefused):
        change_rule(rule, values=values, valid_from=today + timedelta(days=days), by=dpo)

    assert everything() == before


def test_a_rule_to_come_is_changed_from_its_first_day_at_the_earliest(dpo, today):
    coming = today + timedelta(days=30)
    rule = change_rule(promised(), values={"maximum": 10}, valid_from=coming, by=dpo)

    with pytest.raises(ChangeRefused):
        change_rule(rule, values={"maximum": 11}, valid_from=coming - ONE_DAY, by=dpo)
    change_rule(rule, values={"maximum": 12}, valid_from=coming, by=dpo)

    assert (term_on(coming - ONE_DAY), term_on(coming)) == ([15], [12])


def test_what_was_superseded_is_not_changed_ended_nor_superseded_again(dpo, today):
    old = promised()
    change_rule(old, values={"maximum": 10}, valid_from=today, by=dpo)
    before = everything()

    with pytest.raises(ChangeRefused):
        change_rule(old, values={"maximum": 11}, valid_from=today, by=dpo)
    with pytest.raises(ChangeRefused):
        end_rule(old, last_day=today, by=dpo)

    assert everything() == before


def test_a_rule_ends_on_its_last_day(dpo, today):
    rule = promised()

    end_rule(rule, last_day=today, by=dpo)

    assert (term_on(today), term_on(today + ONE_DAY)) == ([15], [])


def test_a_rule_to_come_that_is_ended_before_never_comes(dpo, today):
    rule = add_rule(a_limit(valid_from=today + timedelta(days=9)), by=dpo)

    end_rule(rule, last_day=today, by=dpo)

    assert rule.valid_to == rule.valid_from - ONE_DAY
    assert not TimeLimit.objects.in_force(rule.valid_from).filter(pk=rule.pk).exists()
    add_rule(a_limit(), by=dpo)


def test_a_rule_does_not_end_in_the_past(dpo, today):
    before = everything()

    with pytest.raises(ChangeRefused):
        end_rule(promised(), last_day=today - ONE_DAY, by=dpo)

    assert everything() == before


def test_a_slip_in_the_year_is_refused_wherever_a_day_is_chosen(dpo, today):
    latest, before = today + timedelta(days=366), everything()
    late = latest + ONE_DAY

    for act in (
        lambda: change_rule(promised(), values={"maximum": 11}, valid_from=late, by=dpo),
        lambda: end_rule(promised(), last_day=late, by=dpo),
        lambda: add_rule(a_limit(valid_from=late), by=dpo),
    ):
        with pytest.raises(ChangeRefused):
            act()

    assert everything() == before
    change_rule(promised(), values={"maximum": 11}, valid_from=latest, by=dpo)
    assert term_on(latest) == [11]


def test_the_last_rule_for_closed_accounts_neither_ends_nor_becomes_another(dpo, today):
    rule, before = rule_after_closing(today), everything()

    with pytest.raises(NotConfigured):
        end_rule(rule, last_day=today, by=dpo)
    with pytest.raises(NotConfigured):
        change_rule(rule, values={"trigger": "created"}, valid_from=today, by=dpo)

    assert everything() == before


def test_the_last_rule_for_closed_accounts_does_not_end_before_its_first_day(dpo, today):
    coming = today + timedelta(days=60)
    rule = change_rule(rule_after_closing(today), values={"months": 7}, valid_from=coming, by=dpo)
    before = everything()

    with pytest.raises(NotConfigured):
        end_rule(rule, last_day=today, by=dpo)

    assert everything() == before


def test_a_rule_begins_where_its_kind_has_none(dpo, today):
    rule = add_rule(a_limit(), by=dpo)

    assert rule in limits_in_force(TimeLimitKind.RIGHTS_PROTECT, today)
    with pytest.raises(ChangeRefused):
        add_rule(a_limit(valid_from=today + ONE_DAY), by=dpo)
    with pytest.raises(ChangeRefused):
        add_rule(a_limit(kind=TimeLimitKind.IMPACT_DOSSIER, valid_from=today - ONE_DAY), by=dpo)


def test_a_source_is_confirmed_once(dpo):
    rule = add_rule(a_limit(), by=dpo)

    confirm_source(rule, by=dpo)

    rule.refresh_from_db()
    assert rule.source_checked
    assert rule.history.first().history_change_reason == "source confirmed"
    with pytest.raises(ChangeRefused):
        confirm_source(rule, by=dpo)


def outcomes_of(outcomes):
    return sorted(type(outcome).__name__ for outcome in outcomes)


@pytest.mark.django_db(transaction=True)
def test_two_who_change_a_rule_at_once_make_one_new_row(portal, today):
    one, other = make_staff(DPO), make_staff(DPO)
    mine, theirs = promised(), promised()
    before = TimeLimit.objects.count()

    outcomes = at_once(
        lambda: change_rule(mine, values={"maximum": 10}, valid_from=today, by=one),
        lambda: change_rule(theirs, values={"maximum": 12}, valid_from=today, by=other),
    )

    assert outcomes_of(outcomes) == ["ChangeRefused", "TimeLimit"]
    assert TimeLimit.objects.count() == before + 1
    assert len(term_on(today)) == 1


@pytest.mark.django_db(transaction=True)
def test_two_who_begin_a_rule_of_one_kind_at_once_are_told_apart(portal, today):
    one, other = make_staff(DPO), make_staff(DPO)

    outcomes = at_once(
        lambda: add_rule(a_limit(maximum=5), by=one),
        lambda: add_rule(a_limit(maximum=6, valid_from=today + ONE_DAY), by=other),
    )

    assert outcomes_of(outcomes) == ["ChangeRefused", "TimeLimit"]
    assert (
        TimeLimit.objects.filter(kind=TimeLimitKind.RIGHTS_PROTECT, family="promise").count() == 1
    )


@pytest.mark.django_db(transaction=True)
def test_two_who_end_the_last_rules_for_closed_accounts_at_once_leave_one(portal, today):
    one, other = make_staff(DPO), make_staff(DPO)
    rule = rule_after_closing(today)
    second = add_rule(
        RetentionRule(
            category=rule.category,
            trigger="on_request",
            months=24,
            action=rule.action,
            family=rule.family,
            basis=rule.basis,
            valid_from=today,
            **NEW_SOURCE,
        ),
        by=one,
    )

    outcomes = at_once(
        lambda: end_rule(rule, last_day=today, by=one),
        lambda: end_rule(second, last_day=today, by=other),
    )

    assert outcomes_of(outcomes) == ["NoneType", "NotConfigured"]
    assert rule_after_closing(today + ONE_DAY) in (rule, second)


# What the loading of a profile makes of rules that the DPO changed


def test_loading_the_same_profile_again_leaves_what_the_dpo_changed(dpo, today):
    change_rule(promised(), values={"maximum": 10}, valid_from=today, by=dpo)
    added = add_rule(a_limit(), by=dpo)
    before = everything()

    assert load_profile("fpt_smart_cloud") == 0

    assert everything() == before
    assert added in TimeLimit.objects.in_force(today)


@pytest.mark.parametrize("days", [0, 30])
def test_a_changed_file_wins_over_the_rules_of_the_dpo(days, acme, dpo, today):
    load_profile(acme.path)
    start = today + timedelta(days=days)
    mine = change_rule(promised(), values={"maximum": 10}, valid_from=start, by=dpo)
    added = add_rule(a_limit(), by=dpo)
    acme.breaks('short_name = "', 'short_name = "New ')

    load_profile(acme.path)

    mine.refresh_from_db()
    added.refresh_from_db()
    assert (term_on(today), term_on(start + timedelta(days=99))) == ([15], [15])
    assert mine.maximum == 10
    assert mine.valid_to == mine.valid_from - ONE_DAY
    assert added.valid_to == today - ONE_DAY


def test_a_new_calendar_leaves_what_the_dpo_changed(acme, dpo, today, ship_days):
    load_profile(acme.path)
    change_rule(promised(), values={"maximum": 12}, valid_from=today, by=dpo)
    change_rule(statutory(), values={"maximum": 5}, valid_from=today, by=dpo)
    purpose = Purpose.objects.active().first()
    retire_purpose(purpose, by=dpo)
    ship_days("2027-11-25,OFF,statutory,Ngày nghỉ,Day off,,")
    before = everything()

    assert load_profile(acme.path) == 1

    assert OfficialDay.objects.filter(day="2027-11-25").exists()
    assert everything() == before
    purpose.refresh_from_db()
    assert purpose.retired_on == today
    assert load_profile(acme.path) == 0


def test_a_changed_file_brings_back_a_rule_that_the_dpo_ended(acme, dpo, today):
    load_profile(acme.path)
    end_rule(promised(), last_day=today, by=dpo)
    acme.breaks('short_name = "', 'short_name = "New ')

    load_profile(acme.path)

    assert (term_on(today), term_on(today + ONE_DAY)) == ([15], [15])


def test_a_changed_file_that_says_the_same_as_the_dpo_keeps_the_row(acme, dpo, today):
    load_profile(acme.path)
    mine = change_rule(
        promised(), values={"maximum": 14, "source_checked": True}, valid_from=today, by=dpo
    )
    acme.breaks("maximum = 15", "maximum = 14")

    load_profile(acme.path)

    mine.refresh_from_db()
    assert mine.valid_to is None
    assert rule_after_closing(today).category == DataCategory.ACCOUNT


def test_a_confirmed_source_outlives_the_next_changed_file(acme, dpo):
    acme.breaks("maximum = 15", "maximum = 14")
    acme.breaks("source_checked = true", "source_checked = false", times=99)
    load_profile(acme.path)
    confirm_source(promised(), by=dpo)
    before = everything()
    acme.breaks('short_name = "', 'short_name = "New ')

    load_profile(acme.path)

    assert everything() == before


def test_a_file_whose_source_was_checked_since_confirms_the_row_itself(acme):
    acme.breaks("maximum = 15", "maximum = 14")
    acme.breaks("source_checked = true", "source_checked = false", times=99)
    load_profile(acme.path)
    rule = promised()
    acme.breaks("source_checked = false", "source_checked = true", times=99)

    load_profile(acme.path)

    rule.refresh_from_db()
    assert (rule.source_checked, rule.valid_to) == (True, None)
    assert [change.source_checked for change in rule.history.all()] == [True, False]
    assert load_profile(acme.path) == 0
