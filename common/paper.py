"""What the portal hands out on paper: PDF, in the font of its pages.

A signed document is one PDF, in Vietnamese and then in English.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.http import HttpResponse
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from common.attachments import as_download
from common.documents import Document, Fact, Section

if TYPE_CHECKING:
    from fpdf import FPDF

FONTS = Path(__file__).parent / "fonts"
FONT = "Be Vietnam Pro"
INK, MUTED, LINE = (22, 32, 44), (87, 96, 106), (208, 215, 222)
SMALL = 9  # points
LABEL_WIDTH, LINE_HEIGHT = 50, 4.9  # millimetres
HAND, BOX = 6.5, 3.5  # millimetres: a line that is written by hand, a box that is ticked


def as_pdf(document: Document, *, verified_at: str) -> bytes:
    """Print the document; ``verified_at`` is the address at which anybody checks it.

    The signed text is among the keywords, so that the file itself can be checked.
    """
    pdf = new_paper(
        str(document.title), language=settings.LANGUAGE_CODE, created_at=document.issued_at
    )
    pdf.set_keywords(document.text)
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            _print(pdf, document, verified_at)
    return bytes(pdf.output())


def new_paper(title: str, *, language: str, created_at: datetime) -> FPDF:
    """Return a PDF without a page yet."""
    from fpdf import FPDF  # noqa: PLC0415 -- it and its fonts would slow every start

    pdf = FPDF(format="A4")
    pdf.add_font(FONT, "", FONTS / "be-vietnam-pro-400.ttf")
    pdf.add_font(FONT, "B", FONTS / "be-vietnam-pro-600.ttf")
    pdf.set_margins(20, 18, 20)
    pdf.set_auto_page_break(auto=True, margin=18)
    pdf.set_creation_date(created_at)
    pdf.set_lang(language)
    pdf.set_title(title)
    return pdf


def hand_out(document: Document, *, name: str, form: str, verified_at: str) -> HttpResponse:
    """Return the document as a download, as "pdf" or "json"; its name ends in its code."""
    file = f"{name}-{document.code}.{form}"
    if form == "json":
        return as_download(document.as_json(), name=file, content_type="application/json")
    content = as_pdf(document, verified_at=f"{settings.SITE_ORIGIN}{verified_at}")
    return as_download(content, name=file, content_type="application/pdf")


def _print(pdf: FPDF, document: Document, verified_at: str) -> None:
    pdf.add_page()
    write_line(pdf, str(document.title), size=20, style="B")
    write_line(pdf, f"{_('Issued by')}: {document.issuer}", color=MUTED)
    issued = date_format(document.issued_at, "SHORT_DATETIME_FORMAT")
    write_line(pdf, f"{_('Issued at')}: {issued}", color=MUTED)
    for section in document.sections:
        write_section(pdf, section)
    write_section(pdf, _how_to_check(document, verified_at))


def _how_to_check(document: Document, verified_at: str) -> Section:
    return Section(
        _("How to check this document"),
        [
            Fact(_("Page"), verified_at),
            Fact(_("Code"), document.code),
            Fact(
                _("How"),
                _(
                    "Choose this file on that page. It shows what was signed, and a code: paper"
                    " with another code, or that says something else, is not what we issued."
                ),
            ),
            Fact(
                _("What it says"),
                _(
                    "The signature proves what was recorded at the times given here. It says"
                    " nothing about what happened later."
                ),
            ),
        ],
    )


def write_section(pdf: FPDF, section: Section) -> None:
    pdf.ln(3)
    write_line(pdf, str(section.title), size=13, style="B")
    for fact in section.facts:
        for number, value in enumerate(fact.values):
            _print_fact(pdf, "" if number else str(fact.label), str(value))


def _print_fact(pdf: FPDF, label: str, value: str) -> None:
    pdf.set_draw_color(*LINE)
    height = LINE_HEIGHT * _lines(pdf, value)
    if pdf.will_page_break(min(height, pdf.eph / 2)):
        pdf.add_page()
    page, top = pdf.page, pdf.get_y()
    pdf.set_text_color(*MUTED)
    pdf.set_font(FONT, "", SMALL)
    pdf.multi_cell(LABEL_WIDTH, LINE_HEIGHT, label, align="L", new_x="LMARGIN", new_y="NEXT")
    below = pdf.get_y()
    pdf.set_xy(pdf.l_margin + LABEL_WIDTH, top)
    pdf.set_text_color(*INK)
    pdf.multi_cell(0, LINE_HEIGHT, value, align="L", new_x="LMARGIN", new_y="NEXT")
    if pdf.page == page:
        pdf.set_y(max(below, pdf.get_y()))


def _lines(pdf: FPDF, value: str) -> int:
    pdf.set_font(FONT, "", SMALL)
    width = pdf.epw - LABEL_WIDTH
    lines: Any = pdf.multi_cell(width, LINE_HEIGHT, value, dry_run=True, output="LINES")
    return len(lines)


def write_blank(pdf: FPDF, label: str, *, lines: int = 1) -> None:
    """Leave room to write by hand, on lines below the label."""
    write_line(pdf, label, color=MUTED)
    pdf.set_draw_color(*LINE)
    for _number in range(lines):
        pdf.ln(HAND)
        pdf.line(pdf.l_margin, pdf.get_y(), pdf.l_margin + pdf.epw, pdf.get_y())
    pdf.ln(1.5)


def write_choice(pdf: FPDF, label: str) -> None:
    """Draw a box to tick by hand, and what it says."""
    pdf.set_draw_color(*MUTED)
    pdf.rect(pdf.l_margin, pdf.get_y() + 0.7, BOX, BOX)
    pdf.set_x(pdf.l_margin + BOX + 2)
    write_line(pdf, label)


def write_line(
    pdf: FPDF,
    text: str,
    *,
    size: float = SMALL,
    style: str = "",
    color: tuple[int, int, int] = INK,
) -> None:
    pdf.set_font(FONT, style, size)
    pdf.set_text_color(*color)
    pdf.multi_cell(0, size * 0.55, text, align="L", new_x="LMARGIN", new_y="NEXT")
