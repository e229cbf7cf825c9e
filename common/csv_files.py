"""Files of people's spreadsheets: reading what they save, writing what they may open safely."""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import islice
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _

from common.errors import PortalError

DELIMITERS = ",;\t"
AT_ONCE = 500  # lines in a piece
# What a spreadsheet takes for a formula, also behind blanks and control characters, and in the
# full width of East Asian keyboards. Source: OWASP, CSV Injection.
FORMULA = re.compile(r"[\s\x00-\x1f\x7f]*[=+\-@＝＋－＠]|[\t\r\n]")


class FileRefused(PortalError):
    """A file that cannot be read at all; the text says what to do."""


def decoded(content: bytes) -> str:
    """Return the text of a file in UTF-8, or in UTF-16 with its mark.

    Raises FileRefused for any other encoding: letters guessed wrong would be names spelt wrong.
    """
    is_utf16 = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        text = content.decode("utf-16" if is_utf16 else "utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise FileRefused(
            _(
                "The file is neither UTF-8 nor UTF-16, so that its letters cannot be read for"
                " sure. Save it again as “CSV UTF-8”."
            )
        )
    return text


def numbered_rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each row that is not blank with the number of the line on which it begins.

    Commas, semicolons or tabs part the cells, whichever the first line has most of.

    Raises FileRefused.
    """
    first = text.partition("\n")[0]
    delimiter = max(DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise FileRefused(
            _("The file breaks off at line %(line)d: a quotation mark is missing or too many.")
            % {"line": line}
        ) from error


def safe_cell(value: object) -> str:
    """Return the text of a cell that no spreadsheet takes for a formula. A number stays one."""
    text = str(value)
    is_number = isinstance(value, int | float | Decimal)
    return f"'{text}" if not is_number and FORMULA.match(text) else text


def csv_lines(rows: Iterable[Iterable[object]]) -> Iterator[str]:
    """Yield a file line by line; nothing in it is taken for a formula."""
    yield "\ufeff"  # without it, spreadsheets take the letters for another encoding
    table = csv.writer(_Echo())
    for row in rows:
        yield table.writerow([safe_cell(cell) for cell in row])


class _Echo:
    """A file that hands each line back to whoever writes it."""

    def write(self, line: str) -> str:
        return line


def csv_pieces(rows: Iterable[Iterable[object]]) -> Iterator[bytes]:
    """Yield the file in pieces of many lines, to be sent as the rows are read."""
    return in_pieces(csv_lines(rows))


def in_pieces(lines: Iterable[str]) -> Iterator[bytes]:
    """Yield many lines at once; none is empty."""
    waiting = iter(lines)
    while some := "".join(islice(waiting, AT_ONCE)):
        yield some.encode()


def csv_response(name: str, rows: Iterable[Iterable[Any]]) -> HttpResponse:
    """Return a file to download."""
    return HttpResponse(
        csv_lines(rows),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )
