"""Making one record of two that are about one person. Nobody can undo it.

How it is kept safe:

- One member of staff asks, a data protection officer who is another person approves; so it needs
  no approval of the customer. The addresses of both records are told. A claim, by
  which a new sign-in takes over the record that staff had made, is proved by the mailed code.
- Both rows are locked, in the order of their numbers, so that merges, purges, holds and changes
  wait for one another; then all is asked again. Both accounts must be open.
- One transaction gives every declared row and its history to the record that stays. The
  duplicate's row is deleted last: a table that was forgotten still refers to it, and the
  database refuses the commit.
- Append-only tables let the customer of a line change for this transaction, and nothing else.
- Of two sign-ins one is given up: no session of it goes on, and its address is free.
- A purpose that either record had withdrawn is withdrawn. Both ledgers stay to be read.
- The duplicate's own history, its file key and the accesses to it keep its old number or public
  id. They are found through CustomerMerge, and go with the survivor.
"""

from collections.abc import Collection, Mapping
from copy import copy
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Concat
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.consents import withdraw_given
from accounts.details import EDITABLE, follow_details, tell_of_change, write_details
from accounts.exceptions import MergeRefused
from accounts.locks import lock_open
from accounts.models import (
    Consent,
    ConsentDecision,
    Customer,
    CustomerMerge,
    EventChannel,
    KeptSignIn,
    MergeState,
    User,
)
from accounts.sessions import end_sessions
from common.history import delete_as, save_as
from common.personal_data import children_first, declarations, merge_steps
from notices.models import Notice, NoticeState
from notices.services import Recipient, queue_to

SIGN_IN = "user__customer"  # how declared rows that belong to a sign-in lead to their customer


def public_ids_of(customer: Customer) -> list[str]:
    """Return the customer's public id and those of the records that became one with theirs."""
    merged = customer.merges.filter(state=MergeState.MERGED)
    return [customer.public_id, *merged.values_list("duplicate_public_id", flat=True)]


def history_of(customer: Customer) -> QuerySet[Any]:
    """Return the customer's history and that of the records that became one with theirs."""
    merged = customer.merges.filter(state=MergeState.MERGED)
    whose = Q(id=customer.pk) | Q(id__in=merged.values("duplicate_key"))
    return Customer.history.filter(whose)  # type: ignore[no-any-return]


@transaction.atomic
def ask_merge(
    survivor: Customer,
    *,
    duplicate: str,
    kept_sign_in: KeptSignIn = KeptSignIn.SURVIVOR,
    reason: str,
    by: User,
) -> CustomerMerge:
    """Ask for a merge; ``duplicate`` is the public id of the record that would go.

    Raises MergeRefused.
    """
    other = Customer.objects.filter(public_id=duplicate).first()
    if other is None:
        raise MergeRefused(_("There is no customer with this public id."))
    _lock_both(survivor, other)
    try:
        with transaction.atomic():
            return CustomerMerge.objects.create(
                survivor=survivor,
                duplicate_key=other.pk,
                duplicate_public_id=other.public_id,
                kept_sign_in=kept_sign_in,
                reason=reason,
                asked_by=by,
            )
    except IntegrityError as error:
        raise MergeRefused(_("A merge of this record is asked for already.")) from error


@transaction.atomic
def approve_merge(merge: CustomerMerge, *, by: User) -> None:
    """Merge for good.

    Raises MergeRefused, also for the person who asked.
    """
    survivor, duplicate = merge.survivor, Customer.objects.filter(pk=merge.duplicate_key).first()
    if duplicate is None:
        raise MergeRefused(_("One of the two is not there any more."))
    _lock_both(survivor, duplicate)
    _lock_waiting(merge, by=by)
    _decide(merge, MergeState.MERGED, by=by)
    withdrawn = _withdrawn_by(survivor, duplicate)
    addresses = {each.email: each for each in (copy(duplicate), copy(survivor)) if each.email}
    _merge(duplicate, survivor, merge, by=by, reason="merged")
    _tell_of_merge(addresses)
    withdraw_given(
        survivor, lambda purpose: purpose.pk in withdrawn, by=by, channel=EventChannel.STAFF
    )


