"""Reply templates: what may stand in braces, and what is put there."""

import re

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import override

from complaints.exceptions import ComplaintError
from complaints.models import Complaint, ReplyTemplate
from policies.clocks import the_company

PLACEHOLDERS = ("reference", "last_day", "company")
BRACES = re.compile(r"{([^{}]*)}")


def require_known(text: str) -> None:
    """Raises ComplaintError for braces around anything but a placeholder."""
    unknown = [name for name in BRACES.findall(text) if name not in PLACEHOLDERS]
    if unknown:
        raise ComplaintError(
            _("{%(name)s} is no placeholder. Known are: %(known)s.")
            % {"name": unknown[0], "known": ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)}
        )


def fill_in(template: ReplyTemplate, complaint: Complaint) -> str:
    """Return a template's text in the customer's language, with what stands in braces put in."""
    language = complaint.customer.language
    with override(language):
        last_day = complaint.last_day
        values = {
            "reference": complaint.reference,
            "last_day": date_format(last_day, "SHORT_DATE_FORMAT") if last_day else "–",
            "company": the_company().name,
        }
    text = template.text_en if language == "en" else template.text_vi
    return BRACES.sub(lambda match: values.get(match[1], match[0]), text)
