"""Legal holds, and the DPO's word: no deletion without it, and no unusual one without another."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Customer, User
from common.history import save_as
from policies.models import RetentionRule
from retention.exceptions import ApprovalRefused, HoldRefused, PermitRefused
from retention.models import LegalHold, PurgeApproval, PurgePermit, PurgeRun, Tombstone
from retention.runs import BAD_CLOCKS

MOST_PERMITTED = 2  # times what was looked at


@transaction.atomic
def place_hold(
    public_id: str, *, authority: str, document: str, reason: str, by: User
) -> LegalHold:
    """Keep everything about a customer until the hold is released.

    Locks the customer first, as the purge does: either the hold stands before
    the purge looks, or the customer is gone and the caller is told.

    Raises HoldRefused.
    """
    customer = _locked(public_id) or _locked(public_id)  # merged while we waited: look again
    if customer is None:
        raise HoldRefused(_gone(public_id))
    hold = LegalHold(
        customer=customer, authority=authority, document=document, reason=reason, placed_by=by
    )
    save_as(hold, by=by, reason="hold placed")
    return hold


def _locked(public_id: str) -> Customer | None:
    return Customer.objects.select_for_update(of=("self",)).known_as(public_id).first()


@transaction.atomic
def release_hold(hold: LegalHold, *, by: User) -> None:
    """End a hold; what was due goes with the next run.

    Raises HoldRefused for the person who placed it, and for a hold that is released.
    """
    hold.refresh_from_db(from_queryset=LegalHold.objects.select_for_update(of=("self",)))
    if hold.released_at is not None:
        raise HoldRefused(_("This hold is released already."))
    if hold.placed_by == by:
        raise HoldRefused(_("A hold is released by another person than the one who placed it."))
    hold.released_by, hold.released_at = by, timezone.now()
    save_as(hold, by=by, reason="hold released", fields=["released_by", "released_at"])


@transaction.atomic
def approve_rule(rule: RetentionRule, *, by: User) -> PurgeApproval:
    """Let the purge delete under ``rule``; approving twice keeps the first approval.

    A rule that is over still holds the customers who closed their accounts under it.

    Raises ApprovalRefused for one that is over and holds nobody.
    """
    rule.refresh_from_db(from_queryset=RetentionRule.objects.select_for_update())
    if is_superseded(rule):
        raise ApprovalRefused(_("This rule is superseded; approve the one in force."))
    if approval := PurgeApproval.objects.filter(rule=rule).first():
        return approval
    approval = PurgeApproval(rule=rule, approved_by=by)
    save_as(approval, by=by, reason="approved")
    return approval


@transaction.atomic
def permit_run(run: PurgeRun, *, up_to: int, by: User) -> PurgePermit:
    """Let the next runs remove as many, up to this number, and overlook what stopped ``run``.

    Raises PermitRefused.
    """
    run.refresh_from_db(from_queryset=PurgeRun.objects.select_for_update(of=("self",)))
    if not run.is_stopped or BAD_CLOCKS & run.doubts.keys():
        raise PermitRefused(_("Nothing but an unusual number, or a long pause, can be permitted."))
    if PurgeRun.objects.filter(rule=run.rule, pk__gt=run.pk).exists():
        raise PermitRefused(_("There is a newer run. Look at its numbers."))
    if PurgePermit.objects.filter(run=run).exists():
        raise PermitRefused(_("This run is permitted already."))
    if not run.going <= up_to <= MOST_PERMITTED * run.going:
        raise PermitRefused(
            _("Permit as many as wait for it, or up to twice as many for those of the next days.")
        )
    permit = PurgePermit(run=run, up_to=up_to, permitted_by=by)
    save_as(permit, by=by, reason="permitted")
    return permit


def is_superseded(rule: RetentionRule) -> bool:
    """Say whether a rule is over and holds nobody any more."""
    is_over = rule.valid_to is not None and rule.valid_to < timezone.localdate()
    return is_over and not Customer.objects.filter(closing_rule=rule).exists()


def _gone(public_id: str) -> str:
    tombstone = Tombstone.objects.filter(public_id=public_id).first()
    if tombstone is None:
        return _("There is no customer with this public id.")
    return _("This customer's data was erased on %(day)s.") % {
        "day": timezone.localtime(tombstone.erased_at).strftime("%d/%m/%Y")
    }
