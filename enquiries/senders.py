"""Enquiries that came from the address of a closed account: its erasure waits for the answer.

An enquiry names no customer. So who closed an account with its address is noted beside it, once the
address is confirmed, or at the closing where the enquiry came first; and forgotten with the answer.
Both hold the customer, as the purge does: it finds the note, or was first.
"""

from datetime import date

from django.db.models import Min, QuerySet
from django.utils import timezone

from accounts.closing import ends_with_account
from accounts.models import Customer, User
from common.personal_data import not_held
from enquiries.models import ClosedSender, Enquiry
from policies.counting import local_day


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


def erasures_that_wait() -> QuerySet[ClosedSender]:
    """Narrow to those whose last day is over; what a legal hold keeps would stay in any case."""
    over = ClosedSender.objects.filter(customer__kept_until__lt=local_day(timezone.now()))
    return not_held(over)


def erasure_waits_for(enquiry: Enquiry) -> date | None:
    """Return the last day of the data that is still there because of it, None where none is."""
    waiting = erasures_that_wait().filter(enquiry=enquiry)
    last_day: date | None = waiting.aggregate(day=Min("customer__kept_until"))["day"]
    return last_day
