"""Text messages, by whichever service the company uses: SMS_URL names it.

    console://                  writes them to the log of the process, for a developer's machine
    memory://                   keeps them in ``outbox``, for tests
    https://sms.example.vn/send posts {"to": "+84912345678", "text": "..."} as JSON, with SMS_KEY
                                in the header Authorization

Without SMS_URL none can be sent, and nothing that needs one is offered.
"""

import json
import sys
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from django.conf import settings

TIMEOUT = 10  # seconds


class _NoRedirect(HTTPRedirectHandler):
    """Take a redirect for the error that it is: it sends nothing, and would get the key."""

    def redirect_request(self, *args: Any) -> None:
        return None


_opener = build_opener(_NoRedirect)
outbox: list["Sms"] = []


@dataclass(frozen=True)
class Sms:
    number: str
    text: str

    def send(self) -> None:
        """Hand the message over. Raises what the network raises, for the outbox to try again."""
        scheme = urlsplit(settings.SMS_URL).scheme
        if scheme == "memory":
            outbox.append(self)
        elif scheme == "console":
            sys.stdout.write(f"SMS to {self.number}: {self.text}\n")
            sys.stdout.flush()
        else:
            self._post()

    def _post(self) -> None:
        content = json.dumps({"to": self.number, "text": self.text}).encode()
        headers = {
            "Content-Type": "application/json",
            "Authorization": f"Bearer {settings.SMS_KEY}",
        }
        request = Request(settings.SMS_URL, content, headers)  # noqa: S310 -- settings check it
        with _opener.open(request, timeout=TIMEOUT):  # raises for any answer but a 2xx
            pass


def can_send_sms() -> bool:
    return bool(settings.SMS_URL)
