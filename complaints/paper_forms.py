"""Paper for the counter: an empty form to complain with, and the sheet on a complaint's folder."""

from django.conf import settings
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from casework.models import Clock
from common.documents import Fact, Section
from common.paper import MUTED, new_paper, write_blank, write_choice, write_line, write_section
from complaints.letters import said_day, sender_lines
from complaints.models import Complaint, ComplaintCategory
from policies.clocks import the_company

TITLE, HEADING = 16.0, 11.0  # points


def intake_form(language: str) -> bytes:
    """Return an empty form of one page, with the company's head.

    Raises NotConfigured.
    """
    with translation.override(language):
        company = the_company()
        pdf = new_paper(_("Complaint form"), language=language, created_at=timezone.now())
        pdf.add_page()
        write_line(pdf, company.name, size=HEADING, style="B")
        for line in sender_lines(company):
            write_line(pdf, line, color=MUTED)
        pdf.ln(2)
        write_line(pdf, _("Complaint about the handling of personal data"), size=TITLE, style="B")
        write_blank(pdf, _("Filled in by the company: reference, received on, at, by"))
        for label in (_("Full name"), _("Phone number and email"), _("Postal address")):
            write_blank(pdf, label)
        write_line(pdf, _("What is it about?"), size=HEADING, style="B")
        for category in ComplaintCategory:
            write_choice(pdf, str(category.label))
        write_blank(pdf, _("What happened, and when?"), lines=5)
        write_blank(pdf, _("What would you like us to do?"), lines=2)
        write_blank(pdf, _("Papers that come with it, and members of staff whom it is about"))
        pdf.ln(2)
        write_line(pdf, _note(company.name), color=MUTED)
        pdf.ln(2)
        write_blank(pdf, _("Day, name and signature of the customer"))
        write_blank(pdf, _("Taken by, with signature; the customer has a copy"))
    return bytes(pdf.output())


def _note(company: str) -> str:
    return _(
        "%(company)s uses what you write here to check and answer your complaint, and keeps it"
        " no longer than its privacy policy says. The policy, your rights and the state of your"
        " complaint: %(site)s. You may withdraw the complaint at any time, and turn to the"
        " competent State authority or the court."
    ) % {"company": company, "site": f"{settings.SITE_ORIGIN}{reverse('policy')}"}


def case_sheet(complaint: Complaint, language: str, *, customer: str) -> bytes:
    """Return what stands on the folder of a complaint; ``customer`` is what it shows of them."""
    now = timezone.now()
    with translation.override(language):
        title = _("Complaint %s") % complaint.reference
        pdf = new_paper(title, language=language, created_at=now)
        pdf.add_page()
        write_line(pdf, title, size=TITLE, style="B")
        write_line(pdf, _("For the files of the company alone."), color=MUTED)
        for section in (
            Section(_("Facts"), _facts(complaint, customer)),
            Section(_("Time limits"), [_limit(each) for each in complaint.clocks.all()]),
            Section(_("The complaint"), [Fact(_("In the customer's words"), complaint.text)]),
        ):
            write_section(pdf, section)
        pdf.ln(6)
        for label in (_("Where the papers are"), _("Handled by, day and signature")):
            write_blank(pdf, label)
    return bytes(pdf.output())


def _facts(complaint: Complaint, customer: str) -> list[Fact]:
    received = timezone.localtime(complaint.received_at)
    return [
        Fact(_("Customer"), customer),
        Fact(_("About"), capfirst(complaint.subject)),
        Fact(_("Received"), date_format(received, "SHORT_DATETIME_FORMAT")),
        Fact(_("Recorded"), said_day(complaint.recorded_at)),
        Fact(_("Channel"), capfirst(complaint.get_channel_display())),
        Fact(_("Severity"), capfirst(complaint.get_severity_display())),
        Fact(_("Complexity"), capfirst(complaint.get_complexity_display())),
        Fact(_("State"), capfirst(complaint.get_state_display())),
        Fact(_("Handler"), str(complaint.handler or _("nobody yet"))),
        Fact(_("Files"), str(complaint.evidence.count())),
    ]


def _limit(clock: Clock) -> Fact:
    label = capfirst(clock.get_kind_display())
    return Fact(f"{label}", _("Last day: %s") % date_format(clock.last_day, "SHORT_DATE_FORMAT"))
