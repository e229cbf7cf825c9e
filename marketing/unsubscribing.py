"""Unsubscribing by the link in a mail, by whoever follows it."""

from django.db import transaction
from django.db.models import Q

from accounts.consents import withdraw_given
from accounts.models import Customer, CustomerMerge, EventChannel, MergeState
from marketing.links import read_way_out
from marketing.models import Subscription, SuppressionReason
from marketing.suppression import suppress
from policies.models import Purpose


@transaction.atomic
def unsubscribe(token: str) -> None:
    """End the mails that the link came with. A link that is not ours, or old, ends nothing.

    Also where the person's data is gone: the address is known by its hash. Safe to repeat.
    """
    way_out = read_way_out(token)
    purpose = way_out and Purpose.objects.filter(pk=way_out.purpose).first()
    if not way_out or not purpose:
        return
    customer = _lock_recipient(way_out.recipient)
    if customer is not None:
        withdraw_given(customer, purpose.__eq__, by=None, channel=EventChannel.EMAIL)
    suppress([way_out.contact_hash], purpose, reason=SuppressionReason.UNSUBSCRIBED)
    Subscription.objects.filter(public_id=way_out.recipient).delete()


def _lock_recipient(public_id: str) -> Customer | None:
    """Lock the customer who got the mail, also when their record became one with another."""
    merged = CustomerMerge.objects.filter(
        duplicate_public_id=public_id, state=MergeState.MERGED
    ).values("survivor")
    locked = Customer.objects.select_for_update(of=("self",))
    return locked.filter(Q(public_id=public_id) | Q(pk__in=merged)).first()
