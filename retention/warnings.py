"""Warnings before an erasure: to whom it is about, and to the data protection officers.

Who is to be told follows from the customers alone: their last day is near, and no notice of that
step names that day. So a stopped worker loses nobody, an account that was closed anew is told of
its new day, and a second run finds nobody. Just before a mail leaves it is asked once more whether
the erasure still stands, and the mail says the day of that moment.
"""

from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import CharField, DateField, Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat
from django.urls import reverse
from django.utils import timezone

from accounts.closed_pages import address_of
from accounts.models import Customer
from accounts.models.people import SHORT_ID
from accounts.staff import officers
from common.personal_data import not_held, what_keeps
from notices.models import Notice, NoticePriority
from notices.services import Recipient, fills_template, finds_recipients_of, queue_notices
from policies.counting import local_day

MAIL, LIST_MAIL = "erasure_soon", "erasures_soon"
BATCH = 500
WITHIN = 30  # days, of the officers' list
STEPS = {WITHIN: 8, 7: 0}
"""Each warning by its days before the last one, and on how many days before it still makes sense:
whom the first one missed altogether gets the second alone."""


def warn_of_erasures(*, at: datetime | None = None) -> int:
    """Write to the customers who are due for a warning, then to the officers; return to how many.

    Nobody gets two for the same day, so it is safe to repeat.
    """
    today = local_day(at or timezone.now())
    warned = 0
    for days, least in STEPS.items():
        while people := _warn_some(today, days, least):
            warned += people
    return warned + tell_officers(today)


@transaction.atomic
def _warn_some(today: date, days: int, least: int) -> int:
    """Hold the rows, so that neither a purge nor a reopening gets between; leave held ones."""
    due = _unwarned(today, days, least).order_by("pk")
    people: list[Any] = list(due.select_for_update(of=("self",), skip_locked=True)[:BATCH])
    queue_notices(
        MAIL,
        [(each.public_id, each.key, {"customer": each.public_id}) for each in people],
        priority=NoticePriority.MAILING,  # a sign-in code waits for none of these
    )
    return len(people)


def _unwarned(today: date, days: int, least: int) -> QuerySet[Customer]:
    """Return to whom this warning is due. A shorter period was told at the closing, just before."""
    near = Customer.objects.leaving(today + timedelta(days=least), today + timedelta(days=days))
    long = Q(closed_at__date__lt=Cast(F("kept_until") - timedelta(days=days), DateField()))
    parts = Value(f"{MAIL}-{days}-"), "public_id", Value("-"), Cast("kept_until", CharField())
    keyed = near.filter(long).exclude(email="").annotate(key=Concat(*parts))
    return not_held(keyed, "pk").exclude(Exists(Notice.objects.filter(key=OuterRef("key"))))


@finds_recipients_of(MAIL)
def _who_still_leaves(public_id: str) -> Recipient | None:
    leaving = Customer.objects.leaving(local_day(timezone.now())).exclude(email="")
    customer = not_held(leaving, "pk").filter(public_id=public_id).first()
    return customer and Recipient(customer.full_name, customer.email, customer.language)


@fills_template(MAIL)
def _what_the_mail_says(context: dict[str, Any]) -> dict[str, Any]:
    """Make it when the mail is sent: no row of the outbox holds the address; the day is true."""
    customer = Customer.objects.get(public_id=context["customer"])
    return {
        "kept_until": customer.kept_until.isoformat() if customer.kept_until else "",
        "reference": customer.public_id[:SHORT_ID],
        "status_page": address_of(customer.public_id),
    }


@transaction.atomic
def tell_officers(today: date) -> int:
    """Write to each officer on a day on which more customers have come near; return to how many.

    Numbers and a link: the list itself is behind the desk's door.
    """
    leaving = Customer.objects.leaving(today, today + timedelta(days=WITHIN))
    new = leaving.filter(_came_near_since(today)).count()
    if not new:
        return 0
    told = {
        "on": today.isoformat(),
        "number": leaving.count(),
        "new": new,
        "kept": what_keeps(leaving),
        "path": f"{reverse('admin:accounts_customer_changelist')}?erasure=soon",
    }
    notices = [(each, f"{LIST_MAIL}-{today}-{each[:16]}", told) for each in officers()]
    queue_notices(LIST_MAIL, notices)
    return len(notices)


def _came_near_since(today: date) -> Q:
    """Return what is asked of a customer whom the officers' last mail did not count."""
    last = Notice.objects.filter(key__startswith=f"{LIST_MAIL}-").order_by("-key").first()
    if last is None:
        return Q()
    told_on = date.fromisoformat(last.context["on"])
    if told_on >= today:
        return Q(pk__in=())
    return Q(kept_until__gt=told_on + timedelta(days=WITHIN)) | Q(closed_at__gt=last.queued_at)
