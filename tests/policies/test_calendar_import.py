from datetime import date
from pathlib import Path

import pytest
from django.utils import translation

from policies.calendar_import import parse_calendar
from policies.models import OfficialDayKind

SHIPPED = Path(__file__).parents[2] / "policies" / "official_calendar.csv"
YEARS = range(2023, 2032)


@pytest.fixture(autouse=True)
def speak_english():
    with translation.override("en"):
        yield


def parse(text):
    content = text if isinstance(text, bytes) else text.encode()
    return parse_calendar(content, YEARS)


def days(text):
    parsed = parse(text)
    assert parsed.faults == ()
    return [(row.day.isoformat(), row.kind, row.label_vi, row.label_en) for row in parsed.rows]


def faults(text):
    parsed = parse(text)
    assert parsed.rows == ()
    return [(fault.line, fault.text) for fault in parsed.faults]


def test_the_shipped_calendar_is_read():
    parsed = parse(SHIPPED.read_bytes())

    assert len(parsed.rows) == len(SHIPPED.read_text("utf-8").splitlines()) - 1
    assert {row.kind for row in parsed.rows} == set(OfficialDayKind)


@pytest.mark.parametrize(
    "text",
    [
        "date,label\n2028-01-26,Tết\n",
        "\ufeffdate,label\r\n2028-01-26,Tết\r\n",
        'Date , Label\n"2028-01-26"," Tết "',
        "date;label\n2028-01-26;Tết\n",
        "date,weekday,day_type,kind,label,provisional\n2028-01-26,Wed,OFF,statutory,Tết,yes\n",
    ],
)
def test_a_day_and_its_label_are_enough(text):
    assert days(text) == [("2028-01-26", "statutory", "Tết", "Tết")]


def test_two_languages_quotes_and_formulas_stay_text():
    text = 'date,label_vi,label_en\n2028-01-26,"=HYPERLINK(""x"")","Tet, 1st\n"\n'
    assert days(text) == [("2028-01-26", "statutory", '=HYPERLINK("x")', "Tet, 1st")]


def test_the_days_of_a_swap_name_each_other():
    text = (
        "date,kind,label,swapped_with\n"
        "2028-08-28,swap_off,Off,2028-08-26\n"
        "2028-08-26,swap_work,Worked,2028-08-28\n"
    )

    first, second = parse(text).rows

    assert (first.swapped_with, second.swapped_with) == (second.day, first.day)
    assert (first.day_type, second.day_type) == ("OFF", "WORKING")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("26/01/2028,OFF,statutory,x", "“26/01/2028” is no day; write it as 2028-01-26."),
        ("2028-02-30,OFF,statutory,x", "“2028-02-30” is no day; write it as 2028-01-26."),
        ("2028-01-26,OFF,statutory,", "There is no label."),
        ("2028-01-26,OFF,feast,x", "“feast” is no kind of day."),
        ("2028-01-26,off work,,x", "“OFF WORK” is no type of day."),
        ("2028-01-29,WORKING,statutory,x", "The type does not agree with the kind."),
        ("2028-01-26,WORKING,swap_work,x", "A day worked in exchange is a Saturday or a Sunday."),
        ("2028-01-29,OFF,swap_off,x", "A day off in exchange is a day from Monday to Friday."),
        ("2062-01-26,OFF,statutory,x", "The year is not one from 2023 to 2031."),
        ("0001-01-26,OFF,statutory,x", "The year is not one from 2023 to 2031."),
        ("2028-01-26,OFF,statutory,x,y", "This line has more values than there are columns."),
        (f"2028-01-26,OFF,statutory,{'x' * 101}", "The label is longer than 100 letters."),
        ("2028-01-26,OFF,statutory,a\x00b", "The label has characters that cannot be printed."),
        ('2028-01-26,OFF,statutory,"x"y', "This line cannot be read; look at its quotation marks."),
        ("2028-01-03,OFF,statutory,x", "This day is on line 2 already."),
    ],
)
def test_a_wrong_line_is_named_and_nothing_is_taken(row, reason):
    text = f"date,day_type,kind,label\n2028-01-03,OFF,statutory,good\n{row}\n"
    assert faults(text) == [(3, reason)]


