"""What the enquiries say about the promises."""

from datetime import timedelta

from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.periods import expiry_named
from enquiries.mails import MAILS
from enquiries.models import Enquiry, EnquiryState
from notices.models import Notice, NoticeState
from policies.models import Promise
from policies.periods import judge_kept, kept_too_long, yesterday
from policies.promises import (
    Asking,
    Unit,
    admin_list,
    at_risk,
    broken,
    control,
    kept,
    not_measured,
)

ENQUIRIES = "enquiries.enquiry"
LOOKED_BACK = timedelta(days=30)
LONG_UNANSWERED = timedelta(days=30)  # no policy names a term for questions
OTHER_WAYS_UNSEEN = _(
    "Here an address serves the answer alone; messages that reach the company otherwise are unseen."
)


@control(
    "enquiry_use",
    counts=_("Enquiries kept too long, or whose address another mail was meant for"),
    missing=OTHER_WAYS_UNSEEN,
)
def enquiry_use(promise: Promise) -> Asking:
    """Count the enquiries that should be erased, and those written to for anything but the answer.

    The latter among what came in the last 30 days: the mails of all years are too many to go
    through. The address stands in the enquiry alone, is shown on no page, and is found for the two
    mails of the enquiry only. What goes to the company's own mailbox is out of sight,
    so that the promise is never shown kept.
    """
    now = timezone.now()
    recent = Enquiry.objects.filter(
        state__in=EnquiryState.values,  # so that its index serves
        received_at__gte=now - LOOKED_BACK,
    )
    others = Notice.objects.filter(recipient=OuterRef("public_id")).exclude(template__in=MAILS)
    kept_by_rule = kept_too_long(expiry_named("enquiries"), yesterday())
    unconfirmed = kept_too_long(expiry_named("unconfirmed_enquiries"), yesterday())
    counts = yield {
        **kept_by_rule,
        "unconfirmed": unconfirmed["late"],
        "misused": recent.filter(Exists(others)),
    }
    link = admin_list(ENQUIRIES)
    if wrong := counts["late"] + counts["unconfirmed"] + counts["misused"]:
        return broken(wrong, Unit.ENQUIRIES, link=link)
    return judge_kept(counts, Unit.ENQUIRIES, link) or not_measured(OTHER_WAYS_UNSEEN)


@control("enquiry_form", counts=_("Enquiries past their term, or whose mail did not leave"))
def enquiry_form(promise: Promise) -> Asking:
    """Count the questions that were sent by the form and reached nobody.

    Everybody finds the form at the foot of each page. No policy names a term for an answer; the
    company's own choice, or 30 days, puts the promise at risk when it is over, and breaks nothing.
    """
    failed = Notice.objects.filter(
        recipient=OuterRef("public_id"), template__in=MAILS, state=NoticeState.FAILED
    )
    before = timezone.now() - LONG_UNANSWERED
    counts = yield {
        "late": Enquiry.objects.late(),
        "waiting": Enquiry.objects.to_be_answered().filter(late_from=None, received_at__lt=before),
        "failed": Enquiry.objects.filter(Exists(failed)),
    }
    number = sum(counts.values())
    verdict = at_risk if number else kept
    return verdict(number, Unit.ENQUIRIES, link=admin_list(ENQUIRIES))
