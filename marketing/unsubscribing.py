"""Unsubscribing by the link in a mail, by whoever follows it."""

from django.db import transaction
from django.db.models import Q

from accounts.consents import withdraw_given
from accounts.models import Customer, CustomerMerge, EventChannel, MergeState
from marketing.links import read_way_out
from marketing.models import Subscription, SuppressionReason
from marketing.refusal import refuse_all
from marketing.suppression import marketing_purposes, suppress
from policies.models import Purpose


@transaction.atomic
def unsubscribe(token: str, *, from_all: bool = False) -> None:
    """End the mails that the link came with, or ``from_all`` everything of that kind.

    A link that is not ours, or old, ends nothing. Also where the person's data is gone: the
    address is known by its hash. Safe to repeat.
    """
    way_out = read_way_out(token)
    purpose = way_out and Purpose.objects.filter(pk=way_out.purpose).first()
    if not way_out or not purpose:
        return
    customer = _lock_recipient(way_out.recipient)
    if customer is not None and from_all:
        refuse_all(customer, by=None, channel=EventChannel.EMAIL)
    elif customer is not None:
        withdraw_given(customer, purpose.__eq__, by=None, channel=EventChannel.EMAIL)
    for each in [purpose, *marketing_purposes()] if from_all else [purpose]:
        suppress([way_out.contact_hash], each, reason=SuppressionReason.UNSUBSCRIBED)
    Subscription.objects.filter(public_id=way_out.recipient).delete()


def _lock_recipient(public_id: str) -> Customer | None:
    """Lock the customer who got the mail, also when their record became one with another."""
    merged = CustomerMerge.objects.filter(
        duplicate_public_id=public_id, state=MergeState.MERGED
    ).values("survivor")
    locked = Customer.objects.select_for_update(of=("self",))
    return locked.filter(Q(public_id=public_id) | Q(pk__in=merged)).first()
