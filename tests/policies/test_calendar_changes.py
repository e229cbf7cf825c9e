from datetime import date

import pytest
from django.utils import translation

from policies import calendar_changes as calendar
from policies.calendar_import import CalendarRow
from policies.calendar_years import complete_year
from policies.calendars import calendar_version, load_calendar
from policies.exceptions import ChangeRefused
from policies.loading import load_profile
from policies.models import (
    CalendarRange,
    DayKind,
    DayStatus,
    OfficialDay,
    OfficialDayKind,
)
from privacyportal.roles import DPO
from tests.factories import make_staff
from tests.threads import at_once

pytestmark = pytest.mark.django_db

MONDAY, SATURDAY = date(2027, 8, 30), date(2027, 8, 21)


@pytest.fixture
def dpo(db):
    return make_staff(DPO)


def swap(by, **kwargs):
    values = {
        "day_off": MONDAY,
        "working_day": SATURDAY,
        "label_vi": "Hoán đổi",
        "label_en": "Swap",
        "document": "01/TB",
        "by": by,
        **kwargs,
    }
    return calendar.enter_swap(**values)


def kept(day):
    """The codes in the history of a day, oldest first."""
    changes = OfficialDay.history.filter(day=day).order_by("history_id")
    return list(changes.values_list("history_change_reason", flat=True))


def days_of(year):
    return OfficialDay.objects.filter(day__year=year)


# Proposing


def test_a_year_is_proposed_beside_what_is_known_and_counts_for_nothing(dpo):
    version = calendar_version()
    known = set(days_of(2028).values_list("day", flat=True))

    added = calendar.propose_year(2028, by=dpo)

    assert len(known) == 2
    assert not known & {day.day for day in added}
    assert date(2028, 1, 26) in {day.day for day in added}
    assert {day.status for day in added} == {DayStatus.PROPOSED}
    assert days_of(2028).count() == len(added) + 2
    assert calendar_version() == version
    assert calendar.propose_year(2028, by=dpo) == []


def test_a_proposal_has_both_languages_and_tells_holidays_from_days_in_lieu(dpo):
    calendar.propose_year(2028, by=dpo)

    day = OfficialDay.objects.get(day=date(2028, 11, 24))
    assert (day.label_vi, day.label_en) == ("Ngày Văn hóa Việt Nam", "Vietnam Cultural Day")
    assert day.kind == OfficialDayKind.STATUTORY
    assert OfficialDay.objects.get(day=date(2028, 5, 2)).kind == OfficialDayKind.COMPENSATORY
    assert OfficialDay.history.filter(day=day.day).get().history_user == dpo


def test_a_swap_that_the_library_knows_by_half_is_left_out(dpo):
    OfficialDay.objects.filter(day__in=["2026-08-31", "2026-08-22"]).delete()

    assert calendar.propose_year(2026, by=dpo) == []


@pytest.mark.parametrize("year", [1, 1999, 2022, 2032, 9999])
def test_a_year_far_away_is_not_proposed(year, dpo):
    with pytest.raises(ChangeRefused):
        calendar.propose_year(year, by=dpo)


# From proposal to official day


def test_confirming_needs_a_document_and_says_who(dpo):
    first, second = calendar.propose_year(2028, by=dpo)[:2]
    with pytest.raises(ChangeRefused):
        calendar.confirm_days([first], document=" ", by=dpo)

    assert calendar.confirm_days([first], document=" 7912/TB ", by=dpo) == 1

    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.status, first.document, first.confirmed_by) == ("official", "7912/TB", dpo)
    assert first.confirmed_at is not None
    assert (second.status, second.confirmed_by) == ("proposed", None)
    assert kept(first.day) == ["proposed", "confirmed"]


def test_all_are_confirmed_or_none(dpo):
    proposals = calendar.propose_year(2028, by=dpo)
    official = OfficialDay.objects.get(day=date(2027, 9, 2))

    with pytest.raises(ChangeRefused):
        calendar.confirm_days([*proposals, official], document="1/TB", by=dpo)

    assert days_of(2028).filter(status="proposed").count() == len(proposals)


def test_a_provisional_day_is_confirmed_too(dpo):
    day = OfficialDay.objects.get(day=date(2028, 1, 1))
    assert day.status == DayStatus.PROVISIONAL

    calendar.confirm_days([day], document="1/TB", by=dpo)

    assert OfficialDay.objects.get(pk=day.pk).status == DayStatus.OFFICIAL


