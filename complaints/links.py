"""The addresses under which a complaint is followed without a sign-in: signed, and mailed.

Each says which complaint, to whose address it was mailed (by a keyed hash) and when. So an address
that is the customer's no longer opens nothing, and an old mail does neither; but either asks for a
new link, which goes to the address that is on record.
"""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _

from accounts.models import Customer
from common.tokens import LinkSigner
from complaints.exceptions import ComplaintError, LinkGone
from complaints.models import Complaint, ComplaintState, Identity, UnconfirmedComplaint
from notices.services import fills_template, queue_notice

NEW_LINK, WITHDRAWAL = "complaint_link", "complaint_withdraw"
NOTICES = (
    *(f"complaint_{state}" for state in ComplaintState),
    *("complaint_disagreed", "case_message", "case_question", NEW_LINK),
)
WITHDRAWN_WITHIN = timedelta(days=3)
_confirming = LinkSigner("complaints.confirm")
_following = LinkSigner("complaints.follow")
_withdrawing = LinkSigner("complaints.withdraw")


def confirmation_of(row: UnconfirmedComplaint) -> str:
    return _sign(_confirming, row.submission, row.email)


def confirmed_by(token: str) -> str:
    """Return the submission that the link confirms, or nothing where it is none of ours."""
    return _confirming.read(token).partition(".")[0]


def filed_by(token: str) -> Complaint:
    """Return what this link confirmed before: who presses twice gets the same page.

    Raises LinkGone.
    """
    works_for = timedelta(days=settings.UNCONFIRMED_ENQUIRY_DAYS)
    return _find(_confirming, token, works_for, names="submission")


def token_of(complaint: Complaint) -> str:
    return _sign(_following, complaint.public_id, complaint.customer.email)


def followed_by(token: str) -> Complaint:
    """Raises LinkGone, also where the complaint asks for a sign-in now."""
    return _find(_following, token, timedelta(days=settings.COMPLAINT_LINK_DAYS))


def withdrawn_by(token: str) -> Complaint:
    """Return the complaint that the link of a mail asking for it withdraws.

    Raises LinkGone.
    """
    return _find(_withdrawing, token, WITHDRAWN_WITHIN)


def mail_new_link(token: str) -> None:
    """Mail another link to the address on record, for one of ours that opens nothing any more."""
    complaint = _named(_following.read(token) or _withdrawing.read(token))
    complaint = complaint or _named(_confirming.read(token), "submission")
    if complaint is not None:
        _mail(complaint, NEW_LINK)


def ask_to_withdraw(complaint: Complaint) -> None:
    """Mail the customer the link that withdraws: who was forwarded another mail never sees it.

    Raises ComplaintError.
    """
    if not complaint.is_open:
        raise ComplaintError(_("This complaint is closed."))
    _mail(complaint, WITHDRAWAL)


def is_followed_by_link(complaint: Complaint) -> bool:
    """Say whether the customer cannot sign in for it, or filed it without doing so."""
    return not signs_in(complaint.customer) or complaint.identity == Identity.ADDRESS


def signs_in(customer: Customer) -> bool:
    return customer.is_open and customer.user_id is not None


def _sign(signer: LinkSigner, name: str, email: str) -> str:
    sent = int(timezone.now().timestamp())
    return signer.sign(f"{name}.{_hash_of(email)}.{sent}")


def _find(
    signer: LinkSigner, token: str, works_for: timedelta, names: str = "public_id"
) -> Complaint:
    complaint = _named(said := signer.read(token), names)
    if (
        complaint is None
        or not is_followed_by_link(complaint)
        or not _is_of_today(said, complaint, works_for)
    ):
        raise LinkGone(_("This link no longer works."))
    return complaint


def _named(said: str, names: str = "public_id") -> Complaint | None:
    return _whole(Complaint.objects.filter(**{names: said.partition(".")[0]}))


def _is_of_today(said: str, complaint: Complaint, works_for: timedelta) -> bool:
    """Say whether it was mailed to the customer's address of today, and lately."""
    hashed, _dot, sent = said.partition(".")[2].partition(".")
    age = timezone.now().timestamp() - int(sent or 0)  # links once said no day
    is_theirs = constant_time_compare(hashed, _hash_of(complaint.customer.email))
    return is_theirs and age < works_for.total_seconds()


def _hash_of(email: str) -> str:
    hashed = salted_hmac("complaints.address", email, algorithm="sha256")
    return hashed.hexdigest()[:32]


def _mail(complaint: Complaint, template: str) -> None:
    """Mail it once an hour at most, whoever asks how often."""
    queue_notice(
        template,
        recipient=complaint.customer.public_id,
        key=f"{template}-{complaint.public_id[:16]}-{timezone.now():%y%m%d%H}",
        reference=complaint.reference,
        path=complaint.get_absolute_url(),
    )


def _link_in_mail(context: dict[str, Any]) -> dict[str, Any]:
    """Make the address when the mail is sent, so that no row of the outbox holds it."""
    complaint = _mailed_about(context)
    if complaint is None or not is_followed_by_link(complaint):
        return {}
    return {"path": reverse("followed_complaint", args=[token_of(complaint)]), "by_link": True}


for _template in NOTICES:
    fills_template(_template)(_link_in_mail)


@fills_template(WITHDRAWAL)
def _withdrawal_in_mail(context: dict[str, Any]) -> dict[str, Any]:
    complaint = _mailed_about(context)
    if complaint is None:
        return {}
    token = _sign(_withdrawing, complaint.public_id, complaint.customer.email)
    path = reverse("confirm_withdrawal", args=[token])
    return {"path": path, "by_link": True, "days": WITHDRAWN_WITHIN.days}


def _mailed_about(context: dict[str, Any]) -> Complaint | None:
    return _whole(Complaint.objects.filter(reference=context["reference"]))


def _whole(complaints: Any) -> Complaint | None:
    complaint: Complaint | None = complaints.select_related("customer").first()
    return complaint
