from datetime import date

import pytest
from django.contrib.messages import get_messages
from django.core.files.uploadedfile import SimpleUploadedFile

from policies import calendar_changes
from policies.models import CalendarRange, DayStatus, OfficialDay
from privacyportal.roles import AUDITOR, DPO
from tests.factories import make_staff

CALENDAR = "/admin/policies/officialday/"
YEAR_STEPS = ("propose", "day", "confirm", "swap", "complete", "import", "import/confirm")
DAY_STEPS = ("confirm", "correct", "reject", "withdraw")
ONE_DAY = {
    "day": "2028-06-05",
    "kind": "statutory",
    "label_vi": "Ngày nghỉ thêm",
    "label_en": "Extra day",
}
SWAP = {
    "day_off": "2027-08-30",
    "working_day": "2027-08-21",
    "label_vi": "Hoán đổi",
    "label_en": "Swap",
    "document": "1/TB",
}


def sign_in(client, role):
    user = make_staff(role)
    client.force_login(user)
    client.cookies["django_language"] = "en"
    return user


@pytest.fixture
def dpo(client, db):
    return sign_in(client, DPO)


def cells(response):
    months = response.context_data["months"]
    return {cell.day: cell for month in months for week in month.weeks for cell in week if cell}


def told(response):
    """What the desk says after a step, in one string."""
    return " ".join(map(str, get_messages(response.wsgi_request)))


def days_of(year):
    return OfficialDay.objects.filter(day__year=year)


def send(client, content, name="days.csv"):
    file = SimpleUploadedFile(name, content.encode() if isinstance(content, str) else content)
    return client.post(f"{CALENDAR}import/", {"file": file})


# The year


def test_a_year_is_shown_whole_with_what_sets_days_apart(client, dpo):
    response = client.get(f"{CALENDAR}?year=2026")

    shown = cells(response)
    assert len(shown) == 365
    assert shown[date(2026, 9, 2)].classes == "year-day--statutory year-day--official"
    assert shown[date(2026, 8, 22)].mark == "▲"
    assert shown[date(2026, 8, 29)].classes == "year-day--weekend"
    assert all(len(week) == 7 for month in response.context_data["months"] for week in month.weeks)
    assert "?year=2025" in response.text
    assert "Viet Nam Culture Day" in response.text


def test_a_year_that_is_loaded_in_part_says_so(client, dpo):
    calendar_changes.propose_year(2028, by=dpo)
    response = client.get(f"{CALENDAR}?year=2028")

    shown = cells(response)
    assert response.context_data["coverage"] == "part"
    assert shown[date(2028, 1, 1)].classes == "year-day--statutory year-day--provisional"
    assert shown[date(2028, 1, 14)].classes == ""
    assert shown[date(2028, 1, 17)].classes == "year-day--beyond"
    assert "year-day--proposed" in shown[date(2028, 1, 26)].classes


@pytest.mark.parametrize(
    ("asked", "year", "coverage"),
    [("2027", 2027, "whole"), ("1", 2023, "whole"), ("9999", 2031, "none"), ("x", 2026, "whole")],
)
def test_the_year_is_one_that_there_can_be(asked, year, coverage, client, dpo, time_machine):
    time_machine.move_to(date(2026, 11, 24))
    client.force_login(dpo)

    context = client.get(f"{CALENDAR}?year={asked}").context_data

    assert (context["year"], context["coverage"]) == (year, coverage)


@pytest.mark.parametrize("confirmed", [1, 3])
def test_a_year_costs_the_same_however_many_days_it_has(
    confirmed, client, dpo, django_assert_num_queries
):
    proposals = calendar_changes.propose_year(2028, by=dpo)
    calendar_changes.confirm_days(proposals[:confirmed], document="1/TB", by=dpo)
    client.get(CALENDAR)

    with django_assert_num_queries(9):
        client.get(f"{CALENDAR}?year=2028")


