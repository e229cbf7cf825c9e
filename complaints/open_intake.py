"""A complaint of somebody without an account: sealed until they show that the address is theirs.

It is then filed for whoever the address belongs to, as received when it was sent. Whether the
address was known before, no answer tells: the mail goes to it in any case, and says the same.
"""

from collections.abc import Collection
from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.recording import find_or_record
from common.database import wait_for_others
from common.erasure import Erased, erase_these
from common.personal_data import DataCategory
from common.tokens import new_public_id
from complaints.intake import file_complaint
from complaints.links import confirmation_of, confirmed_by, filed_by
from complaints.models import Complaint, Identity, UnconfirmedComplaint
from notices.models import Notice
from notices.services import Recipient, fills_template, finds_recipients_of, queue_notice

MAIL = "complaint_confirm"


@transaction.atomic
def send_open_complaint(*, submission: str, language: str, **typed: str) -> None:
    """Keep what was typed and mail its sender a link; the same form sent again is one complaint.

    Also once it is confirmed. With other words it makes another one, so that no words are lost.
    """
    wait_for_others(f"complaint {submission}")
    row = UnconfirmedComplaint(**typed, language=language, submission=submission)
    known = UnconfirmedComplaint.objects.filter(submission=submission).first()
    filed = Complaint.objects.filter(submission=submission).select_related("customer").first()
    if known and all(getattr(known, field) == value for field, value in typed.items()):
        return
    if filed and _made(row, filed):
        return
    if known or filed:
        row.submission = new_public_id()
    row.save()
    queue_notice(MAIL, recipient=row.public_id, key=f"{MAIL}-{row.public_id}", row=row.public_id)


def _made(row: UnconfirmedComplaint, filed: Complaint) -> bool:
    """Say whether the complaint was made of what this row says."""
    said = (row.category, _with_sender(row), row.email)
    return said == (filed.category, filed.text, filed.customer.email)


@transaction.atomic
def confirm_open_complaint(token: str) -> Complaint:
    """File the complaint for whom the address belongs to; the second time returns the same.

    Raises LinkGone.
    """
    rows = UnconfirmedComplaint.objects.select_for_update()
    row = rows.filter(submission=confirmed_by(token)).first()
    if row is None:
        return filed_by(token)
    customer = find_or_record(
        full_name=row.name, email=row.email, phone=row.phone, language=row.language
    )
    complaint = file_complaint(
        customer,
        category=row.category,
        text=_with_sender(row),
        submission=row.submission,
        by=None,
        received_at=row.received_at,
        identity=Identity.ADDRESS,
    )
    erase_unconfirmed([row.pk])
    return complaint


def erase_unconfirmed(keys: Collection[int]) -> Erased:
    """Erase these (primary keys) and their mails; call it in a transaction that holds them."""
    going = UnconfirmedComplaint.objects.filter(pk__in=keys)
    mails = Notice.objects.filter(recipient__in=list(going.values_list("public_id", flat=True)))
    erased = erase_these(Notice, list(mails.values_list("pk", flat=True)), DataCategory.NOTICE)
    return erased + erase_these(UnconfirmedComplaint, keys, DataCategory.COMPLAINT)


@finds_recipients_of(MAIL)
def _sender(public_id: str) -> Recipient | None:
    row = UnconfirmedComplaint.objects.filter(public_id=public_id).first()
    return Recipient(row.name, row.email, row.language) if row else None


@fills_template(MAIL)
def _link_of(context: dict[str, Any]) -> dict[str, Any]:
    row = UnconfirmedComplaint.objects.get(public_id=context["row"])
    path = reverse("confirm_complaint", args=[confirmation_of(row)])
    return {"path": path, "days": settings.UNCONFIRMED_ENQUIRY_DAYS}


def _with_sender(row: UnconfirmedComplaint) -> str:
    """Keep who says to have sent it with what was sent: the record may say something else."""
    with translation.override(row.language):
        sender = _("Sent without an account by: %s") % ", ".join(
            filter(None, (row.name, row.phone))
        )
    return f"{row.text}\n\n{sender}"
