"""Sessions of people who are signed in: how long they last, and how they end."""

import time
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from allauth.account.signals import password_changed, password_reset
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _

from accounts.models import User
from common.personal_data import OwnPeriod
from policies.counting import local_day

BEGAN, USED = "signed_in_at", "used_at"  # in a session: seconds since 1970
A_MINUTE = 60  # how exactly a session knows when it was used


@receiver(user_logged_in)
def begin(request: HttpRequest, **kwargs: Any) -> None:
    request.session[BEGAN] = request.session[USED] = int(time.time())


def is_over(request: HttpRequest) -> bool:
    """Say whether the session of a signed-in person has lain idle, or lasted, too long."""
    now = time.time()
    user: Any = request.user
    used = request.session.get(USED, 0)
    began = request.session.get(BEGAN, 0)
    return bool(now - used >= _idle(user) or now - began >= settings.SESSION_COOKIE_AGE)


def _idle(user: User) -> int:
    """Return for how many seconds a session may lie idle."""
    return settings.STAFF_SESSION_IDLE_SECONDS if user.is_staff else settings.SESSION_IDLE_SECONDS


def note_use(request: HttpRequest) -> None:
    """Write down that the session is in use, once a minute at most."""
    now = int(time.time())
    if now - request.session[USED] >= A_MINUTE:
        request.session[USED] = now
        sessions = UserSession.objects.filter(session_key=request.session.session_key)
        sessions.update(last_seen_at=timezone.now())


@receiver([password_changed, password_reset])
def end_others(request: HttpRequest, user: User, **kwargs: Any) -> None:
    """Let no session stay that a new password has made worthless."""
    end_sessions([user.pk], but=request.session.session_key)


def end_sessions(users: Iterable[int], *, but: str | None = None) -> None:
    """Sign these users (primary keys) out everywhere, ``but`` in the session of that key."""
    sessions = UserSession.objects.filter(user__in=users).exclude(session_key=but or "")
    Session.objects.filter(pk__in=sessions.values("session_key")).delete()
    sessions.delete()


def end_session(user: User, handle: str) -> bool:
    """Sign ``user`` out on the device of that handle; say whether there was one."""
    for session in UserSession.objects.filter(user=user):
        if constant_time_compare(handle_of(session), handle):
            session.end()
            return True
    return False


def handle_of(session: UserSession) -> str:
    """Return what a page names a session by: its key would open it."""
    return salted_hmac("accounts.sessions", session.session_key, algorithm="sha256").hexdigest()[
        :32
    ]


def sessions_of(user: User) -> "QuerySet[UserSession]":
    """Return the sessions in which the user is signed in now, the last used first."""
    now = timezone.now()
    lasting = Session.objects.filter(expire_date__gt=now)
    used = now - timedelta(seconds=_idle(user))
    rows: QuerySet[UserSession] = UserSession.objects.filter(user=user, last_seen_at__gt=used)
    return rows.filter(session_key__in=lasting.values("pk")).order_by("-last_seen_at", "-pk")


def count_devices(user: User) -> int:
    """Return on how many devices the user is signed in."""
    return sessions_of(user).count()


def period_of_sessions() -> OwnPeriod:
    return OwnPeriod(
        _("Until the night after the sign-in ends, which lasts 12 hours at most."),
        _("The portal, for every company"),
        lambda sessions: local_day(timezone.now()),  # closing an account ends them all
    )


def forget_ended_sessions() -> None:
    """Remove the sessions that are over, with the address and browser noted for each."""
    Session.objects.filter(expire_date__lt=timezone.now()).delete()
    UserSession.objects.exclude(session_key__in=Session.objects.values("session_key")).delete()
