"""What a customer writes from the page of their closed account: a complaint at once, with clocks.

It is filed under the customer's lock. So the purge finds the open case and leaves the customer, or
was first, and the sender is told that there is nobody left.
"""

from django.utils.translation import gettext as _

from accounts.locks import lock_customer
from accounts.models import Customer
from complaints.exceptions import SenderErased
from complaints.intake import file_complaint
from complaints.models import Complaint, ComplaintCategory, Identity


def may_write(public_id: str) -> bool:
    """Say whether this is a closed account whose customer an answer would reach."""
    closed = Customer.objects.filter(public_id=public_id, closed_at__isnull=False)
    return closed.exclude(email="").exists()


def file_late_message(public_id: str, *, text: str, submission: str) -> Complaint:
    """File it as from who reads the customer's mail, by which the link came.

    Also where the account was opened again meanwhile, so that no words are lost.

    Raises SenderErased, SubmissionUsed.
    """
    try:
        return file_complaint(
            Customer.objects.exclude(email="").get(public_id=public_id),
            category=ComplaintCategory.OTHER,
            text=text,
            submission=submission,
            by=None,
            identity=Identity.ADDRESS,
            lock=lock_customer,
        )
    except Customer.DoesNotExist:
        sentence = _("Your data was deleted before your message came. We have not kept it.")
        raise SenderErased(sentence) from None