def test_a_proposal_is_corrected_or_rejected_and_keeps_its_history(dpo):
    corrected, rejected = calendar.propose_year(2028, by=dpo)[:2]

    calendar.correct_proposal(
        corrected, kind="compensatory", label_vi="Nghỉ bù", label_en="In lieu", by=dpo
    )
    calendar.reject_proposal(rejected, by=dpo)

    corrected.refresh_from_db()
    assert (corrected.kind, corrected.label_vi) == ("compensatory", "Nghỉ bù")
    assert not OfficialDay.objects.filter(day=rejected.day).exists()
    assert kept(rejected.day) == ["proposed", "rejected"]


def test_a_confirmed_day_is_withdrawn_and_nothing_else(dpo):
    day = OfficialDay.objects.get(day=date(2027, 9, 3))
    with pytest.raises(ChangeRefused):
        calendar.reject_proposal(day, by=dpo)
    with pytest.raises(ChangeRefused):
        calendar.correct_proposal(day, kind="statutory", label_vi="x", label_en="x", by=dpo)
    with pytest.raises(ChangeRefused):
        calendar.withdraw_day(day, reason="entered wrongly", document="", by=dpo)
    assert OfficialDay.objects.filter(pk=day.pk, label_en="National Day").exists()

    calendar.withdraw_day(day, reason="entered wrongly", document="2/TB", by=dpo)

    last = OfficialDay.history.filter(day=day.day).latest("history_id")
    assert (last.history_type, last.history_change_reason) == ("-", "entered wrongly")
    assert (last.document, last.history_user) == ("2/TB", dpo)
    with pytest.raises(ChangeRefused):
        calendar.withdraw_day(day, reason="entered wrongly", document="2/TB", by=dpo)


def test_what_was_withdrawn_or_completed_stays_so_when_a_profile_is_loaded_again(dpo):
    day = OfficialDay.objects.get(day=date(2027, 9, 3))
    calendar.withdraw_day(day, reason="entered wrongly", document="2/TB", by=dpo)
    complete_year(2028, fewer=True, by=dpo)

    load_profile("fpt_smart_cloud")

    assert not OfficialDay.objects.filter(day=date(2027, 9, 3)).exists()
    assert CalendarRange.objects.get().covers_to == date(2028, 12, 31)


# Swaps


def test_a_swap_is_entered_whole_and_counts_at_once(dpo):
    off, worked = swap(dpo)

    assert (off.swapped_with, worked.swapped_with) == (worked, off)
    assert {off.status, worked.status} == {DayStatus.OFFICIAL}
    state = load_calendar(DayKind.STATE)
    assert state.reason_off(MONDAY) == ("Hoán đổi", "Swap")
    assert state.reason_off(SATURDAY) is None
    assert load_calendar(DayKind.PRIVATE_NO_SWAP).reason_off(MONDAY) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"day_off": date(2027, 8, 28)},  # a Saturday
        {"day_off": date(2027, 9, 2)},  # off already
        {"working_day": date(2027, 8, 20)},  # a Friday
        {"working_day": date(2027, 5, 1)},  # a public holiday
        {"working_day": date(2029, 8, 25)},  # two years away
        {"document": " "},
    ],
)
def test_of_a_swap_that_is_wrong_nothing_is_entered(wrong, dpo):
    before = OfficialDay.objects.count()

    with pytest.raises(ChangeRefused):
        swap(dpo, **wrong)

    assert OfficialDay.objects.count() == before


def test_a_swap_may_lie_in_neighbouring_years_and_on_a_sunday(dpo):
    off, worked = swap(dpo, day_off=date(2027, 12, 31), working_day=date(2028, 1, 9))

    assert off.swapped_with == worked


@pytest.mark.parametrize("chosen", [MONDAY, SATURDAY, date(2026, 8, 31), date(2026, 1, 10)])
def test_withdrawing_one_day_of_a_swap_withdraws_both(chosen, dpo):
    swap(dpo)
    day = OfficialDay.objects.get(day=chosen)
    pair = {day.day, day.swapped_with.day}

    calendar.withdraw_day(day, reason="announcement changed", document="3/TB", by=dpo)

    assert not OfficialDay.objects.filter(day__in=pair).exists()
    assert {kept(day)[-1] for day in pair} == {"announcement changed"}


def rows_of_swap():
    return [
        CalendarRow(MONDAY, OfficialDayKind.SWAP_OFF, "Nghỉ", "Off", SATURDAY),
        CalendarRow(SATURDAY, OfficialDayKind.SWAP_WORK, "Làm bù", "Worked", MONDAY),
    ]


