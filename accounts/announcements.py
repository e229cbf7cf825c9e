"""Telling every customer of a significant policy version, however many there are.

That a version is to be announced follows from its row, so publishing writes
nothing here and returns at once. A job writes the notices, batch by batch: each
batch and the place it reached are one transaction, so whoever is killed leaves a
place from which the next run goes on, and nobody is written to twice.
"""

from datetime import datetime, timedelta
from time import monotonic
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet, Subquery
from django.utils import timezone

from accounts.models import Customer, PolicyAnnouncement, PolicyEvent, PolicyEventKind
from notices.models import Notice
from notices.services import fills_template, queue_mailing
from policies.audience import counts_readers
from policies.counting import local_day
from policies.models import PolicyVersion, Significance

MAIL = "policy_published"
BATCH = 5_000  # customers; a fraction of a second, and nothing to hold in memory
LONGEST_RUN = 300  # seconds; the next run goes on
LONGEST_SIGN_UP = timedelta(hours=1)  # no transaction that adds a customer stays open longer


def versions_to_announce() -> QuerySet[PolicyVersion]:
    """Return the significant versions of which not everybody is told yet."""
    return _worth_telling().filter(announcement__finished_at=None)


def _worth_telling() -> QuerySet[PolicyVersion]:
    """Return the significant versions that change something.

    The first version of a company changes nothing for anybody, nor does one in whose place
    another significant version is in effect. A minor one tells nobody what had changed before.
    """
    published = PolicyVersion.objects.published().filter(profile=OuterRef("profile"))
    earlier = published.filter(effective_on__lt=OuterRef("effective_on"))
    in_its_place = published.filter(
        significance=Significance.SIGNIFICANT,
        effective_on__gt=OuterRef("effective_on"),
        effective_on__lte=local_day(timezone.now()),
    )
    return PolicyVersion.objects.of_company().filter(
        Exists(earlier), ~Exists(in_its_place), significance=Significance.SIGNIFICANT
    )


def announce_policies() -> None:
    """Write what is missing of all announcements, for a few minutes at most. Safe to repeat."""
    until = monotonic() + LONGEST_RUN
    for version in versions_to_announce().order_by("effective_on"):
        PolicyAnnouncement.objects.get_or_create(
            version=version, defaults={"total": count_customers()}
        )
        while monotonic() < until and _announce_batch(version):
            pass


@counts_readers
def count_customers() -> int:
    return Customer.objects.open().count()


@transaction.atomic
def _announce_batch(version: PolicyVersion) -> bool:
    """Write to the next customers; return whether there may be more."""
    announcement = PolicyAnnouncement.objects.select_for_update().get(version=version)
    if announcement.finished_at is not None:
        return False
    customers = _to_be_told(version)
    ahead = customers.filter(pk__gt=announcement.last_customer).order_by("pk")
    batch = list(ahead.values_list("pk", flat=True)[:BATCH])
    if batch:
        announcement.queued += _write(announcement, ahead.filter(pk__lte=batch[-1]))
        announcement.last_customer = batch[-1]
    else:
        # A sign-up that was under way may have committed behind the place that was passed.
        since = announcement.started_at - LONGEST_SIGN_UP
        announcement.queued += _write(announcement, customers.filter(opened_at__gte=since))
        _mark_those_who_read(announcement)
        announcement.finished_at = timezone.now()
    announcement.save(update_fields=["queued", "last_customer", "finished_at"])
    return bool(batch)


def announce_to(customer: Customer, *, closed_at: datetime) -> None:
    """Write what a customer missed while their account was closed; what they have got, not again.

    Expects the account open again, and its row locked.
    """
    missed = PolicyAnnouncement.objects.exclude(finished_at__lt=closed_at)
    for announcement in missed.filter(version__in=_worth_telling()).select_related("version"):
        me = _to_be_told(announcement.version).filter(pk=customer.pk)
        written = PolicyAnnouncement.objects.filter(pk=announcement.pk)
        written.update(queued=F("queued") + _write(announcement, me))


def _to_be_told(version: PolicyVersion) -> QuerySet[Customer]:
    """Return the open accounts but those that have accepted the version already."""
    accepted = PolicyEvent.objects.filter(
        customer=OuterRef("pk"), kind=PolicyEventKind.ACCEPTED, text__version=version
    )
    return Customer.objects.open().exclude(Exists(accepted))


def _mark_those_who_read(announcement: PolicyAnnouncement) -> None:
    """Note as seen what customers read on the site before their notice was written."""
    shown = PolicyEvent.objects.filter(
        kind=PolicyEventKind.SHOWN, text__version=announcement.version_id
    )
    first = shown.filter(customer__public_id=OuterRef("recipient")).order_by("at").values("at")[:1]
    Notice.objects.filter(
        mailing=announcement.mailing,
        recipient__in=shown.values("customer__public_id"),
        seen_at=None,
    ).update(seen_at=Subquery(first))


def _write(announcement: PolicyAnnouncement, customers: QuerySet[Customer]) -> int:
    return queue_mailing(
        MAIL,
        mailing=announcement.mailing,
        recipients=customers.values_list("public_id", flat=True),
        version=announcement.version_id,
    )


@fills_template(MAIL)
def _version_of(context: dict[str, Any]) -> dict[str, Any]:
    """Fetch what the mail says when it is sent: a million rows need not repeat it."""
    return {"version": PolicyVersion.objects.get(pk=context["version"])}
