"""The address under which a complaint is followed without a sign-in: signed, and mailed.

It names the complaint by public id. Nobody makes one without the portal's secret.
"""

from typing import Any

from django.core.signing import BadSignature, Signer
from django.http import Http404
from django.urls import reverse

from complaints.models import Complaint, ComplaintState, Identity
from notices.services import fills_template

NOTICES = (*(f"complaint_{state}" for state in ComplaintState), "case_message", "case_question")
_signer = Signer(salt="complaints.follow", sep=".")  # a colon ends some programs' links


def token_of(complaint: Complaint) -> str:
    return _signer.sign(complaint.public_id)


def followed_by(token: str) -> Complaint:
    """Raises Http404 where no complaint is behind the token, or one that asks for a sign-in now."""
    try:
        public_id = _signer.unsign(token)
    except BadSignature:
        raise Http404 from None
    complaints = Complaint.objects.select_related("customer")
    complaint: Complaint | None = complaints.filter(public_id=public_id).first()
    if complaint is None or not is_followed_by_link(complaint):
        raise Http404
    return complaint


def is_followed_by_link(complaint: Complaint) -> bool:
    """Say whether the customer cannot sign in for it, or filed it without doing so."""
    customer = complaint.customer
    signs_in = customer.is_open and customer.user_id is not None
    return not signs_in or complaint.identity == Identity.ADDRESS


def _link_in_mail(context: dict[str, Any]) -> dict[str, Any]:
    """Make the address when the mail is sent, so that no row of the outbox holds it."""
    complaints = Complaint.objects.select_related("customer")
    complaint = complaints.filter(reference=context["reference"]).first()
    if complaint is None or not is_followed_by_link(complaint):
        return {}
    return {"path": reverse("followed_complaint", args=[token_of(complaint)]), "by_link": True}


for _template in NOTICES:
    fills_template(_template)(_link_in_mail)