def test_a_proposed_swap_is_confirmed_or_rejected_whole(dpo):
    off, worked = calendar.import_days(rows_of_swap(), by=dpo)
    with pytest.raises(ChangeRefused):
        calendar.correct_proposal(off, kind="statutory", label_vi="x", label_en="x", by=dpo)
    assert calendar.confirm_days([worked], document="4/TB", by=dpo) == 2
    assert set(days_of(2027).filter(pk__in=[off.pk, worked.pk]).values_list("status")) == {
        ("official",)
    }
    calendar.withdraw_day(off, reason="entered wrongly", document="4/TB", by=dpo)

    calendar.reject_proposal(calendar.import_days(rows_of_swap(), by=dpo)[0], by=dpo)

    assert not OfficialDay.objects.filter(day__in=[MONDAY, SATURDAY]).exists()


SHIPPED_SWAP = (
    f"{MONDAY},OFF,swap_off,Nghỉ,Off,,{SATURDAY}",
    f"{SATURDAY},WORKING,swap_work,Làm bù,Worked,,{MONDAY}",
)


def test_a_shipped_swap_is_added_whole(ship_days):
    ship_days(*SHIPPED_SWAP)

    assert load_profile("fpt_smart_cloud") == 2

    off, worked = OfficialDay.objects.filter(day__in=[MONDAY, SATURDAY]).order_by("-day")
    assert (off.swapped_with, worked.swapped_with) == (worked, off)
    assert load_profile("fpt_smart_cloud") == 0


def test_a_shipped_swap_leaves_a_day_alone_that_is_proposed_as_a_holiday(dpo, ship_days):
    words = {"label_vi": "Lễ", "label_en": "Holiday", "by": dpo}
    proposed = calendar.propose_day(day=MONDAY, kind="statutory", **words)
    ship_days(*SHIPPED_SWAP)

    assert load_profile("fpt_smart_cloud") == 0

    assert not OfficialDay.objects.filter(day=SATURDAY).exists()
    assert calendar.confirm_days([proposed], document="4/TB", by=dpo) == 1


def test_a_day_whose_partner_is_official_already_is_confirmed_alone(dpo):
    off, worked = swap(dpo)
    OfficialDay.objects.filter(pk=off.pk).update(status=DayStatus.PROPOSED)

    assert calendar.confirm_days([off], document="4/TB", by=dpo) == 1

    documents = OfficialDay.objects.filter(pk__in=[off.pk, worked.pk]).values_list("document")
    assert set(documents) == {("4/TB",), ("01/TB",)}


def test_half_a_swap_is_not_imported(dpo):
    before = OfficialDay.objects.count()

    with pytest.raises(ChangeRefused):
        calendar.import_days(rows_of_swap()[:1], by=dpo)

    assert OfficialDay.objects.count() == before


# The range


def test_a_year_is_complete_once_nothing_of_it_is_open(dpo):
    proposals = calendar.propose_year(2028, by=dpo)
    with pytest.raises(ChangeRefused):
        complete_year(2028, by=dpo)
    calendar.confirm_days(proposals, document="5/TB", by=dpo)

    complete_year(2028, by=dpo)

    assert CalendarRange.objects.get().covers_to == date(2028, 12, 31)
    assert CalendarRange.history.latest("history_id").history_change_reason == "year completed"
    load_calendar(DayKind.STATE).add_working_days(date(2028, 12, 1), 5)


def test_fewer_holidays_than_the_law_names_are_taken_only_when_that_is_said(dpo):
    with pytest.raises(ChangeRefused), translation.override("en"):
        complete_year(2028, by=dpo)

    complete_year(2028, fewer=True, by=dpo)

    assert CalendarRange.objects.get().covers_to == date(2028, 12, 31)


@pytest.mark.parametrize("year", [2026, 2027, 2029])
def test_no_year_is_completed_twice_or_left_out(year, dpo):
    with pytest.raises(ChangeRefused):
        complete_year(year, fewer=True, by=dpo)

    assert CalendarRange.objects.get().covers_to == date(2028, 1, 14)


@pytest.mark.django_db(transaction=True)
def test_one_day_is_proposed_once_by_two_at_once(portal):
    dpo = make_staff(DPO)
    typed = {"day": MONDAY, "kind": "statutory", "label_vi": "Nghỉ", "label_en": "Off"}

    outcomes = at_once(*[lambda: calendar.propose_day(**typed, by=dpo)] * 2)

    assert {type(outcome) for outcome in outcomes} == {OfficialDay, ChangeRefused}


@pytest.mark.django_db(transaction=True)
def test_a_day_is_entered_once_by_two_at_once(portal):
    dpo = make_staff(DPO)

    outcomes = at_once(*[lambda: swap(dpo)] * 2)

    assert {type(outcome) for outcome in outcomes} == {tuple, ChangeRefused}
    assert OfficialDay.objects.filter(day__in=[MONDAY, SATURDAY]).count() == 2
