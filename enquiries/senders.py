"""Enquiries that came from the address of a closed account: its erasure waits for the answer.

An enquiry names no customer. So who closed an account with its address is noted beside it, once the
address is confirmed, or at the closing where the enquiry came first; and forgotten with the answer.
Both hold the customer, as the purge does: it finds the note, or was first.
"""

from accounts.closing import ends_with_account
from accounts.models import Customer, User
from enquiries.models import ClosedSender, Enquiry


def note_closed_senders(enquiry: Enquiry) -> None:
    """Expects the enquiry locked, and its address confirmed now."""
    people = Customer.objects.filter(email=enquiry.email).select_for_update(of=("self",))
    ClosedSender.objects.bulk_create(
        ClosedSender(enquiry=enquiry, customer=customer)
        for customer in people.order_by("pk")
        if not customer.is_open
    )


@ends_with_account
def note_what_waits(customer: Customer, by: User | None) -> None:
    if customer.email:
        own = Enquiry.objects.to_be_answered().filter(Enquiry.found_by("email", customer.email))
        ClosedSender.objects.bulk_create(
            ClosedSender(enquiry=enquiry, customer=customer) for enquiry in own
        )