@pytest.mark.parametrize("rejected", [1, 3])
def test_rejected_days_cost_the_same_however_many(rejected, client, dpo, django_assert_num_queries):
    for day in calendar_changes.propose_year(2028, by=dpo)[:rejected]:
        calendar_changes.reject_proposal(day, by=dpo)
    client.get(CALENDAR)

    with django_assert_num_queries(9):
        page = client.get(f"{CALENDAR}?year=2028")
    assert len(page.context_data["removed"]) == rejected


def test_the_plain_list_stays(client, dpo):
    found = client.get(f"{CALENDAR}?day__year=2026").context_data["cl"].result_list

    assert date(2026, 9, 2) in {day.day for day in found}


# The steps of a year


def test_the_dpo_proposes_confirms_and_completes_a_year(client, dpo):
    answer = client.post(f"{CALENDAR}propose/?year=2028", {"year": "2028"})
    assert answer.url == f"{CALENDAR}?year=2028"
    form = client.get(f"{CALENDAR}confirm/?year=2028").context_data["form"]
    keys = [day.pk for day in form.fields["days"].queryset]
    assert set(keys) == set(days_of(2028).values_list("pk", flat=True))
    assert not form["days"].value()  # each is ticked by who compared it

    client.post(f"{CALENDAR}confirm/?year=2028", {"days": keys, "document": "7/TB"})
    answer = client.post(f"{CALENDAR}complete/?year=2028", {"year": "2028"})

    assert answer.status_code == 302
    assert set(days_of(2028).values_list("status", "document")) == {("official", "7/TB")}
    assert CalendarRange.objects.get().covers_to == date(2028, 12, 31)


def test_proposing_says_which_days_were_added(client, dpo):
    first = client.post(f"{CALENDAR}propose/?year=2026", {"year": "2028"})
    again = client.post(f"{CALENDAR}propose/?year=2028", {"year": "2028"})

    added = days_of(2028).filter(status=DayStatus.PROPOSED)
    assert first.url == f"{CALENDAR}?year=2028"
    assert f"{added.count()} days are proposed: 24 Jan 2028, 25 Jan 2028," in told(first)
    assert told(again).endswith("Nothing was added.")


def test_one_day_off_is_proposed_by_hand_and_counts_once_it_is_confirmed(client, dpo):
    assert f"{CALENDAR}day/?year=2028" in client.get(f"{CALENDAR}?year=2028").text
    assert client.get(f"{CALENDAR}day/?year=2028").status_code == 200

    answer = client.post(f"{CALENDAR}day/?year=2026", ONE_DAY)

    day = OfficialDay.objects.get(day="2028-06-05")
    assert (day.kind, day.label_en, day.status) == ("statutory", "Extra day", DayStatus.PROPOSED)
    assert day.history.get().history_user == dpo
    assert answer.url == f"{CALENDAR}?year=2028"
    assert told(answer) == "1 day is proposed: 5 Jun 2028. It counts once it is confirmed."


@pytest.mark.parametrize(
    "wrong",
    [
        {"day": "2026-09-02"},  # a public holiday already
        {"day": "2028-02-30"},
        {"day": "2099-01-01"},
        {"day": ""},
        {"kind": "swap_off"},
        {"kind": "nonsense"},
        {"label_vi": " "},
        {"label_en": "x" * 101},
    ],
)
def test_of_a_day_that_is_wrong_nothing_is_proposed_and_nothing_typed_is_lost(wrong, client, dpo):
    before = list(OfficialDay.objects.order_by("pk").values())

    response = client.post(f"{CALENDAR}day/?year=2028", {**ONE_DAY, **wrong})

    form = response.context_data["form"]
    assert form.errors
    assert {name: form[name].value() for name in ONE_DAY} == {**ONE_DAY, **wrong}
    assert list(OfficialDay.objects.order_by("pk").values()) == before


