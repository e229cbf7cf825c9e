"""Signed-in devices: ending their sessions, and forgetting the ended ones."""

from collections.abc import Iterable

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.utils import timezone

from accounts.models import User


def end_sessions(users: Iterable[int], *, but: str | None = None) -> None:
    """Sign these users (primary keys) out everywhere, ``but`` in the session of that key."""
    sessions = UserSession.objects.filter(user__in=users).exclude(session_key=but or "")
    Session.objects.filter(pk__in=sessions.values("session_key")).delete()
    sessions.delete()


def count_devices(user: User) -> int:
    """Return on how many devices the user is signed in."""
    return int(UserSession.objects.filter(user=user).count())


def forget_ended_sessions() -> None:
    """Remove the sessions that are over, with the address and browser noted for each."""
    Session.objects.filter(expire_date__lt=timezone.now()).delete()
    UserSession.objects.exclude(session_key__in=Session.objects.values("session_key")).delete()
