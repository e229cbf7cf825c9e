"""What the statistics of visits say about the promises."""

from django.utils.translation import gettext_lazy as _

from common.periods import expiry_named
from policies.models import Promise
from policies.periods import judge_kept, kept_too_long, yesterday
from policies.promises import Asking, Unit, admin_list, control, not_measured

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
    counts = yield kept_too_long(expiry_named("visits"), yesterday())
    link = admin_list("visits.pageday")
    return judge_kept(counts, Unit.DAILY_COUNTS, link) or not_measured(OTHER_SITES_UNSEEN)
