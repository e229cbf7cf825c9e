"""Locking a sign-in: from that moment on nobody gets in, whoever has the password or a session."""

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.exceptions import NotLocked
from accounts.models import Customer, User
from accounts.sessions import end_sessions
from common.history import save_as


def lock_sign_in(customer: Customer, *, by: User) -> None:
    """Lock it, end every session, and forget the new address that a mailed link would confirm.

    Call it with the customer's row locked; twice is once.
    """
    user = _lock_user(customer)
    if user.locked_at is None:
        user.locked_at = timezone.now()
        save_as(user, by=by, reason="locked", fields=["locked_at"])
    end_sessions([user.pk])
    EmailAddress.objects.filter(user=user, verified=False, primary=False).delete()


def unlock_sign_in(customer: Customer, *, password: str, by: User) -> None:
    """Let the customer in again, with a new password; a second factor stays as it is.

    Call it with the customer's row locked.

    Raises NotLocked.
    """
    user = _lock_user(customer)
    if user.locked_at is None:
        raise NotLocked(_("This account is not locked. You can sign in."))
    user.locked_at = None
    user.set_password(password)
    save_as(user, by=by, reason="unlocked", fields=["locked_at", "password"])


def forget_second_factor(customer: Customer) -> bool:
    """Remove the second factor of a sign-in that is locked; say whether there was one.

    Call it with the customer's row locked.
    """
    return bool(Authenticator.objects.filter(user__customer=customer).delete()[0])


def _lock_user(customer: Customer) -> User:
    return User.objects.select_for_update().get(customer=customer)
