import csv
import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import translation

pytestmark = pytest.mark.django_db

REFERENCE = Path(__file__).parent.parent / "reference" / "deadline_cases.csv"


def working_days(*args):
    out = io.StringIO()
    call_command("working_days", *args, stdout=out)
    return out.getvalue()


def test_tells_the_last_day_and_each_day_left_out():
    assert working_days("2026-11-20", "2").splitlines() == [
        "  Sat 2026-11-21  weekend",
        "  Sun 2026-11-22  weekend",
        "  Tue 2026-11-24  Viet Nam Culture Day",
        "Wed 2026-11-25",
    ]


def test_a_moment_is_counted_from_its_local_day():
    assert working_days("2026-12-31T17:30:00Z", "7").splitlines()[-1] == "Tue 2027-01-12"


def test_answers_a_file_of_cases():
    rows = list(csv.DictReader(io.StringIO(working_days("--csv", str(REFERENCE)))))

    with REFERENCE.open(newline="", encoding="utf-8") as file:
        expected = list(csv.DictReader(file))
    assert rows == expected


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (["2026-02-30", "7"], "2026-02-30 is no day"),
        (["yesterday", "7"], "'yesterday' is no day"),
        (["9999-12-31T23:59:59-12:00", "3"], "9999-12-31T23:59:59-12:00 is no day"),
        (["0001-01-01T00:00:00+14:00", "3"], r"0001-01-01T00:00:00\+14:00 is no day"),
        (["2026-11-22", "0"], "0 is no number of working days"),
        (["2040-01-01", "7"], "The official calendar is loaded from 01/01/2023"),
        (["2026-11-22"], "Give FROM and DAYS"),
        (["--csv", "/nowhere.csv"], "/nowhere.csv: "),
    ],
)
def test_refuses_with_a_sentence(args, sentence):
    with translation.override("en"), pytest.raises(CommandError, match=sentence):
        working_days(*args)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("2026-11-22,7,moon", "line 2: 'moon'"),
        ("2026-11-22,many,state", "line 2: invalid literal"),
        ("never,7,state", "line 2: 'never' is no day"),
        ("9999-12-31T23:59:59-12:00,7,state", "line 2: 9999-12-31T23:59:59-12:00 is no day"),
        ("2026-11-22,7", "line 2: '' is not a valid DayKind"),
        ("2026-11-22,7," + "x" * 140_000, "cases.csv: field larger than field limit"),
    ],
)
def test_names_the_line_that_it_cannot_answer(line, sentence, tmp_path):
    file = tmp_path / "cases.csv"
    file.write_text(f"received_local,n_working_days,profile\n{line}\n")

    with pytest.raises(CommandError, match=sentence):
        working_days("--csv", str(file))


def test_a_short_line_is_named_whatever_the_order_of_columns(tmp_path):
    file = tmp_path / "cases.csv"
    file.write_text("profile,n_working_days,received_local\nstate,7\n")

    with pytest.raises(CommandError, match="line 2: '' is no day"):
        working_days("--csv", str(file))
