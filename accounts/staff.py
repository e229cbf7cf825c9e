"""Members of staff: whoever protects the data learns who may see it."""

from collections.abc import Iterator
from contextlib import contextmanager

from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from access.gate import bound, is_guarded
from access.roles import DPO
from accounts.exceptions import NoSecondFactor
from accounts.models import User
from accounts.sessions import end_sessions
from common.history import save_as
from common.tokens import new_public_id
from notices.services import queue_notice
from policies.counting import local_day


@contextmanager
def telling_of_roles(member: User, *, by: User) -> Iterator[None]:
    """Tell the data protection officers which roles ``member`` has gained or lost in this block.

    Told are those of before too: nobody takes that role away unseen. ``member``
    may be new, and saved in the block. Use it in one transaction with the change.
    """
    roles, before = _roles_of(member), officers()
    yield
    now = _roles_of(member)
    if now == roles:
        return
    change = new_public_id()
    for officer in before | officers():
        queue_notice(
            "staff_changed",
            recipient=officer,
            key=f"staff-{change}-{officer[:16]}",
            member=str(member),
            by=str(by),
            given=sorted(now - roles),
            taken=sorted(roles - now),
        )


@transaction.atomic
def remove_second_factor(member: User, *, by: User) -> None:
    """Let a member of staff who lost their second factor set up another.

    They are signed out everywhere, and the password goes too: whoever knows it alone must not
    be the one who sets up the new factor. The caller mails the link for a new password. Told
    are the member and the data protection officers.

    Raises NoSecondFactor.
    """
    member.refresh_from_db(from_queryset=User.objects.select_for_update())
    if not Authenticator.objects.filter(user=member).delete()[0]:
        raise NoSecondFactor(_("This member of staff has no second factor."))
    member.set_unusable_password()
    save_as(member, by=by, reason="second factor removed", fields=["password"])
    end_sessions([member.pk])
    change = new_public_id()
    for reader in officers() | {member.public_id}:
        queue_notice(
            "second_factor_removed",
            recipient=reader,
            key=f"factor-{change}-{reader[:16]}",
            member=str(member),
            by=str(by),
        )


def _roles_of(member: User) -> set[str]:
    """Return the names of the roles that the stored row has, none while it may not sign in."""
    rows = User.objects.filter(pk=member.pk, is_active=True)
    return set(Group.objects.filter(user__in=rows).values_list("name", flat=True))


def who_may(permission: str) -> QuerySet[User]:
    """Return the members of staff whose role gives a permission ("app.action_model").

    Of one on personal data only those who are bound to confidentiality.
    """
    app, _dot, codename = permission.partition(".")
    granted = Permission.objects.filter(content_type__app_label=app, codename=codename)
    staff = User.objects.filter(
        Exists(Group.objects.filter(user=OuterRef("pk"), permissions__in=granted)),
        is_staff=True,
        is_active=True,
    )
    return bound(staff) if is_guarded(permission) else staff


def works_today() -> Q:
    return Q(engaged_until=None) | Q(engaged_until__gte=local_day(timezone.now()))


def officers() -> set[str]:
    """Return the public ids of the data protection officers who work here."""
    return holders(DPO)


@transaction.atomic
def tell_officers(template: str, *, key: str, path: str) -> None:
    """Write to each data protection officer of what stands behind a path, once for a key."""
    for officer in officers():
        queue_notice(template, recipient=officer, key=f"{key}-{officer}", path=path)


def holders(role: str) -> set[str]:
    """Return the public ids of the members of staff with this role who still work here.

    A locked sign-in leaves nobody out: by wrong passwords nobody is kept from being told.
    """
    rows = User.objects.filter(works_today(), is_staff=True, is_active=True, groups__name=role)
    return set(rows.values_list("public_id", flat=True))
