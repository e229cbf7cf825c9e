"""What undertakings, accesses and reviews say about the promise of confidentiality."""

from datetime import timedelta

from django.db.models import Exists, OuterRef, Q, Subquery
from django.db.models.functions import TruncDate
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from access.models import AccessRecord
from accounts.models import User
from policies.models import Promise
from policies.promises import Asking, Unit, admin_list, at_risk, broken, control, kept
from staff.models import RightsReview, Undertaking, UndertakingText

LOOKED_BACK = timedelta(days=30)  # what was before is history, not what happens now


@control(
    "confidentiality",
    counts=_("Accesses by staff who were not bound, else members not bound or reviews overdue"),
)
def confidentiality(promise: Promise) -> Asking:
    """Count the accesses of the last 30 days by members of staff without an undertaking in force.

    One breaks the promise. At risk while somebody whose last undertaking is over still has a role,
    or the review of a role's rights was not signed within 30 days: such a member sees nothing, and
    yet the role is held or the rights stand unexamined.
    """
    now = timezone.now()
    # Of the row's own moment, so that one which has ended since still counts for its time.
    binding = Undertaking.objects.filter(
        Q(revoked_at=None) | Q(revoked_at__gte=OuterRef("at")),
        member=OuterRef("actor"),
        signed_at__lte=OuterRef("at"),
        valid_until__gte=OuterRef("day"),
    )
    staff = Q(actor__is_staff=True) | Q(actor__is_superuser=True)
    first = UndertakingText.objects.order_by("number").values("published_at")[:1]
    lately = AccessRecord.objects.filter(staff, at__gte=now - LOOKED_BACK)
    lately = lately.filter(at__gte=Subquery(first))  # before, there was nothing to sign
    unbound = lately.alias(day=TruncDate("at")).filter(~Exists(binding))
    over = Undertaking.objects.filter(member=OuterRef("pk"))
    holding = Undertaking.objects.in_force(now).filter(member=OuterRef("pk"))
    lapsed = User.objects.filter(Exists(over), ~Exists(holding), is_staff=True, is_active=True)
    counts = yield {
        "unbound": unbound,
        "lapsed": lapsed.exclude(groups=None).distinct(),
        "unsigned": RightsReview.objects.overdue(now),
    }
    if counts["unbound"]:
        return broken(counts["unbound"], Unit.USES, link=admin_list("access.accessrecord"))
    if counts["unsigned"]:
        return at_risk(
            counts["unsigned"],
            Unit.FACTS,
            link=admin_list("staff.rightsreview"),
            note=_("Reviews of rights are overdue."),
        )
    verdict = at_risk if counts["lapsed"] else kept
    return verdict(
        counts["lapsed"], Unit.FACTS, link=admin_list("staff.undertaking", state="expired")
    )
