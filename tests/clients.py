"""Browsers of people who are signed in already."""

import time
from typing import Any

from allauth.account.internal.flows.login import (
    _AUTHENTICATION_METHODS_USER_SESSION_KEY,
    AUTHENTICATION_METHODS_SESSION_KEY,
)
from allauth.mfa import app_settings
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
)
from allauth.mfa.utils import decrypt
from django.contrib.auth import login
from django.contrib.sessions.backends.base import SessionBase
from django.forms import BaseForm
from django.http import HttpRequest
from django.test import Client

from accounts.models import User
from accounts.session_store import SessionStore

AGAIN = {"method": "password", "reauthenticated": True}


class PortalClient(Client):
    def force_login(
        self, user: Any, backend: str | None = None, *, passed: bool = True, fresh: bool = True
    ) -> None:
        """Sign in without a password; staff with their second factor, whether they have one or not.

        With ``fresh`` what asks for the password again has been answered: most tests are about
        what comes after.
        """
        request = HttpRequest()
        request.session = SessionStore()
        user.backend = backend or self._get_backend()  # type: ignore[attr-defined]
        login(request, user)
        if fresh:
            note(request.session, AGAIN, user)
        if user.is_staff and passed:
            note(request.session, {"method": "mfa", "type": "totp"}, user)
        request.session.save()
        self._set_login_cookies(request)  # type: ignore[attr-defined]

    def confirm(self, user: User) -> None:
        """Give the password again."""
        self.note(AGAIN, user)

    def note(self, record: dict[str, Any], user: User) -> None:
        session = self.session
        note(session, record, user)
        session.save()


def note(session: SessionBase, record: dict[str, Any], user: User) -> None:
    """Write into the session that ``user`` has shown something just now."""
    records = session.get(AUTHENTICATION_METHODS_SESSION_KEY, [])
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [*records, {"at": time.time(), **record}]
    session[_AUTHENTICATION_METHODS_USER_SESSION_KEY] = str(user.pk)


def initial(form: BaseForm) -> dict[str, str]:
    """Return what a browser sends back of the values that a form showed."""
    return {field.html_initial_name: str(field.value() or "") for field in form}


def set_up_app(user: User) -> Authenticator:
    """Give ``user`` an app that shows codes, and recovery codes."""
    RecoveryCodes.activate(user)
    return TOTP.activate(user, generate_totp_secret()).instance


def code_of(app: Authenticator, *, steps: int = 0) -> str:
    """Return what the app shows now, or ``steps`` of half a minute later."""
    step = int(time.time()) // app_settings.TOTP_PERIOD + steps
    code: str = format_hotp_value(hotp_value(decrypt(app.data["secret"]), step))
    return code