def _tell_of_merge(addresses: Mapping[str, Customer]) -> None:
    """Tell the addresses of both: whoever is not that person must hear of it."""
    for address, customer in addresses.items():
        recipient = Recipient(customer.full_name, address, customer.language)
        queue_to(recipient, "records_merged")


@transaction.atomic
def refuse_merge(merge: CustomerMerge, *, by: User) -> None:
    """Raises MergeRefused for one that is decided already, and for the person who asked."""
    _lock_waiting(merge, by=by)
    _decide(merge, MergeState.REFUSED, by=by)


def _lock_waiting(merge: CustomerMerge, *, by: User) -> None:
    try:
        merge.refresh_from_db(from_queryset=CustomerMerge.objects.select_for_update(of=("self",)))
    except CustomerMerge.DoesNotExist as error:
        raise MergeRefused(_("One of the two is not there any more.")) from error
    if merge.state != MergeState.WAITING:
        raise MergeRefused(_("This is decided already."))
    if merge.asked_by == by:
        raise MergeRefused(_("Another person than the one who asked decides."))


def _lock_both(one: Customer, other: Customer) -> None:
    """Reload and hold both rows until the transaction ends.

    Raises MergeRefused.
    """
    if one.pk == other.pk:
        raise MergeRefused(_("These are not two records but one."))
    rows = Customer.objects.select_for_update(of=("self",))
    for customer in sorted((one, other), key=lambda each: each.pk):
        try:
            customer.refresh_from_db(from_queryset=rows)
        except Customer.DoesNotExist as error:
            raise MergeRefused(_("One of the two is not there any more.")) from error
        if not customer.is_open:
            raise MergeRefused(
                _("One of the two accounts is closed. Its data goes by its own period.")
            )


def _decide(merge: CustomerMerge, state: MergeState, *, by: User) -> None:
    merge.state, merge.decided_by, merge.decided_at = state, by, timezone.now()
    merge.save(update_fields=["state", "decided_by", "decided_at"])


def _withdrawn_by(*customers: Customer) -> set[int]:
    """Return the purposes on which the last word of one of them was not a consent."""
    latest = Consent.objects.filter(customer__in=customers).latest_per_purpose()
    return {each.purpose_id for each in latest if each.decision != ConsentDecision.GIVEN}


def _merge(
    duplicate: Customer, survivor: Customer, merge: CustomerMerge, *, by: User, reason: str
) -> None:
    """Give all that is the duplicate's to the survivor, and delete what is left of it."""
    _allow_merging()
    for step in merge_steps():
        step(duplicate, survivor)
    merge.released_user = _join_sign_ins(duplicate, survivor, merge.kept_sign_in, by=by)
    merge.save(update_fields=["released_user"])
    for declaration in declarations():
        declaration.give(duplicate.pk, survivor.pk)
    _give_notices(duplicate.public_id, survivor.public_id)
    survivor.opened_at = min(survivor.opened_at, duplicate.opened_at)
    delete_as(duplicate, by=by, reason=reason)
    save_as(survivor, by=by, reason=reason, fields=["user", "email", "opened_at"])


