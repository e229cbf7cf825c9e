from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_noop

from common.personal_data import DataCategory, Declaration, declare, defers_erasure, exempt
from enquiries.models import ClosedSender

exempt(
    "enquiries.Enquiry",
    because="its sender needs no account and is linked to none; a job of its own erases it",
)
exempt("enquiries.ErasedEnquiries", because="numbers of a month")
declare(Declaration(model=ClosedSender, category=DataCategory.ENQUIRY, customer="customer"))


@defers_erasure(gettext_noop("open enquiry"))
def with_open_enquiries() -> QuerySet[Any, Any]:
    return ClosedSender.objects.values("customer")
