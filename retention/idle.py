"""Data that may be no longer necessary: found by a job, judged by a person.

Each night a job asks about every open account that has been idle for the company's number of
months: it writes a review that waits for the data protection officer. An account that is used
again before is asked about no more. To keep the data puts the question off by a year; to call it
unnecessary starts the period of the rule, after a notice and the days to object.
"""

from datetime import datetime
from typing import Any

from dateutil.relativedelta import relativedelta
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.activity import activities
from accounts.closing import close_as_unnecessary
from accounts.locks import lock_customer
from accounts.models import Customer, CustomerQuerySet, User
from common.history import save_as
from common.personal_data import DataCategory
from policies.clocks import the_company
from policies.counting import add_months, local_day
from policies.models import RetentionTrigger
from policies.retention import deletion_rule
from retention.batches import batches
from retention.exceptions import ReviewRefused
from retention.models import NecessityReview, ReviewDecision

ASKED_AGAIN_AFTER = 12  # months
ASK = "retention.ask_about_idle_data"  # the job


def idle_accounts(at: datetime) -> CustomerQuerySet:
    """Return the open accounts in which nobody has done anything for the company's months."""
    since = at - relativedelta(months=the_company().idle_months)
    idle = Customer.objects.open().filter(opened_at__lt=since)
    for activity in activities():
        idle = idle.exclude(Exists(activity(since)))
    return idle


def ask_about_idle_data(*, at: datetime | None = None) -> int:
    """Write a review for each idle account that is due for one; return how many. Safe to repeat.

    Where no rule lets data go that is no longer necessary, nothing is asked.

    Raises NotConfigured.
    """
    now = at or timezone.now()
    today = local_day(now)
    idle = idle_accounts(now)
    waiting = NecessityReview.objects.waiting()
    waiting.exclude(Exists(idle.filter(pk=OuterRef("customer")))).delete()
    rule = deletion_rule(DataCategory.ACCOUNT, [RetentionTrigger.NO_LONGER_NECESSARY], today)
    if rule is None:
        return 0
    theirs = NecessityReview.objects.filter(customer=OuterRef("pk"))
    asked = theirs.waiting() | theirs.filter(ask_again_on__gt=today)
    written = 0
    for batch in batches(idle.exclude(Exists(asked)), by="opened_at"):
        reviews = [NecessityReview(customer_id=customer, asked_on=today) for customer in batch]
        written += len(NecessityReview.objects.bulk_create(reviews, ignore_conflicts=True))
    return written


@transaction.atomic
def decide_review(
    review: NecessityReview, *, decision: ReviewDecision, reason: str, by: User
) -> None:
    """Say whether the data of an idle account is still necessary, once.

    Locks the customer first, so that a customer who comes back in this moment is seen.

    Raises ReviewRefused, ClosingRefused, NotConfigured.
    """
    lock_customer(review.customer)
    rows: Any = NecessityReview.objects.select_for_update(of=("self",))
    current = rows.filter(pk=review.pk).first()
    if current is None or current.decision:
        raise ReviewRefused(_("This was decided already, or the account was used again."))
    if not idle_accounts(timezone.now()).filter(pk=review.customer_id).exists():
        raise ReviewRefused(_("The account was used again; there is nothing to decide."))
    review.decision, review.reason = decision, reason
    review.decided_by, review.decided_at = by, timezone.now()
    if decision == ReviewDecision.KEEP:
        review.ask_again_on = add_months(local_day(review.decided_at), ASKED_AGAIN_AFTER)
    save_as(
        review,
        by=by,
        reason="reviewed",
        fields=["decision", "reason", "decided_by", "decided_at", "ask_again_on"],
    )
    if decision == ReviewDecision.UNNECESSARY:
        close_as_unnecessary(review.customer, by=by)