def test_days_of_another_year_are_not_confirmed_along(client, dpo):
    calendar_changes.propose_year(2028, by=dpo)
    other = calendar_changes.propose_year(2029, by=dpo)[0]

    response = client.post(
        f"{CALENDAR}confirm/?year=2028", {"days": [other.pk], "document": "7/TB"}
    )

    assert response.status_code == 200
    assert OfficialDay.objects.get(pk=other.pk).status == DayStatus.PROPOSED


def test_a_refusal_comes_back_above_the_form(client, dpo):
    response = client.post(f"{CALENDAR}complete/?year=2028", {"year": "2028"})

    assert response.status_code == 200
    assert response.context_data["form"].non_field_errors()
    assert CalendarRange.objects.get().covers_to == date(2028, 1, 14)


def test_a_swap_is_entered_and_withdrawn_as_a_pair(client, dpo):
    client.post(f"{CALENDAR}swap/?year=2027", SWAP)
    off = OfficialDay.objects.get(day="2027-08-30")
    assert off.swapped_with.day == date(2027, 8, 21)

    answer = client.post(
        f"{CALENDAR}{off.pk}/withdraw/", {"reason": "entered wrongly", "document": "2/TB"}
    )

    assert answer.url == f"{CALENDAR}?year=2027"
    assert not OfficialDay.objects.filter(day__in=["2027-08-30", "2027-08-21"]).exists()


# The steps of a day


def test_a_proposal_is_corrected_confirmed_or_rejected(client, dpo):
    first, second = calendar_changes.propose_year(2028, by=dpo)[:2]
    page = client.get(f"{CALENDAR}{first.pk}/change/").text
    assert f"{CALENDAR}{first.pk}/reject" in page
    assert f"{CALENDAR}{first.pk}/withdraw" not in page

    corrected = {"kind": "compensatory", "label_vi": "Bù", "label_en": "In lieu"}
    client.post(f"{CALENDAR}{first.pk}/correct/", corrected)
    client.post(f"{CALENDAR}{first.pk}/confirm/", {"document": "3/TB"})
    client.post(f"{CALENDAR}{second.pk}/reject/")

    first.refresh_from_db()
    assert (first.kind, first.label_en, first.status) == ("compensatory", "In lieu", "official")
    assert not OfficialDay.objects.filter(pk=second.pk).exists()
    assert client.get(f"{CALENDAR}{first.pk}/history/").status_code == 200


@pytest.mark.parametrize(
    ("step", "sentence"),
    [
        ("confirm", "is confirmed already"),
        ("correct", "it can only be withdrawn"),
        ("reject", "it can only be withdrawn"),
    ],
)
def test_a_step_that_comes_too_late_is_answered_with_what_happened(step, sentence, client, dpo):
    day = OfficialDay.objects.get(day="2027-09-02")
    before = OfficialDay.objects.filter(pk=day.pk).values().get()
    assert f"{CALENDAR}{day.pk}/{step}" not in client.get(f"{CALENDAR}{day.pk}/change/").text

    response = client.post(f"{CALENDAR}{day.pk}/{step}/", {**ONE_DAY, "document": "2/TB"})

    assert sentence in " ".join(response.context_data["form"].non_field_errors())
    assert OfficialDay.objects.filter(pk=day.pk).values().get() == before


def test_what_was_rejected_or_withdrawn_stays_on_the_page_of_its_year(client, dpo):
    proposed = calendar_changes.propose_year(2028, by=dpo)[0]
    client.post(f"{CALENDAR}{proposed.pk}/reject/")
    confirmed = days_of(2028).first()
    calls_off = {"reason": "announcement changed", "document": "9/TB"}
    client.post(f"{CALENDAR}{confirmed.pk}/withdraw/", calls_off)

    page = client.get(f"{CALENDAR}?year=2028")

    withdrawn, rejected = page.context_data["removed"]
    assert (withdrawn.day, withdrawn.document) == (confirmed.day, "9/TB")
    assert (rejected.day, rejected.was_rejected, rejected.by) == (proposed.day, True, str(dpo))
    assert "The announcement was changed" in page.text
    assert client.get(f"{CALENDAR}?year=2027").context_data["removed"] == []


