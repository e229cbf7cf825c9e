"""Policy shown, policy accepted: events that are kept apart from each other and from consent.

A customer who has not accepted a significant version yet is asked at the next
sign-in, may postpone, and can use everything meanwhile.
"""

from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.exceptions import NoSuchPolicy
from accounts.locks import lock_open
from accounts.models import Customer, EventChannel, PolicyAnnouncement, PolicyEvent, PolicyEventKind
from notices.services import mark_seen
from policies.counting import midnight
from policies.models import PolicyText, PolicyVersion, Significance


def version_to_accept(customer: Customer) -> PolicyVersion | None:
    """Return the newest published version, if the customer is still to be asked about it.

    That is so while a significant version, in effect or to come, is later than
    every version that the customer has accepted.
    """
    versions = PolicyVersion.objects.of_company()
    significant = versions.filter(significance=Significance.SIGNIFICANT)
    newest = significant.order_by("effective_on").last()
    if newest is None:
        return None
    accepted = customer.policy_events.filter(
        kind=PolicyEventKind.ACCEPTED,
        text__version__profile=newest.profile,
        text__version__effective_on__gte=newest.effective_on,
    )
    return None if accepted.exists() else versions.order_by("effective_on").last()


@transaction.atomic
def record_shown(customer: Customer, text: PolicyText) -> None:
    """Note that the customer saw a policy text. The same text again writes nothing.

    Raises AccountClosed.
    """
    lock_open(customer)
    _record(customer, PolicyEventKind.SHOWN, text)
    announcement = PolicyAnnouncement.objects.filter(version=text.version_id).first()
    if announcement is not None:
        mark_seen(announcement.mailing, customer.public_id)


@transaction.atomic
def accept_policy(customer: Customer, text: PolicyText) -> None:
    """Note that the customer accepted a policy text. The same text again writes nothing.

    Raises AccountClosed, and NoSuchPolicy when that version is not published, or not the one
    that is asked about.
    """
    lock_open(customer)
    newest = PolicyVersion.objects.of_company().order_by("effective_on").last()
    if newest is None or text.version_id != newest.pk:
        raise NoSuchPolicy(_("A newer version was published meanwhile. Please read that one."))
    _record(customer, PolicyEventKind.ACCEPTED, text)


def accepted_by(customer: Customer, day: date) -> PolicyEvent | None:
    """Return the customer's last acceptance up to the end of a local day."""
    return (
        customer.policy_events.filter(kind=PolicyEventKind.ACCEPTED, at__lt=_end_of(day))
        .select_related("text__version")
        .last()
    )


def _record(customer: Customer, kind: PolicyEventKind, text: PolicyText) -> None:
    """Write the event unless there is one; after a merge there may be two. Under the lock."""
    if not customer.policy_events.filter(kind=kind, text=text).exists():
        customer.policy_events.create(kind=kind, text=text, channel=EventChannel.WEB)


def _end_of(day: date) -> datetime:
    return midnight(day + timedelta(days=1))
