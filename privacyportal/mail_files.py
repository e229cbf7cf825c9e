"""Mails as files for people to read: one each, in letters instead of what mail servers exchange.

Copies, attachments and pages are left out: what the portal tells stands in the text.
"""

from collections.abc import Sequence
from pathlib import Path
from secrets import token_hex

from django.core.mail import EmailMessage
from django.core.mail.backends import filebased
from django.utils import timezone


class EmailBackend(filebased.EmailBackend):
    """For trying the portal out: no mail leaves the machine. The newest comes last by its name."""

    def open(self) -> bool:
        return False  # each mail opens a file of its own

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        for message in email_messages:
            name = f"{timezone.localtime():%Y%m%d-%H%M%S-%f}-{token_hex(2)}.txt"
            (Path(self.file_path) / name).write_text(_readable(message), encoding="utf-8")
        return len(email_messages)


def _readable(message: EmailMessage) -> str:
    message.message()  # which refuses what no mail may have, as a line's end in its head
    headers = {"From": message.from_email, "To": ", ".join(message.to), "Subject": message.subject}
    headers |= message.extra_headers
    lines = [f"{name}: {value}" for name, value in headers.items()]
    return "\n".join([*lines, "", str(message.body)])