def test_who_only_reads_sees_the_year_and_no_step(client, db):
    day = calendar_changes.propose_year(2028, by=make_staff(DPO))[0]
    before = list(OfficialDay.objects.order_by("pk").values())
    sign_in(client, AUDITOR)

    page = client.get(f"{CALENDAR}?year=2028")
    answers = [
        client.post(f"{CALENDAR}{step}/?year=2028", {**SWAP, **ONE_DAY, "year": "2028"}).status_code
        for step in (*YEAR_STEPS, *(f"{day.pk}/{step}" for step in DAY_STEPS))
    ]

    assert page.status_code == 200
    assert f"{CALENDAR}swap" not in page.text
    assert answers == [403] * 11
    assert list(OfficialDay.objects.order_by("pk").values()) == before


def test_a_day_is_neither_edited_added_nor_deleted_freely(client, dpo):
    day = OfficialDay.objects.get(day="2027-09-02")

    for page in (f"{day.pk}/change/", "add/", f"{day.pk}/delete/"):
        assert client.post(f"{CALENDAR}{page}", {"post": "yes"}).status_code == 403

    assert OfficialDay.objects.filter(pk=day.pk).exists()


# A file


def test_a_file_is_previewed_and_then_proposed(client, dpo):
    content = "date,label\n2028-03-03,=Extra\n2027-09-02,Other\n2027-01-01,New Year's Day\n"
    before = OfficialDay.objects.count()
    preview = send(client, content)
    found = preview.context_data["found"]
    assert [(each.known is None, each.differs) for each in found][:2] == [
        (True, False),
        (False, True),
    ]
    assert OfficialDay.objects.count() == before

    answer = client.post(f"{CALENDAR}import/confirm/", {"rows": preview.context_data["signed"]})

    assert answer.url == f"{CALENDAR}?year=2028"
    assert "1 day is proposed: 3 Mar 2028." in told(answer)
    day = OfficialDay.objects.get(day="2028-03-03")
    assert (day.label_vi, day.status) == ("=Extra", DayStatus.PROPOSED)
    assert OfficialDay.objects.count() == before + 1


def test_a_calendar_file_is_read_too(client, dpo):
    content = (
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:1\r\n"
        "DTSTART;VALUE=DATE:20280303\r\nDTEND;VALUE=DATE:20280305\r\nSUMMARY:Lễ\r\n"
        "END:VEVENT\r\nEND:VCALENDAR\r\n"
    )

    found = send(client, content, "days.ics").context_data["found"]

    assert [each.row.day.day for each in found] == [3, 4]


@pytest.mark.parametrize(
    "content",
    [
        "date,label\n2028-03-03,Good\n2028-02-30,Bad\n",
        "date,label,kind,day_type\n2028-03-03,Half,swap_off,OFF\n",
        "nothing",
        b"date,label\n2028-03-03,\xff\n",
        b"x" * (1024 * 1024 + 1),
    ],
)
def test_a_file_with_a_fault_offers_nothing_to_import(content, client, dpo):
    response = send(client, content)

    assert response.status_code == 200
    assert response.context_data["faults"]
    assert response.context_data["signed"] == ""
    assert "swapped_with" in response.text  # how a file is written is said once more


@pytest.mark.parametrize("rows", ["", "x", None])
def test_only_what_the_preview_showed_is_imported(rows, client, dpo):
    signed = send(client, "date,label\n2028-03-03,Good\n").context_data["signed"]
    sent = signed[:-2] + "xx" if rows is None else rows

    response = client.post(f"{CALENDAR}import/confirm/", {"rows": sent})

    assert response.status_code == 200
    assert response.context_data["form"].non_field_errors()
    assert not OfficialDay.objects.filter(day="2028-03-03").exists()
