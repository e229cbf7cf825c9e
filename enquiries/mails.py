"""To whom the mails of an enquiry go, and what they say: both are fetched when they are sent."""

from typing import Any

from django.conf import settings
from django.urls import reverse

from common.tokens import LinkSigner
from enquiries.models import Enquiry
from enquiries.services import ANSWER_MAIL, CONFIRM_MAIL
from notices.services import Recipient, fills_template, finds_recipients_of

MAILS = (CONFIRM_MAIL, ANSWER_MAIL)
CONFIRMING = LinkSigner("enquiries.confirm")


@finds_recipients_of(*MAILS)
def find_sender(public_id: str) -> Recipient | None:
    """Find who sent an enquiry, for its own mails: no other notice ever reaches the address."""
    enquiry = Enquiry.objects.filter(public_id=public_id).first()
    return Recipient(enquiry.name, enquiry.email, enquiry.language) if enquiry else None


@fills_template(CONFIRM_MAIL)
def _link_of(context: dict[str, Any]) -> dict[str, Any]:
    return {
        "path": reverse("confirm_enquiry", args=[CONFIRMING.sign(context["enquiry"])]),
        "days": settings.UNCONFIRMED_ENQUIRY_DAYS,
    }


@fills_template(ANSWER_MAIL)
def _answer_of(context: dict[str, Any]) -> dict[str, Any]:
    return {
        "enquiry": Enquiry.objects.get(public_id=context["enquiry"]),
        "path": reverse("enquiry"),
    }
