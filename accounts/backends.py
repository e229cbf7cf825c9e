from typing import Any

from allauth.account.auth_backends import AuthenticationBackend

from accounts.staff_locking import is_delayed


class SignInBackend(AuthenticationBackend):  # type: ignore[misc]
    """Lets nobody in, and keeps nobody in, whose sign-in is closed or locked, or work is over."""

    def authenticate(self, request: Any, **credentials: Any) -> Any:
        user = super().authenticate(request, **credentials)
        return None if user is not None and is_delayed(user) else user

    def user_can_authenticate(self, user: Any) -> bool:
        may = bool(super().user_can_authenticate(user)) and user.locked_at is None
        return may and not user.is_disengaged
