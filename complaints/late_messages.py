"""What a customer writes from the page of their closed account: a complaint at once, with clocks.

It is filed under the customer's lock. So the purge finds the open case and leaves the customer, or
was first, and the sender is told that there is nobody left. One such case is open at a time, and
takes what else is written: an answer lets the data go, however much comes.
"""

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.exceptions import AccountOpen
from accounts.locks import lock_customer
from accounts.models import Customer
from casework.services import take_message
from complaints.exceptions import SenderErased
from complaints.intake import file_complaint
from complaints.models import Complaint, ComplaintCategory, Identity


def may_write(public_id: str) -> bool:
    """Say whether this is a closed account whose customer an answer would reach."""
    closed = Customer.objects.filter(public_id=public_id, closed_at__isnull=False)
    return closed.exclude(email="").exists()


@transaction.atomic
def file_late_message(public_id: str, *, text: str, submission: str) -> Complaint:
    """File it as from who reads the customer's mail, by which the link came; return its case.

    Raises AccountOpen, SenderErased, SubmissionUsed.
    """
    try:
        customer = Customer.objects.exclude(email="").get(public_id=public_id)
        lock_customer(customer)
    except Customer.DoesNotExist:
        sentence = _("Your data was deleted before your message came. We have not kept it.")
        raise SenderErased(sentence) from None
    if customer.is_open:
        sentence = _("Your account is open again. Please copy your message, sign in and send it.")
        raise AccountOpen(sentence)
    late = Complaint.objects.open().filter(customer=customer, identity=Identity.ADDRESS)
    case: Complaint | None = late.exclude(submission=submission).first()
    if case is None:
        return file_complaint(
            customer,
            category=ComplaintCategory.OTHER,
            text=text,
            submission=submission,
            by=None,
            identity=Identity.ADDRESS,
            lock=lock_customer,
        )
    if not case.messages.filter(text=text).exists():  # or the form was sent twice
        take_message(case, text=text, by=None)
    return case
