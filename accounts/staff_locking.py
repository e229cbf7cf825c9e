"""What happens to the sign-in of a member of staff who, or whose attacker, fails again and again.

A wrong code comes after the right password: few are enough to lock it, until an administrator
unlocks it. A wrong password anybody can send, who may not shut the desk by it: it takes no new
password until the hour is over, and what is open stays open.
"""

from datetime import timedelta
from typing import Any

from allauth.mfa.signals import authentication_failed
from django.contrib.auth.signals import user_login_failed
from django.db import transaction
from django.dispatch import receiver
from django.utils import timezone
from django.utils.translation import gettext as _

from access.roles import ADMINISTRATOR
from accounts.exceptions import NotLocked
from accounts.models import User
from accounts.sessions import end_sessions
from accounts.staff import holders, officers
from common.history import save_as
from common.throttle import has_tried, may_try
from common.tokens import new_public_id
from notices.services import queue_notice
from policies.counting import local_day

PASSWORD, CODE = "password", "code"
HOUR = timedelta(hours=1)
TRIES = {PASSWORD: 10, CODE: 5}  # in an hour


@receiver(user_login_failed)
def count_wrong_password(credentials: dict[str, Any], **kwargs: Any) -> None:
    staff = User.objects.filter(email=str(credentials.get("email", "")).lower(), is_staff=True)
    if member := staff.first():
        note_failure(member, PASSWORD)


@receiver(authentication_failed)
def count_wrong_code(user: User, **kwargs: Any) -> None:
    if user.is_staff:
        note_failure(user, CODE)


def note_failure(member: User, kind: str) -> None:
    """Count a failed sign-in; lock it, or let it wait, when there were too many."""
    if not may_try(f"staff-{kind}", str(member.pk), most=TRIES[kind] - 1, within=HOUR):
        lock_member(member) if kind == CODE else _tell_of_passwords(member)


def is_delayed(user: User) -> bool:
    """Say whether so many wrong passwords were sent for a member that none is taken now."""
    return user.is_staff and has_tried(
        f"staff-{PASSWORD}", str(user.pk), times=TRIES[PASSWORD], within=HOUR
    )


def _tell_of_passwords(member: User) -> None:
    """Tell the member, administrators and officers, once a day."""
    day = local_day(timezone.now())
    for reader in _readers(member):
        queue_notice(
            "staff_passwords_tried",
            recipient=reader,
            key=f"tried-{day}-{member.public_id[:16]}-{reader[:16]}",
            member=str(member),
        )


def _readers(member: User) -> set[str]:
    return officers() | holders(ADMINISTRATOR) | {member.public_id}


@transaction.atomic
def lock_member(member: User) -> None:
    """Let a member of staff in no more, and tell them, administrators and officers. Twice is once.

    What is open ends too.
    """
    member = User.objects.select_for_update().get(pk=member.pk)
    if member.locked_at is not None:
        return
    member.locked_at = timezone.now()
    save_as(member, by=None, reason="locked", fields=["locked_at"])
    end_sessions([member.pk])
    lock = new_public_id()
    for reader in _readers(member):
        queue_notice(
            "staff_locked",
            recipient=reader,
            key=f"locked-{lock}-{reader[:16]}",
            member=str(member),
        )


@transaction.atomic
def unlock_member(member: User, *, by: User) -> None:
    """Let a member in again, with a new password, whose link the caller mails.

    Raises NotLocked.
    """
    member.refresh_from_db(from_queryset=User.objects.select_for_update())
    if member.locked_at is None:
        raise NotLocked(_("This account is not locked. You can sign in."))
    member.locked_at = None
    member.set_unusable_password()
    save_as(member, by=by, reason="unlocked", fields=["locked_at", "password"])
