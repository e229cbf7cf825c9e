"""Erasing enquiries when their time is over.

A batch is one transaction: it locks its rows and skips those that somebody holds, so that
an answer that is being given is either committed first, with a last day of its own, or
finds the enquiry gone. Row, history and notices go; a number for the month is left. A run
that is killed is simply run again. An enquiry whose mail is on its way waits for it.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from enquiries.models import Enquiry, EnquiryState, ErasedEnquiries
from notices.models import Notice
from policies.counting import local_day

BATCH = 500
COUNTED_AS = {
    EnquiryState.ANSWERED: "answered",
    EnquiryState.PHONED: "answered",
    EnquiryState.DISMISSED: "dismissed",
    EnquiryState.UNCONFIRMED: "unconfirmed",
}


def erase_enquiries() -> int:
    """Erase those whose last day is over, or whose address nobody confirmed; return how many."""
    erased = 0
    while number := _erase_batch(local_day(timezone.now())):
        erased += number
    return erased


@transaction.atomic
def _erase_batch(today: date) -> int:
    due = Enquiry.objects.kept_too_long(today)
    waiting = Enquiry.objects.with_mail_on_its_way().values("pk")
    rows = due.exclude(pk__in=waiting).select_for_update(skip_locked=True, of=("self",))
    going = list(rows.only("public_id", "state", "received_at").order_by("pk")[:BATCH])
    keys = [enquiry.pk for enquiry in going]
    _count(going)
    Notice.objects.filter(recipient__in=[enquiry.public_id for enquiry in going]).delete()
    for gone in (Enquiry.history.filter(id__in=keys), Enquiry.objects.filter(pk__in=keys)):
        gone._raw_delete(gone.db)
    return len(going)


def _count(going: Sequence[Enquiry]) -> None:
    ended = Counter((_month(each), COUNTED_AS[EnquiryState(each.state)]) for each in going)
    _begin(month for month, _how in ended)
    for (month, how), number in ended.items():
        ErasedEnquiries.objects.filter(month=month).update(**{how: F(how) + number})


def _begin(months: Iterable[date]) -> None:
    rows = [ErasedEnquiries(month=month) for month in set(months)]
    ErasedEnquiries.objects.bulk_create(rows, ignore_conflicts=True)


def _month(enquiry: Enquiry) -> date:
    return local_day(enquiry.received_at).replace(day=1)
