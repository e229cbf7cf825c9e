"""What the statistics of visits say about the promises."""

from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from policies.counting import local_day
from policies.models import Promise
from policies.promises import Asking, Unit, admin_list, broken, control, not_measured
from visits.models import PageDay

OTHER_SITES_UNSEEN = _(
    "The portal counts its own pages and ties no count to anybody; other sites are not watched."
)


@control(
    "visit_statistics",
    counts=_("Daily counts of visits that should be gone"),
    missing=OTHER_SITES_UNSEEN,
)
def visit_statistics(promise: Promise) -> Asking:
    """Count the daily counts that a nightly run should have deleted and did not.

    A count is a page, a day and two numbers; addresses are truncated and hashed with a salt
    of the day before they are counted, and stored nowhere. What the company's other
    sites keep of visits is out of sight, so that the promise is never shown kept.
    """
    yesterday = local_day(timezone.now()) - timedelta(days=1)
    counts = yield {"late": PageDay.objects.kept_too_long(yesterday)}
    if counts["late"]:
        return broken(counts["late"], Unit.DAILY_COUNTS, link=admin_list("visits.pageday"))
    return not_measured(OTHER_SITES_UNSEEN)
