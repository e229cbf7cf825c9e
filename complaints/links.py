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
from complaints.models import Complaint, ComplaintState, Identity
from notices.services import fills_template, queue_notice

NEW_LINK, WITHDRAWAL = "complaint_link", "complaint_withdraw"
NOTICES = (
    *(f"complaint_{state}" for state in ComplaintState),
    *("case_message", "case_question", NEW_LINK),
)
WITHDRAWN_WITHIN = timedelta(days=3)
_following = LinkSigner("complaints.follow")
_withdrawing = LinkSigner("complaints.withdraw")


def token_of(complaint: Complaint) -> str:
    return _sign(_following, complaint)


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


def _sign(signer: LinkSigner, complaint: Complaint) -> str:
    sent = int(timezone.now().timestamp())
    return signer.sign(f"{complaint.public_id}.{_hash_of(complaint)}.{sent}")


def _find(signer: LinkSigner, token: str, works_for: timedelta) -> Complaint:
    complaint = _named(said := signer.read(token))
    if (
        complaint is None
        or not is_followed_by_link(complaint)
        or not _is_of_today(said, complaint, works_for)
    ):
        raise LinkGone(_("This link no longer works."))
    return complaint


def _named(said: str) -> Complaint | None:
    return _whole(Complaint.objects.filter(public_id=said.partition(".")[0]))


def _is_of_today(said: str, complaint: Complaint, works_for: timedelta) -> bool:
    """Say whether it was mailed to the customer's address of today, and lately."""
    hashed, _dot, sent = said.partition(".")[2].partition(".")
    age = timezone.now().timestamp() - int(sent or 0)  # links once said no day
    return constant_time_compare(hashed, _hash_of(complaint)) and age < works_for.total_seconds()


def _hash_of(complaint: Complaint) -> str:
    hashed = salted_hmac("complaints.address", complaint.customer.email, algorithm="sha256")
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
    token = _sign(_withdrawing, complaint)
    path = reverse("confirm_withdrawal", args=[token])
    return {"path": path, "by_link": True, "days": WITHDRAWN_WITHIN.days}


def _mailed_about(context: dict[str, Any]) -> Complaint | None:
    return _whole(Complaint.objects.filter(reference=context["reference"]))


def _whole(complaints: Any) -> Complaint | None:
    complaint: Complaint | None = complaints.select_related("customer").first()
    return complaint