def test_every_wrong_line_is_named():
    text = "date,label\nx,y\n2028-01-26,good\n2028-01-27,\n"
    assert [line for line, _reason in faults(text)] == [2, 4]


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", (1, "The first line must name the columns, at least date and label.")),
        (b"day,label\n", (1, "The first line must name the columns, at least date and label.")),
        (b"date,label\n", (0, "The file has no days.")),
        (
            "date,label\n2028-01-26,Tết".encode("utf-16"),
            (0, "The file is not UTF-8. Save it again as “CSV UTF-8”, or as ICS."),
        ),
        (b"x" * (1024 * 1024 + 1), (0, "The file is larger than 1 MB.")),
        (b"date,label\n" + b"2028-01-26,x\n" * 1001, (0, "The file has more than 1000 days.")),
    ],
)
def test_a_wrong_file_is_refused_in_one_sentence(content, fault):
    assert faults(content) == [fault]


# ICS


def ics(*events):
    body = "".join(
        "BEGIN:VEVENT\r\n" + "".join(f"{line}\r\n" for line in event) + "END:VEVENT\r\n"
        for event in events
    )
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n{body}END:VCALENDAR\r\n"


DAY = "DTSTART;VALUE=DATE:20280126"


@pytest.mark.parametrize(
    ("event", "found"),
    [
        ([DAY, "SUMMARY:Tết"], ["2028-01-26"]),
        ([DAY, "DTEND;VALUE=DATE:20280127", "SUMMARY:Tết"], ["2028-01-26"]),
        ([DAY, "DTEND;VALUE=DATE:20280128", "SUMMARY:Tết"], ["2028-01-26", "2028-01-27"]),
        ([DAY, "DURATION:P2D", "SUMMARY:Tết"], ["2028-01-26", "2028-01-27"]),
    ],
)
def test_an_event_is_one_day_or_several_without_its_end(event, found):
    expected = [(day, "statutory", "Tết", "Tết") for day in found]
    assert days(ics(event)) == expected


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ([DAY, "RRULE:FREQ=YEARLY", "SUMMARY:x"], "repeats"),
        ([DAY, "RDATE;VALUE=DATE:20290126", "SUMMARY:x"], "repeats"),
        (["DTSTART:20280126T100000Z", "SUMMARY:x"], "time of day"),
        ([DAY, "DTEND:20280127T100000Z", "SUMMARY:x"], "time of day"),
        ([DAY, "DTEND;VALUE=DATE:20280126", "SUMMARY:x"], "ends before"),
        ([DAY, "DTEND;VALUE=DATE:20280125", "SUMMARY:x"], "ends before"),
        ([DAY, "DTEND;VALUE=DATE:20300125", "SUMMARY:x"], "too long"),
        ([DAY, "DURATION:P999999999D", "SUMMARY:x"], "too long"),
        (["DTSTART;VALUE=DATE:2028012x", "SUMMARY:x"], "damaged"),
        (["SUMMARY:x"], "one DTSTART"),
        ([DAY, DAY, "SUMMARY:x"], "one DTSTART"),
        ([DAY, "SUMMARY:x", "SUMMARY:y"], "one SUMMARY"),
        ([DAY], "no label"),
        ([DAY, "SUMMARY:x", "STATUS:CANCELLED"], "cancelled"),
    ],
)
def test_an_event_that_is_no_official_day_is_refused_by_its_line(event, reason):
    good = ["DTSTART;VALUE=DATE:20280103", "SUMMARY:good"]

    ((line, text),) = faults(ics(good, event))

    assert line == 8
    assert reason in text


@pytest.mark.parametrize(
    "text",
    [
        "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n",
        "BEGIN:VCALENDAR\r\nEND:VEVENT\r\n",
        "BEGIN:VCALENDAR\r\n\x00\r\nEND:VCALENDAR\r\n",
        "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n" * 2,
        "BEGIN:VCALENDAR",
        "BEGIN:VCALENDAR\r\n:::;;;\r\nEND:VCALENDAR",
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n",
    ],
)
def test_a_damaged_calendar_file_is_refused(text):
    assert len(faults(text)) == 1


def test_an_event_across_the_new_year_keeps_its_days():
    event = ["DTSTART;VALUE=DATE:20271231", "DTEND;VALUE=DATE:20280102", "SUMMARY:x"]
    assert [row.day for row in parse(ics(event)).rows] == [date(2027, 12, 31), date(2028, 1, 1)]
