"""The file of a complaint on paper, for the authority to which either side takes it."""

from datetime import datetime

from django.template.defaultfilters import filesizeformat
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from access.models import AccessRecord
from accounts.models import Customer
from casework.models import Clock, Evidence
from common.documents import Fact, Section
from common.paper import MUTED, new_paper, write_line, write_section
from common.personal_data import declaration_of
from complaints.letters import compose_letter
from complaints.models import Complaint
from complaints.told import Line, is_decision_told, timeline
from policies.clocks import the_company
from policies.models import Company


def case_file(complaint: Complaint, language: str, *, masked: bool = False) -> bytes:
    """Return as PDF what the customer knows of a complaint: no note, no lesson.

    ``masked``: who complains stands in it as lists show them.

    Raises NotConfigured.
    """
    now = timezone.now()
    with translation.override(language):
        title = _("File of complaint %s") % complaint.reference
        pdf = new_paper(title, language=language, created_at=now)
        pdf.add_page()
        write_line(pdf, title, size=18, style="B")
        made = _("Made from the records of the portal: %s") % _moment(now)
        write_line(pdf, made, color=MUTED)
        for section in _sections(complaint, language, masked):
            if section.facts:
                write_section(pdf, section)
    return bytes(pdf.output())


def _sections(complaint: Complaint, language: str, masked: bool) -> list[Section]:
    clocks = complaint.clocks.select_related("limit")
    return [
        _parties(complaint, the_company(), masked),
        _told_us(complaint),
        Section(_("Decision and answer"), _answer(complaint, language)),
        Section(_("With an authority"), _escalation(complaint)),
        Section(_("Time limits"), [_clock(each) for each in clocks]),
        Section(_("What has happened"), [_line(line) for line in timeline(complaint)]),
    ]


def _parties(complaint: Complaint, company: Company, masked: bool) -> Section:
    known = not complaint.needs_identity_check
    shown = declaration_of(Customer).masked if masked else getattr
    complainant = (shown(complaint.customer, name) for name in ("full_name", "email"))
    return Section(
        _("Who"),
        [
            Fact(_("Company"), company.name, company.address),
            *([Fact(_("Complainant"), *complainant)] if known else []),
        ],
    )


def _told_us(complaint: Complaint) -> Section:
    questioned = complaint.questioned_accesses.select_related("record")
    return Section(
        _("The complaint"),
        [
            Fact(_("Reference"), complaint.reference),
            Fact(_("Received"), _moment(complaint.received_at)),
            Fact(_("State"), capfirst(complaint.state_for_customer)),
            Fact(_("About"), complaint.get_category_display()),
            Fact(_("What happened"), complaint.text),
            Fact(_("Access in question"), *(_access(each.record) for each in questioned)),
            Fact(_("Evidence"), *map(_evidence, complaint.evidence.all())),
        ],
    )


def _evidence(file: Evidence) -> str:
    """Name a file with what tells it from every other, as it was sent."""
    return f"{file.name}\n{file.content_type}, {filesizeformat(file.size)}\nSHA-256 {file.sha256}"


def _access(record: AccessRecord) -> str:
    role = capfirst(_(record.role))
    return f"{_moment(record.at)}: {role}, {record.get_action_display()}, {record.purpose_label}"


def _answer(complaint: Complaint, language: str) -> list[Fact]:
    if answered := complaint.answered_at:
        letter = compose_letter(complaint, language, at=answered)
        return [Fact(_("Date"), letter.dated), *(Fact(*part) for part in letter.parts)]
    if not is_decision_told(complaint):
        return []
    return [
        Fact(_("Outcome"), capfirst(complaint.get_outcome_display())),
        Fact(_("Cause"), complaint.cause),
        Fact(_("Finding"), complaint.finding),
    ]


def _escalation(complaint: Complaint) -> list[Fact]:
    if complaint.escalated_at is None:
        return []
    return [
        Fact(_("Authority"), complaint.authority),
        Fact(_("Its reference"), complaint.authority_reference),
        Fact(_("Since"), _moment(complaint.escalated_at)),
        Fact(_("Taken there by"), capfirst(complaint.get_escalated_by_display())),
        Fact(_("Decision"), complaint.decision),
    ]


def _clock(clock: Clock) -> Fact:
    ends = date_format(clock.last_day, "SHORT_DATE_FORMAT")
    return Fact(
        capfirst(clock.get_kind_display()),
        _("Last day: %s") % ends,
        _how_it_stands(clock),
        *clock.explanation_lines,
        _("Source: %s") % clock.limit.source,
    )


def _how_it_stands(clock: Clock) -> str:
    if clock.paused_at:
        since = _moment(clock.paused_at)
        return _("Stands still since %s, while we wait for the customer's answer.") % since
    if clock.met_at is None:
        return _("Missed.") if clock.was_missed else _("Runs.")
    done = _moment(clock.met_at)
    return (_("Done late: %s") if clock.was_missed else _("Done in time: %s")) % done


def _line(line: Line) -> Fact:
    if line.message is None:
        return Fact(_moment(line.at), line.sentence)
    who = _("The customer wrote") if line.message.from_customer else _("The company wrote")
    return Fact(_moment(line.at), f"{who}:\n{line.message.text}")


def _moment(at: datetime) -> str:
    return date_format(timezone.localtime(at), "SHORT_DATETIME_FORMAT")
