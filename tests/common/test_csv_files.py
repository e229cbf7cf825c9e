import csv
import io
from decimal import Decimal

import pytest

from common.csv_files import FileRefused, csv_response, decoded, numbered_rows, safe_cell

NAMES = "họ tên;email\nTrần Thị Hoa;hoa@example.com\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_what_spreadsheets_save_is_read(encoding):
    mark = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}.get(encoding, b"")

    assert decoded(mark + NAMES.encode(encoding)) == NAMES


@pytest.mark.parametrize(
    "content",
    [
        "Trần Thị Hoa".encode("utf-16-le"),  # without its mark
        b"Tr\xe2\xcc\xccn Th\xd2 Hoa",  # Windows-1258
        b"\xff\xfeT",
        b"a\x00b",
        b"\x89PNG\r\n\x1a\n\x00",
    ],
)
def test_what_cannot_be_read_for_sure_is_refused(content):
    with pytest.raises(FileRefused):
        decoded(content)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_rows_know_the_line_on_which_they_begin(delimiter):
    text = 'a|b\r\n1|"two\nlines"\n\n  |\n3|4'.replace("|", delimiter)

    assert list(numbered_rows(text)) == [
        (1, ["a", "b"]),
        (2, ["1", "two\nlines"]),
        (6, ["3", "4"]),
    ]


@pytest.mark.parametrize("text", ['a,b\n1,"2', 'a,b\n1,"2"3\n', "a,b\n1," + "x" * 200_000])
def test_a_broken_row_is_refused_with_its_line(text):
    with pytest.raises(FileRefused, match="2"):
        list(numbered_rows(text))


@pytest.mark.parametrize(
    "cell",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r1", " =1+1", "\x1e\n=1", "＝1+1", "\u00a0=1", "\n"],
)
def test_no_cell_is_taken_for_a_formula(cell):
    assert safe_cell(cell) == f"'{cell}"
    response = csv_response("faults", [[cell, "plain"]])
    text = response.content.decode("utf-8-sig")
    assert next(csv.reader(io.StringIO(text, newline="")))[0][0] == "'"


@pytest.mark.parametrize(
    "cell", ["", "Trần Thị Hoa", "0912345678", "a=b", 5, -5, -0.5, Decimal("-5.10")]
)
def test_other_cells_stay_as_they_are(cell):
    assert safe_cell(cell) == str(cell)
