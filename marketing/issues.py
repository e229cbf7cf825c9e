"""Newsletters: written in both languages, tried on oneself, sent in batches through the outbox.

Sending writes nothing but the moment it began; a job writes the notices batch by
batch, as policy announcements do. Whether a reader still consents is asked again
when their mail leaves.
"""

from collections.abc import Mapping
from time import monotonic
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Consent, ConsentDecision, Customer, User
from common import markdown
from common.history import save_as
from common.jobs import wake
from common.tokens import new_public_id
from marketing.exceptions import IssueRefused
from marketing.models import NewsletterIssue, Subscription
from marketing.tasks import write_newsletters
from notices.services import fills_template, queue_mailing, queue_notice
from policies.models import Channel, Purpose

MAIL = "newsletter_issue"
BATCH = 5_000  # readers; a fraction of a second, and nothing to hold in memory
LONGEST_RUN = 300  # seconds; the next run goes on


def purposes_to_write_for() -> QuerySet[Purpose]:
    """Return the purposes for which people can consent to mails."""
    return Purpose.objects.asking_consent().filter(channel=Channel.EMAIL)


@transaction.atomic
def save_issue(
    issue: NewsletterIssue | None, *, values: Mapping[str, Any], by: User
) -> NewsletterIssue:
    """Write a new issue, or change one that was not sent.

    Raises IssueRefused.
    """
    row = _lock_draft(issue) if issue else NewsletterIssue()
    for name, value in values.items():
        setattr(row, name, value)
    if issue:
        save_as(row, by=by, reason="changed", fields=[*values])
    else:
        save_as(row, by=by, reason="written")
    return row


@transaction.atomic
def try_issue(issue: NewsletterIssue, *, by: User) -> None:
    """Mail the issue to whoever writes it, and to nobody else."""
    queue_notice(
        MAIL,
        recipient=by.public_id,
        key=f"newsletter-try-{new_public_id()}",
        issue=issue.pk,
    )


@transaction.atomic
def send_issue(issue: NewsletterIssue, *, by: User) -> None:
    """Begin to send; ``by`` states that it speaks of the company's own services alone.

    Raises IssueRefused, also when it was sent before.
    """
    row = _lock_draft(issue)
    if not purposes_to_write_for().filter(pk=row.purpose_id).exists():
        raise IssueRefused(_("Nobody is asked for consent to mails for this purpose any more."))
    row.is_own = True
    row.started_at = timezone.now()
    row.total = count_readers(row.purpose)
    save_as(row, by=by, reason="sent", fields=["is_own", "started_at", "total"])
    transaction.on_commit(lambda: wake(write_newsletters))


def count_readers(purpose: Purpose) -> int:
    """Return how many people have asked for mails for the purpose."""
    return _customers(purpose).count() + _subscribers(purpose).count()


def write_mails() -> None:
    """Write what is missing of all issues, for a few minutes at most. Safe to repeat."""
    until = monotonic() + LONGEST_RUN
    begun = NewsletterIssue.objects.filter(started_at__isnull=False, finished_at=None)
    for issue in begun.order_by("pk"):
        while monotonic() < until and _write_batch(issue):
            pass


@transaction.atomic
def _write_batch(issue: NewsletterIssue) -> bool:
    """Write to the next readers, customers first; return whether there may be more."""
    row = NewsletterIssue.objects.select_for_update(of=("self",)).get(pk=issue.pk)
    if row.finished_at is not None:
        return False
    for readers, mark in ((_customers, "last_customer"), (_subscribers, "last_subscriber")):
        ahead = readers(row.purpose).filter(pk__gt=getattr(row, mark)).order_by("pk")
        if batch := list(ahead.values_list("pk", flat=True)[:BATCH]):
            row.queued += _write(row, ahead.filter(pk__lte=batch[-1]))
            setattr(row, mark, batch[-1])
            break
    else:
        row.finished_at = timezone.now()
    NewsletterIssue.objects.filter(pk=row.pk).update(  # bookkeeping, which the history leaves out
        queued=row.queued,
        last_customer=row.last_customer,
        last_subscriber=row.last_subscriber,
        finished_at=row.finished_at,
    )
    return row.finished_at is None


def _write(issue: NewsletterIssue, readers: QuerySet[Any]) -> int:
    return queue_mailing(
        MAIL,
        mailing=issue.mailing,
        purpose=issue.purpose.code,
        recipients=readers.values_list("public_id", flat=True),
        issue=issue.pk,
    )


def _customers(purpose: Purpose) -> QuerySet[Customer]:
    """Return the open accounts whose last word on the purpose is consent."""
    later = Consent.objects.filter(
        customer=OuterRef("customer"), purpose=OuterRef("purpose"), pk__gt=OuterRef("pk")
    )
    given = Consent.objects.filter(
        ~Exists(later),
        customer=OuterRef("pk"),
        purpose=purpose,
        decision=ConsentDecision.GIVEN,
    )
    return Customer.objects.open().filter(Exists(given))


def _subscribers(purpose: Purpose) -> QuerySet[Subscription]:
    return Subscription.objects.confirmed().filter(purpose=purpose)


def _lock_draft(issue: NewsletterIssue) -> NewsletterIssue:
    """Lock an issue that was not sent.

    Raises IssueRefused.
    """
    row = NewsletterIssue.objects.select_for_update(of=("self",)).get(pk=issue.pk)
    if row.started_at is not None:
        raise IssueRefused(_("This issue was sent; it is never changed again."))
    return row


@fills_template(MAIL)
def _words_of(context: dict[str, Any]) -> dict[str, Any]:
    """Fetch what the mail says when it is sent: a million rows need not repeat it."""
    issue = NewsletterIssue.objects.select_related("purpose").get(pk=context["issue"])
    return {"issue": issue, "html": markdown.render(issue.body, demote=1)}
