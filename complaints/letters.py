"""The answer to a complaint as a letter of the company, in either language, on screen and paper."""

from dataclasses import dataclass
from datetime import datetime

from django.utils import translation
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from casework.models import Clock
from common.paper import MUTED, new_paper, write_line
from complaints.models import Complaint
from policies.clocks import the_company
from policies.counting import local_day
from policies.models import Company

FIRST_LINE, TITLE = 11.0, 15.0  # points


@dataclass(frozen=True)
class Letter:
    """All of it in ``language``, but for what the officer wrote."""

    language: str
    sender: str
    sender_lines: list[str]
    dated: str
    about: str
    title: str
    greeting: str
    opening: str
    parts: list[tuple[str, str]]
    limits_title: str
    limits: list[str]
    rights: str
    farewell: str


def compose_letter(
    complaint: Complaint, language: str, *, at: datetime, named: bool = True
) -> Letter:
    """Return the answer as it was given ``at``, or as it would be; never the lesson.

    named: whether it may say in full who complains, as their own page does.

    Raises NotConfigured.
    """
    with translation.override(language):
        company = the_company()
        return Letter(
            language=language,
            sender=company.name,
            sender_lines=sender_lines(company),
            dated=said_day(at),
            about=_("Our reference: %s") % complaint.reference,
            title=_("Answer to your complaint"),
            greeting=_greeting(complaint) if named else _("Dear Sir or Madam,"),
            opening=_opening(complaint),
            parts=_parts(complaint, at),
            limits_title=_("Our time limits"),
            limits=[
                _kept_or_missed(clock, at) for clock in complaint.clocks.select_related("limit")
            ],
            rights=_rights(complaint),
            farewell=_("Yours sincerely,"),
        )


def letter_on_paper(letter: Letter, *, at: datetime) -> bytes:
    pdf = new_paper(f"{letter.title} – {letter.about}", language=letter.language, created_at=at)
    pdf.add_page()
    write_line(pdf, letter.sender, size=FIRST_LINE, style="B")
    for line in letter.sender_lines:
        write_line(pdf, line, color=MUTED)
    pdf.ln(6)
    write_line(pdf, letter.dated)
    write_line(pdf, letter.about)
    pdf.ln(6)
    write_line(pdf, letter.title, size=TITLE, style="B")
    pdf.ln(3)
    for text in (letter.greeting, letter.opening):
        write_line(pdf, text, size=10)
        pdf.ln(2)
    limits = "\n".join(letter.limits)
    for label, text in (*letter.parts, (letter.limits_title, limits)):
        if text:
            pdf.ln(2)
            write_line(pdf, label, size=FIRST_LINE, style="B")
            write_line(pdf, text, size=10)
    pdf.ln(4)
    for text in (letter.rights, letter.farewell, letter.sender):
        write_line(pdf, text, size=10)
        pdf.ln(2)
    return bytes(pdf.output())


def said_day(moment: datetime) -> str:
    return date_format(local_day(moment), "SHORT_DATE_FORMAT")


def sender_lines(company: Company) -> list[str]:
    address = company.complaints_address or company.address
    phone = company.complaints_phone or company.phone
    email = company.complaints_email or company.email
    return [line for line in (address, " · ".join(filter(None, (phone, email)))) if line]


def _greeting(complaint: Complaint) -> str:
    """Name nobody while it is not known who reads it."""
    if complaint.needs_identity_check or not complaint.customer.full_name:
        return _("Dear Sir or Madam,")
    return _("Dear %s,") % complaint.customer.full_name


def _opening(complaint: Complaint) -> str:
    return _(
        "On %(day)s we received your complaint %(reference)s: “%(about)s”. We have checked it."
    ) % {
        "day": said_day(complaint.received_at),
        "reference": complaint.reference,
        "about": complaint.get_category_display(),
    }


def _parts(complaint: Complaint, at: datetime) -> list[tuple[str, str]]:
    parts = [
        (_("Outcome"), capfirst(complaint.get_outcome_display())),
        (_("Cause"), complaint.cause),
        (_("Finding"), complaint.finding),
        (_("Solution and measures"), complaint.solution),
        (_("Remedy"), complaint.remedy),
        (_("Next steps"), complaint.next_steps),
        (_("The authority's decision"), _decision_at(complaint, at)),
    ]
    return [(label, text) for label, text in parts if text]


def _decision_at(complaint: Complaint, at: datetime) -> str:
    """Return what an authority had decided by then: a letter holds nothing that came later."""
    if complaint.escalated_at is None:
        return ""
    then = complaint.history.filter(history_date__lte=at).order_by("-history_date", "-history_id")
    return then.values_list("decision", flat=True).first() or ""


def _kept_or_missed(clock: Clock, at: datetime) -> str:
    """Say of one time limit by when it ended and whether that was kept by this answer."""
    kept = min(clock.met_at or at, at) < clock.late_from
    sentence = (
        _("%(limit)s: until %(day)s, kept (%(source)s).")
        if kept
        else _("%(limit)s: until %(day)s, missed (%(source)s). We are sorry.")
    )
    return sentence % {
        "limit": capfirst(clock.get_kind_display()),
        "day": date_format(clock.last_day, "SHORT_DATE_FORMAT"),
        "source": clock.limit.source,
    }


def _rights(complaint: Complaint) -> str:
    authority = _("At any time you may turn to the competent State authority or the court.")
    if complaint.disagreed_at or not complaint.customer.is_open:
        return authority
    if complaint.customer.email:
        once = _(
            "If you disagree, tell us so once: somebody else then looks at the complaint again."
        )
    else:
        once = _(
            "If you disagree, tell us so once, by letter, by phone or at our office: somebody else"
            " then looks at the complaint again."
        )
    return f"{once} {authority}"
