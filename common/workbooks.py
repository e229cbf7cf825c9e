"""A workbook of texts (Office Open XML, ECMA-376), written while it is sent: none lies whole."""

import re
from collections.abc import Iterable, Iterator
from xml.sax.saxutils import escape

from common.archives import Member, zipped
from common.csv_files import in_pieces, safe_cell

OPEN_XML = "http://schemas.openxmlformats.org"
MAIN = f"{OPEN_XML}/spreadsheetml/2006/main"
LINKS = f"{OPEN_XML}/officeDocument/2006/relationships"
KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
NO_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

FRAME = {
    "[Content_Types].xml": (
        f'<Types xmlns="{OPEN_XML}/package/2006/content-types">'
        '<Default Extension="rels"'
        ' ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{KIND}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{KIND}.worksheet+xml"/>'
        "</Types>"
    ),
    "_rels/.rels": (
        f'<Relationships xmlns="{OPEN_XML}/package/2006/relationships">'
        f'<Relationship Id="r1" Type="{LINKS}/officeDocument" Target="xl/workbook.xml"/>'
        "</Relationships>"
    ),
    "xl/workbook.xml": (
        f'<workbook xmlns="{MAIN}" xmlns:r="{LINKS}">'
        '<sheets><sheet name="Sheet1" sheetId="1" r:id="r1"/></sheets></workbook>'
    ),
    "xl/_rels/workbook.xml.rels": (
        f'<Relationships xmlns="{OPEN_XML}/package/2006/relationships">'
        f'<Relationship Id="r1" Type="{LINKS}/worksheet" Target="worksheets/sheet1.xml"/>'
        "</Relationships>"
    ),
}


def xlsx_pieces(rows: Iterable[Iterable[object]]) -> Iterator[bytes]:
    """Yield the workbook, piece by piece, as the rows are read; nothing in it is a formula."""
    frame = [Member(name, [f"{HEAD}{text}".encode()]) for name, text in FRAME.items()]
    return zipped([*frame, Member("xl/worksheets/sheet1.xml", _sheet(rows))])


def _sheet(rows: Iterable[Iterable[object]]) -> Iterator[bytes]:
    yield f'{HEAD}<worksheet xmlns="{MAIN}"><sheetData>'.encode()
    yield from in_pieces(map(_row, rows))
    yield b"</sheetData></worksheet>"


def _row(cells: Iterable[object]) -> str:
    return f"<row>{''.join(map(_cell, cells))}</row>"


def _cell(value: object) -> str:
    text = escape(NO_XML.sub("", safe_cell(value)))
    return f'<c t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'
