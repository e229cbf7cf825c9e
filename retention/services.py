"""Legal holds, and the DPO's word: no deletion without it, and no unusual one without another."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.merging import public_ids_of
from accounts.models import Customer, User
from accounts.staff import tell_officers
from common.history import save_as
from common.personal_data import declarations
from downstream.withdrawing import withdraw_unwanted
from policies.models import RetentionRule
from retention.conflicts import still_judges, undecided
from retention.exceptions import ApprovalRefused, ClearingRefused, HoldRefused, PermitRefused
from retention.models import (
    LegalHold,
    PurgeApproval,
    PurgePermit,
    PurgeRun,
    Remainder,
    ResidueClearing,
    Tombstone,
)
from retention.runs import BAD_CLOCKS

MOST_PERMITTED = 2  # times what was looked at


@transaction.atomic
def place_hold(
    public_id: str,
    *,
    authority: str,
    document: str,
    reason: str,
    by: User,
    category: str = "",
    case: str = "",
) -> LegalHold:
    """Keep everything about a customer until the hold is released, or a category, or one case.

    Locks the customer first, as the purge does: either the hold stands before
    the purge looks, or what it is about is gone and the caller is told.
    public_id: eight characters are read as its beginning. case: its reference.

    Raises HoldRefused.
    """
    customer = _locked(public_id) or _locked(public_id)  # merged while we waited: look again
    if customer is None:
        raise HoldRefused(_gone(public_id))
    if category and case:
        raise HoldRefused(_("A hold covers everything, one kind of data or one case."))
    if category:
        _require_present(customer, category)
    hold = LegalHold(
        customer=customer,
        category=category,
        case=_case_of(customer, case) if case else None,
        authority=authority,
        document=document,
        reason=reason,
        placed_by=by,
    )
    save_as(hold, by=by, reason="hold placed")
    withdraw_unwanted(public_ids_of(customer))
    return hold


def _case_of(customer: Customer, reference: str) -> Any:
    cases: Any = customer.cases  # of a room above
    case = cases.filter(reference=reference.strip().upper()).first()
    if case is None:
        raise HoldRefused(_("This customer has no case with this reference."))
    return case


def _require_present(customer: Customer, category: str) -> None:
    """Refuse what nobody can keep any more: of some customers a part alone is left."""
    remainder = Remainder.objects.filter(customer=customer).first()
    of_category = [each for each in declarations() if each.category == category]
    if remainder and not any(each.about([customer.pk]).exists() for each in of_category):
        raise HoldRefused(_erased_on(remainder.since))


def _locked(public_id: str) -> Customer | None:
    rows = Customer.objects.select_for_update(of=("self",)).known_as(public_id)
    found = list(rows.order_by("pk")[:2])
    if len(found) > 1:
        raise HoldRefused(_("More than one public id begins so. Write all 32 characters."))
    return found[0] if found else None


@transaction.atomic
def release_hold(hold: LegalHold, *, reason: str, by: User) -> None:
    """End a hold, and say why; what was due goes with the first run after a day in which it still
    keeps.

    Raises HoldRefused for the person who placed it, and for a hold that is released.
    """
    hold.refresh_from_db(from_queryset=LegalHold.objects.select_for_update(of=("self",)))
    if hold.released_at is not None:
        raise HoldRefused(_("This hold is released already."))
    if hold.placed_by == by:
        raise HoldRefused(_("A hold is released by another person than the one who placed it."))
    hold.released_by, hold.released_at, hold.release = by, timezone.now(), reason
    save_as(hold, by=by, reason="hold released", fields=["released_by", "released_at", "release"])
    if not LegalHold.objects.in_force().filter(customer=hold.customer_id).exists():
        remainders = Remainder.objects.filter(customer=hold.customer_id, until=None)
        remainders.update(until=hold.keeps_until)


@transaction.atomic
def review_hold(hold: LegalHold, *, reason: str, by: User) -> None:
    """Say that a hold is still needed, and why; it is asked again after the same time.

    Raises HoldRefused for one that is released.
    """
    hold.refresh_from_db(from_queryset=LegalHold.objects.select_for_update(of=("self",)))
    if hold.released_at is not None:
        raise HoldRefused(_("This hold is released already."))
    hold.reviewed_by, hold.reviewed_at, hold.review = by, timezone.now(), reason
    save_as(hold, by=by, reason="hold reviewed", fields=["reviewed_by", "reviewed_at", "review"])


def remind_of_reviews() -> int:
    """Write to the officers of each hold whose review is due, once; return of how many.

    Safe to repeat.
    """
    due = LegalHold.objects.due_for_review(timezone.now())
    for hold in due:
        tell_officers(
            "hold_review",
            key=f"hold-review-{hold.pk}-{hold.review_due_at:%Y%m%d}",
            path=reverse("admin:retention_legalhold_change", args=[hold.pk]),
        )
    return len(due)


@transaction.atomic
def approve_rule(rule: RetentionRule, *, by: User) -> PurgeApproval:
    """Let the purge delete under ``rule``; approving twice keeps the first approval.

    A rule that is over still holds the customers who closed their accounts under it.

    Raises ApprovalRefused for one that is over and holds nobody.
    """
    rule.refresh_from_db(from_queryset=RetentionRule.objects.select_for_update())
    if is_superseded(rule):
        raise ApprovalRefused(_("This rule is superseded; approve the one in force."))
    if undecided(rule):
        raise ApprovalRefused(
            _("A law demands to store such data for longer. First decide on the schedule.")
        )
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
    if PurgeRun.objects.filter(rule=run.rule, pk__gt=run.pk, only_reported=False).exists():
        raise PermitRefused(_("There is a newer run. Look at its numbers."))
    if PurgePermit.objects.filter(run=run).exists():
        raise PermitRefused(_("This run is permitted already."))
    most = max(MOST_PERMITTED * run.going, settings.PURGE_NEVER_MANY)
    if not run.going <= up_to <= most:
        raise PermitRefused(
            _("Permit as many as wait for it, or for those of the next days up to %(most)s.")
            % {"most": most}
        )
    permit = PurgePermit(run=run, up_to=up_to, permitted_by=by)
    save_as(permit, by=by, reason="permitted")
    return permit


@transaction.atomic
def clear_residue(run: PurgeRun, *, reason: str, by: User) -> ResidueClearing:
    """Say that what ``run`` left behind is cleaned, or that nothing was, though nobody searched.

    Raises ClearingRefused.
    """
    run.refresh_from_db(from_queryset=PurgeRun.objects.select_for_update(of=("self",)))
    if not PurgeRun.objects.in_doubt().filter(pk=run.pk).exists():
        raise ClearingRefused(_("Nothing of this run is left to be cleaned."))
    clearing = ResidueClearing(run=run, residue=run.residue, reason=reason, cleared_by=by)
    save_as(clearing, by=by, reason="cleared")
    return clearing


@transaction.atomic
def approve_schedule(rules: Collection[int], *, by: User) -> int:
    """Approve these rules (primary keys), as they were looked at; return how many were not yet.

    Raises ApprovalRefused, and then approves none.
    """
    found = RetentionRule.objects.filter(pk__in=rules).order_by("pk")
    new = [rule for rule in found if not PurgeApproval.objects.filter(rule=rule).exists()]
    for rule in new:
        approve_rule(rule, by=by)
    return len(new)


def is_superseded(rule: RetentionRule) -> bool:
    """Say whether a rule is over and judges nothing any more: no closed account, no row."""
    if rule.valid_to is None or rule.valid_to >= timezone.localdate():
        return False
    return not still_judges(rule)


def _gone(public_id: str) -> str:
    tombstone = Tombstone.objects.filter(public_id=public_id).first()
    if tombstone is None:
        return _("There is no customer with this public id.")
    return _erased_on(tombstone.erased_at)


def _erased_on(moment: datetime) -> str:
    return _("This customer's data was erased on %(day)s.") % {
        "day": timezone.localtime(moment).strftime("%d/%m/%Y")
    }
