"""Sessions as Django stores them, but sealed: a form may wait in one until its sender confirms."""

from typing import Any

from django.contrib.sessions.backends.db import SessionStore as DatabaseStore

from common.encryption import DecryptionError, open_text, seal_text

SEALED_AS = "sessions.Session.session_data"


class SessionStore(DatabaseStore):
    def encode(self, session_dict: dict[str, Any]) -> str:
        return seal_text(super().encode(session_dict), SEALED_AS)

    def decode(self, session_data: bytes | str) -> dict[str, Any]:
        """Return nothing of a session that no key opens: it signs nobody in."""
        try:
            return super().decode(open_text(str(session_data), SEALED_AS))
        except DecryptionError:
            return {}
