from functools import partial
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from common.periods import Expiry, expires
from common.personal_data import (
    DataCategory,
    Declaration,
    RetentionTrigger,
    declare,
    defers_erasure,
    exempt,
)
from enquiries.erasing import erase_enquiries
from enquiries.models import ClosedSender, Enquiry, EnquiryState

exempt(
    "enquiries.Enquiry",
    because="its sender needs no account and is linked to none; a period of its own ends it",
)
exempt("enquiries.ErasedEnquiries", because="numbers of a month")
declare(Declaration(model=ClosedSender, category=DataCategory.ACCOUNT, customer="customer"))


@defers_erasure(gettext_noop("open enquiry"))
def with_open_enquiries() -> QuerySet[Any, Any]:
    return ClosedSender.objects.values("customer")


its_mail_first = {gettext_noop("mail on its way"): Enquiry.objects.with_mail_on_its_way}

expires(
    Expiry(
        name="enquiries",
        label=_("enquiries"),
        category=DataCategory.ENQUIRY,
        trigger=RetentionTrigger.CASE_CLOSED,
        rows=partial(Enquiry.objects.exclude, closed_at=None),
        begins="closed_at",
        needed=its_mail_first,
        facet="state",
        erase=erase_enquiries,
    )
)
expires(
    Expiry(
        name="unconfirmed_enquiries",
        label=_("enquiries from unconfirmed addresses"),
        category=DataCategory.ENQUIRY,
        trigger=None,
        rows=partial(Enquiry.objects.filter, state=EnquiryState.UNCONFIRMED),
        begins="received_at",
        days=lambda: settings.UNCONFIRMED_ENQUIRY_DAYS,
        needed=its_mail_first,
        erase=erase_enquiries,
    )
)
