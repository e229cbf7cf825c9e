"""The quarterly review of rights: each role as it stood, to be signed by who does not have it.

A protection officer signs, and an auditor the role of the protection officers. Who may more than
a role gives, or belongs to the staff without one, stands in two reviews of its own.
"""

from collections.abc import Iterator
from datetime import date
from typing import Any

from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from access.roles import ADMINISTRATOR, AUDITOR
from accounts.models import User
from accounts.staff import holders, officers
from common.signatures import canonical
from notices.services import queue_notice
from policies.counting import local_day
from policies.models import sha256
from staff.exceptions import ReviewRefused
from staff.models import ReviewOutcome, RightsReview
from staff.undertakings import who_signed

SUPERUSERS = gettext_noop("superusers")
OUTSIDE = gettext_noop("outside of roles")
EVERYTHING = "*"  # what a superuser may


def quarter_of(day: date) -> date:
    """Return the first day of the quarter in which ``day`` is."""
    return day.replace(month=day.month - (day.month - 1) % 3, day=1)


@transaction.atomic
def prepare_reviews() -> int:
    """Write down each role as it stands, once in a quarter; return how many roles were new.

    Officers and auditors are told, and again of what nobody has signed after 30 days. Nobody is
    told twice.
    """
    now = timezone.now()
    quarter = quarter_of(local_day(now))
    known = set(RightsReview.objects.filter(quarter=quarter).values_list("role", flat=True))
    reviews = [
        _taken(role, quarter, members, permissions)
        for role, members, permissions in _standing()
        if role not in known
    ]
    RightsReview.objects.bulk_create(reviews, ignore_conflicts=True)
    if RightsReview.objects.waiting().filter(quarter=quarter).exists():
        _tell_officers(quarter, is_late=False)
    late = RightsReview.objects.overdue(now)
    for each in set(late.order_by().values_list("quarter", flat=True)):
        _tell_officers(each, is_late=True)
    return len(reviews)


def _standing() -> Iterator[tuple[str, QuerySet[User], list[str]]]:
    """Yield each role, and what is beside them, with its members and permissions."""
    staff = User.objects.filter(is_staff=True, is_active=True)
    for role in Group.objects.order_by("name"):
        yield role.name, staff.filter(groups=role), _codes(role.permissions.all())
    yield SUPERUSERS, User.objects.filter(is_superuser=True, is_active=True), [EVERYTHING]
    beside = staff.filter(Q(groups=None) | ~Q(user_permissions=None), is_superuser=False)
    own = Permission.objects.filter(user__in=beside)
    yield OUTSIDE, beside.distinct(), _codes(own.distinct())


def _codes(permissions: QuerySet[Permission]) -> list[str]:
    rows = permissions.order_by("content_type__app_label", "codename")
    return [".".join(row) for row in rows.values_list("content_type__app_label", "codename")]


def _taken(
    role: str, quarter: date, members: QuerySet[User], permissions: list[str]
) -> RightsReview:
    signed = set(who_signed(members).values_list("pk", flat=True))
    rights = {
        "members": [
            {
                "id": each.public_id,
                "engagement": each.engagement,
                "until": each.engaged_until.isoformat() if each.engaged_until else "",
                "signed": each.pk in signed,
            }
            for each in members.order_by("public_id")
        ],
        "permissions": permissions,
    }
    return RightsReview(
        quarter=quarter, role=role, rights=rights, sha256=digest_of(role, quarter, rights)
    )


def digest_of(role: str, quarter: date, rights: dict[str, Any]) -> str:
    content = {"role": role, "quarter": quarter.isoformat(), **rights}
    return sha256(canonical(content).decode())


def _tell_officers(quarter: date, *, is_late: bool) -> None:
    for officer in officers() | holders(AUDITOR):
        queue_notice(
            "rights_review",
            recipient=officer,
            key=f"rights-{quarter}-{'late' if is_late else 'due'}-{officer[:16]}",
            quarter=quarter.isoformat(),
            is_late=is_late,
        )


@transaction.atomic
def sign_review(review: RightsReview, *, outcome: str, by: User) -> None:
    """Sign that a role is needed as it stood, or that it is to be changed: administrators learn it.

    Raises ReviewRefused.
    """
    review.refresh_from_db(from_queryset=RightsReview.objects.select_for_update())
    if review.outcome:
        raise ReviewRefused(_("This review is signed already."))
    if has_part(review, by):
        raise ReviewRefused(_("Somebody who does not have these rights signs this review."))
    if digest_of(review.role, review.quarter, review.rights) != review.sha256:
        raise ReviewRefused(_("What was written down does not agree with its fingerprint."))
    review.outcome, review.signed_by, review.signed_at = outcome, by, timezone.now()
    review.save(update_fields=["outcome", "signed_by", "signed_at"])
    if outcome == ReviewOutcome.TO_CHANGE:
        for administrator in holders(ADMINISTRATOR):
            queue_notice(
                "rights_to_change",
                recipient=administrator,
                key=f"rights-change-{review.pk}-{administrator[:16]}",
                role=review.role,
                by=str(by),
            )


def has_part(review: RightsReview, user: User) -> bool:
    """Say whether somebody is, or was then, one of those whose rights are reviewed."""
    then = user.public_id in {each["id"] for each in review.rights["members"]}
    return then or user.groups.filter(name=review.role).exists()


def changes_of(review: RightsReview) -> dict[str, tuple[list[str], list[str]]]:
    """Return what came and what went since the review before: "members" and "permissions"."""
    rows = RightsReview.objects.filter(role=review.role, quarter__lt=review.quarter)
    before = rows.order_by("-quarter").first()
    then = _sets(before.rights) if before else _sets(review.rights)
    return {
        name: (sorted(now - then[name]), sorted(then[name] - now))
        for name, now in _sets(review.rights).items()
    }


def _sets(rights: dict[str, Any]) -> dict[str, set[str]]:
    members = {each["id"] for each in rights["members"]}
    return {"members": members, "permissions": set(rights["permissions"])}


def rows_of(review: RightsReview) -> Iterator[list[str]]:
    """Yield a review as lines of a file."""
    yield [_("role"), _("quarter, from"), "SHA-256"]
    yield [review.role, review.quarter.isoformat(), review.sha256]
    yield [_("member of staff"), _("works as"), _("until and including"), _("bound")]
    for each in review.rights["members"]:
        bound = _("Yes") if each["signed"] else _("No")
        yield [each["id"], each["engagement"], each["until"], bound]
    yield [_("permission")]
    for name in review.rights["permissions"]:
        yield [name]
