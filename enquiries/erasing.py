"""Erasing enquiries that are held: row, history and notices go; a number for the month is left."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import date

from django.db.models import F

from common.erasure import Erased, erase_these
from common.personal_data import DataCategory
from enquiries.models import Enquiry, EnquiryState, ErasedEnquiries
from notices.models import Notice
from policies.counting import local_day

COUNTED_AS = {
    EnquiryState.ANSWERED: "answered",
    EnquiryState.PHONED: "answered",
    EnquiryState.DISMISSED: "dismissed",
    EnquiryState.UNCONFIRMED: "unconfirmed",
}


def erase_enquiries(keys: Collection[int]) -> Erased:
    """Erase these (primary keys); call it in a transaction that holds them."""
    going = list(Enquiry.objects.filter(pk__in=keys).only("public_id", "state", "received_at"))
    _count(going)
    mails = Notice.objects.filter(recipient__in=[enquiry.public_id for enquiry in going])
    erased = erase_these(Notice, list(mails.values_list("pk", flat=True)), DataCategory.NOTICE)
    return erased + erase_these(Enquiry, keys, DataCategory.ENQUIRY)


def _count(going: Sequence[Enquiry]) -> None:
    ended = Counter((_month(each), COUNTED_AS[EnquiryState(each.state)]) for each in going)
    _begin(month for month, _how in ended)
    for (month, how), number in sorted(ended.items()):
        ErasedEnquiries.objects.filter(month=month).update(**{how: F(how) + number})


def _begin(months: Iterable[date]) -> None:
    rows = [ErasedEnquiries(month=month) for month in sorted(set(months))]
    ErasedEnquiries.objects.bulk_create(rows, ignore_conflicts=True)


def _month(enquiry: Enquiry) -> date:
    return local_day(enquiry.received_at).replace(day=1)
