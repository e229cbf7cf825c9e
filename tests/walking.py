"""Going from door to door in somebody's name; nothing that is done there stays."""

import io
import re
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from copy import deepcopy
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from django.core.cache import cache
from django.db import transaction
from django.db.models import Max
from django.template.base import Template
from unfold.sites import UnfoldAdminSite

from access.models import AccessRecord
from tests.clients import PortalClient
from tests.papers import text_of

METHODS = ("get", "post")
LETTERS = {200: "o", 401: "k", 403: "x", 404: "n", 405: "m"}
SIGN_IN, AGAIN = re.compile(r"/(account|admin)/login/"), re.compile(r"/account/\S*reauthenticate")


@dataclass
class Answer:
    """letter: how it ended, as tests/privacyportal/authorisation.txt writes it."""

    letter: str
    text: str
    records: list[AccessRecord]


class Walker:
    def __init__(self, user: Any, **options: Any) -> None:
        self._client = PortalClient(raise_request_exception=False, **options)
        if user is not None:
            self._client.force_login(user)
        self._cookies = deepcopy(self._client.cookies)
        self._visits = 0
        self._newest = AccessRecord.objects.aggregate(newest=Max("pk"))["newest"] or 0

    @contextmanager
    def visit(self) -> Iterator[None]:
        """Undo at the end what the requests meanwhile have done."""
        if self._visits % 50 == 0:
            cache.clear()  # or whoever asks so often is stopped
        self._visits += 1
        self._client.cookies = deepcopy(self._cookies)
        with transaction.atomic():
            yield
            transaction.set_rollback(True)

    def ask(self, method: str, address: str, data: Any = None, **headers: str) -> Answer:
        with self.visit():
            return self.request(method, address, data, **headers)

    def request(self, method: str, address: str, data: Any = None, **headers: str) -> Answer:
        response = getattr(self._client, method)(address, data, headers=headers)
        text = text_in(response)
        records = list(AccessRecord.objects.filter(pk__gt=self._newest).order_by("pk"))
        if records:
            self._newest = records[-1].pk  # no number comes again, whatever is undone
        return Answer(letter_of(response), text, records)


def letter_of(response: Any) -> str:
    if response.status_code == 302:
        return "s" if SIGN_IN.match(response.url) else "c" if AGAIN.match(response.url) else ">"
    return LETTERS.get(response.status_code, "?")


def text_in(response: Any) -> str:
    """Return what a person reads in a page, a PDF, a table or any other file."""
    content = b"".join(response) if response.streaming else response.content
    if content.startswith(b"PK"):
        archive = zipfile.ZipFile(io.BytesIO(content))
        content = b"\n".join(archive.read(name) for name in archive.namelist())
    words = text_of(content) if content.startswith(b"%PDF-1.") else ""
    return content.decode(errors="replace") + words


@contextmanager
def drawn(is_drawn: bool) -> Iterator[None]:
    """Draw no page unless ``is_drawn``: that takes most of the time, and changes no letter."""
    with ExitStack() as stack:
        if not is_drawn:
            stack.enter_context(patch.object(Template, "render", lambda template, context: ""))
            stack.enter_context(patch.object(UnfoldAdminSite, "each_context", lambda *args: {}))
        yield
