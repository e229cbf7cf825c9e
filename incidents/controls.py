"""What the reports of unauthorised use say about the promises."""

from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from incidents.models import IS_LOCKED, UnauthorisedUse, UseState
from policies.models import Promise
from policies.promises import (
    Asking,
    Unit,
    admin_list,
    at_risk,
    broken,
    control,
    not_measured,
)

REPORTS = "incidents.unauthoriseduse"
LOOKED_AT_WITHIN = timedelta(days=3)  # no policy names a term
CUSTOMERS_UNSEEN = _(
    "Each report locks the account at once. Whether customers guard their password and report in"
    " time, nobody can see."
)


@control(
    "unauthorised_use",
    counts=_("Reports that left the account open, or that staff have not settled for three days"),
    missing=CUSTOMERS_UNSEEN,
)
def unauthorised_use(promise: Promise) -> Asking:
    """Count the reports whose account is not locked although its customer has not come back.

    What customers do with their password is out of sight, so that the promise is never shown kept.
    """
    waiting = UnauthorisedUse.objects.filter(state=UseState.REPORTED)
    counts = yield {
        "unlocked": UnauthorisedUse.objects.filter(
            IS_LOCKED, customer__closed_at=None, customer__user__locked_at=None
        ),
        "late": waiting.filter(received_at__lt=timezone.now() - LOOKED_AT_WITHIN),
    }
    if counts["unlocked"]:
        return broken(counts["unlocked"], Unit.CUSTOMERS, link=admin_list(REPORTS))
    if counts["late"]:
        link = admin_list(REPORTS, state__exact=UseState.REPORTED)
        return at_risk(counts["late"], Unit.CUSTOMERS, link=link)
    return not_measured(CUSTOMERS_UNSEEN)
