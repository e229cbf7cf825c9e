"""What people do with enquiries: one function, one transaction, the row locked first."""

from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from common.database import wait_for_others
from common.history import save_as
from common.tokens import new_public_id
from enquiries.clock import COUNTED, count_last_day
from enquiries.exceptions import EnquiryError, EnquiryGone
from enquiries.models import Enquiry, EnquiryState
from enquiries.senders import note_closed_senders
from notices.services import queue_notice

CONFIRM_MAIL, ANSWER_MAIL = "enquiry_confirm", "enquiry_answered"


@transaction.atomic
def send_enquiry(
    *, name: str, email: str, phone: str, message: str, submission: str, language: str
) -> Enquiry:
    """Keep a message and mail its sender a link, by which the address is confirmed.

    ``submission`` names the filled-in form: sent again, it returns the enquiry that it made
    the first time; with other words it makes another one, so that no words are lost.
    """
    wait_for_others(f"enquiry {submission}")
    typed = {"name": name, "email": email, "phone": phone, "message": message}
    known = Enquiry.objects.filter(submission=submission).first()
    if known and all(getattr(known, field) == value for field, value in typed.items()):
        return known
    enquiry = Enquiry(
        **typed, language=language, submission=new_public_id() if known else submission
    )
    save_as(enquiry, by=None, reason="sent")
    _queue(CONFIRM_MAIL, enquiry)
    return enquiry


@transaction.atomic
def confirm_enquiry(public_id: str) -> Enquiry:
    """Note that who reads the sender's mail sent the message; the second time changes nothing.

    Raises EnquiryGone.
    """
    enquiry = Enquiry.objects.select_for_update().filter(public_id=public_id).first()
    if enquiry is None:
        raise EnquiryGone(_("This link leads to no message any more."))
    if enquiry.state == EnquiryState.UNCONFIRMED:
        note_closed_senders(enquiry)
        enquiry.move_to(EnquiryState.OPEN)
        count_last_day(enquiry)
        save_as(enquiry, by=None, reason="confirmed", fields=["state", "confirmed_at", *COUNTED])
    return enquiry


@transaction.atomic
def answer_enquiry(enquiry: Enquiry, *, answer: str, is_complaint: bool, by: User) -> None:
    """Mail the answer, and for a complaint how to make one; close the enquiry.

    Raises EnquiryError for one that is closed, and for an address that nobody has confirmed.
    """
    _lock(enquiry)
    if not answer.strip():
        raise EnquiryError(_("An answer has words."))
    enquiry.answer, enquiry.is_complaint = answer, is_complaint
    _close(enquiry, EnquiryState.ANSWERED, by=by, also=["answer", "is_complaint"])
    _queue(ANSWER_MAIL, enquiry)


@transaction.atomic
def settle_by_phone(enquiry: Enquiry, *, by: User) -> None:
    """Close an enquiry that was answered by phone.

    Raises EnquiryError, also when the sender left no number.
    """
    _lock(enquiry)
    if not enquiry.phone:
        raise EnquiryError(_("The sender left no phone number."))
    _close(enquiry, EnquiryState.PHONED, by=by)


@transaction.atomic
def dismiss_enquiry(enquiry: Enquiry, *, by: User) -> None:
    """Close what asks nothing, as advertising does. Nobody is mailed.

    Raises EnquiryError.
    """
    _lock(enquiry)
    _close(enquiry, EnquiryState.DISMISSED, by=by)


def _close(enquiry: Enquiry, state: EnquiryState, *, by: User, also: Sequence[str] = ()) -> None:
    enquiry.move_to(state)
    enquiry.closed_by = by
    enquiry.closed_senders.all().delete()
    fields = ["state", "closed_at", "closed_by", *also]
    save_as(enquiry, by=by, reason=state, fields=fields)


def _queue(template: str, enquiry: Enquiry) -> None:
    queue_notice(
        template,
        recipient=enquiry.public_id,
        key=f"{template}-{enquiry.public_id}",
        enquiry=enquiry.public_id,
    )


def _lock(enquiry: Enquiry) -> None:
    """Reload the row and hold it until the transaction ends.

    Raises EnquiryGone.
    """
    try:
        enquiry.refresh_from_db(from_queryset=Enquiry.objects.select_for_update())
    except Enquiry.DoesNotExist as error:
        raise EnquiryGone(_("This enquiry was erased.")) from error