def _allow_merging() -> None:
    """Let this transaction change whose the lines of append-only tables are, as triggers ask."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL portal.merging = 'on'")


def _join_sign_ins(duplicate: Customer, survivor: Customer, kept: str, *, by: User) -> User | None:
    """Let the survivor have the sign-in that stays (not saved yet); return the one given up."""
    mine, other = survivor.user, duplicate.user
    if other is None:
        return None
    # Without its address: two records without a sign-in never have the same one.
    Customer.objects.filter(pk=duplicate.pk).update(user=None, email="")
    duplicate.user = None
    if mine is not None and kept == KeptSignIn.SURVIVOR:
        _give_up(other, by=by)
        return other
    survivor.user, survivor.email = other, other.email
    if mine is not None:
        _give_up(mine, by=by)
    return mine


def _give_up(user: User, *, by: User) -> None:
    """End a sign-in for good: its sessions, its address, its second factor."""
    end_sessions([user.pk])
    for rows in rows_of_sign_ins([user.pk]):
        rows._raw_delete(rows.db)
    user.is_active = False
    user.email = f"{user.public_id}@merged.invalid"
    save_as(user, by=by, reason="merged", fields=["is_active", "email"])


def rows_of_sign_ins(users: Collection[int]) -> list:  # type: ignore[type-arg]
    """Return a query for each declared table whose rows belong to sign-ins (primary keys)."""
    return [
        declaration.model._base_manager.filter(
            **{f"{declaration.customer.removesuffix('__customer')}__in": users}
        )
        for declaration in children_first()
        if declaration.customer.endswith(SIGN_IN)
    ]


def _give_notices(old: str, new: str) -> None:
    """Let what is still to be sent reach the survivor, but no mailing twice.

    The key of a mailing's notice names its recipient, so that a mailing that is being written,
    and whoever looks for it, finds it.
    """
    mailed = Notice.objects.exclude(mailing="")
    for one, other in ((old, new), (new, old)):
        waiting = mailed.filter(recipient=one, state=NoticeState.QUEUED)
        got = mailed.filter(recipient=other, state__in=(NoticeState.QUEUED, NoticeState.SENT))
        waiting.filter(mailing__in=list(got.values_list("mailing", flat=True))).delete()
    missing = mailed.filter(recipient=old).exclude(
        mailing__in=mailed.filter(recipient=new).values("mailing")
    )
    missing.update(key=Concat("mailing", Value(f"-{new}")))
    Notice.objects.filter(recipient=old).update(recipient=new)


# Claims


@transaction.atomic
def claim_record(user: User, email: str) -> bool:
    """Let a sign-in whose address was just proved take over the record that staff had made.

    Says whether there was one. The record stays, with its history; what the
    person typed at sign-up waits for their choice. What they withdrew themselves stays withdrawn.
    """
    mine = Customer.objects.open().filter(user=user, email=email).first()
    recorded = Customer.objects.open().filter(user=None, email=email).first() if mine else None
    if mine is None or recorded is None:
        return False
    try:
        _lock_both(recorded, mine)
    except MergeRefused:
        return False
    if recorded.user is not None or recorded.email != email or mine.user != user:
        return False
    merge = CustomerMerge.objects.create(
        survivor=recorded,
        duplicate_key=mine.pk,
        duplicate_public_id=mine.public_id,
        kept_sign_in=KeptSignIn.DUPLICATE,
        is_claim=True,
        asked_by=user,
        state=MergeState.MERGED,
        decided_by=user,
        decided_at=timezone.now(),
    )
    withdrawn = _withdrawn_by(mine)
    _merge(mine, recorded, merge, by=user, reason="claimed")
    withdraw_given(recorded, lambda purpose: purpose.pk in withdrawn, by=user)
    return True


@dataclass(frozen=True)
class Difference:
    """A detail on which the record and the person disagree."""

    name: str
    recorded: str
    typed: str


def differences_of(customer: Customer) -> list[Difference]:
    """Return what the customer typed otherwise at sign-up and has not decided on yet."""
    claim = customer.merges.filter(is_claim=True, chosen_at=None).first()
    if claim is None:
        return []
    last = Customer.history.filter(id=claim.duplicate_key).latest()
    return [
        Difference(name, getattr(customer, name), getattr(last, name))
        for name in EDITABLE
        if getattr(last, name) and getattr(last, name) != getattr(customer, name)
    ]


@transaction.atomic
def choose_details(customer: Customer, *, typed: Collection[str], by: User) -> None:
    """Take over what the person typed for these details, and keep what is recorded of the others.

    Raises AccountClosed.
    """
    lock_open(customer)
    details = {each.name: each.typed for each in differences_of(customer) if each.name in typed}
    customer.merges.filter(is_claim=True, chosen_at=None).update(chosen_at=timezone.now())
    if changed := write_details(customer, details, by=by, reason="corrected by customer"):
        tell_of_change(customer)
        follow_details(customer, changed)
