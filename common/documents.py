"""Documents that the portal signs and that people keep: each kind says how it reads.

A kind registers under a code that stands in the signed header, so that documents of all
rooms are read on one page and printed one way, for as long as the code stays.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from common.signatures import NotGenuine, NotSigned, fingerprint, sign, verify

Content = Mapping[str, Any]
Text = str | Promise


@dataclass(frozen=True)
class Fact:
    """One thing that a document says; several values stand below one another."""

    label: Text
    values: tuple[Text, ...]

    def __init__(self, label: Text, *values: Text) -> None:
        object.__setattr__(self, "label", label)
        object.__setattr__(self, "values", tuple(value for value in values if value))


@dataclass(frozen=True)
class Section:
    title: Text
    facts: list[Fact]


Read = Callable[[Content], list[Section]]
"""Takes what was signed, of any age; returns what it says, in the reader's language."""


@dataclass(frozen=True)
class Kind:
    code: str
    title: Text
    read: Read


_kinds: dict[str, Kind] = {}


def document_kind(code: str, title: Text) -> Callable[[Read], Read]:
    """Register how documents of a kind read. A code is never given to another kind."""

    def register(read: Read) -> Read:
        _kinds[code] = Kind(code, title, read)
        return read

    return register


@dataclass(frozen=True)
class Document:
    """A signed document, as it was issued or as somebody brought it."""

    kind: Kind
    content: Content
    text: str

    @property
    def title(self) -> Text:
        return self.kind.title

    @property
    def issued_at(self) -> datetime:
        return datetime.fromtimestamp(self.content["iat"], timezone.get_default_timezone())

    @property
    def issuer(self) -> str:
        return str(self.content["iss"])

    @property
    def code(self) -> str:
        return fingerprint(self.text)

    @property
    def sections(self) -> list[Section]:
        return [part for part in self.kind.read(self.content) if any(f.values for f in part.facts)]

    def as_json(self) -> bytes:
        """Return the content to read, and beside it the signed text that says the same."""
        file = {"content": self.content, "signed": self.text}
        return json.dumps(file, ensure_ascii=False, indent=2, sort_keys=True).encode()


def issue(code: str, content: Content, *, at: datetime | None = None) -> Document:
    """Sign a document of that kind, with this site as its issuer.

    at: its time instead of now; the same content gets the same text then, each time.
    """
    issued = int((at or timezone.now()).timestamp())
    signed = {**content, "iss": settings.SITE_ORIGIN, "iat": issued}
    return Document(_kinds[code], signed, sign(code, signed))


SIGNED_TEXT = re.compile(rb"(?<![\w-])ey[\w-]+\.[\w-]+\.[\w-]{86}(?![\w-])")
# White space and what cannot be seen: a mail or a PDF reader breaks long lines.
UNSEEN = re.compile(r"[\s\u00ad\u200b-\u200d\u2060\ufeff]+")


def read_pasted(text: str) -> Document:
    """Read a signed text, or the content of a file, that was pasted into a field.

    Raises NotSigned, NotGenuine.
    """
    if text.lstrip().startswith("{"):
        return read_file(text.encode())
    return _checked(UNSEEN.sub("", text))


def read_file(content: bytes) -> Document:
    """Read a file that the portal handed out: its JSON, its PDF, or the signed text alone.

    A PDF is no more than searched for the signed text, which it holds among its keywords.

    Raises NotSigned, NotGenuine.
    """
    found = set(SIGNED_TEXT.findall(content))
    if not found:
        raise NotSigned(_("No signed document of ours is in it."))
    if len(found) > 1:
        raise NotGenuine(_("More than one signed text is in it; the file is not as we made it."))
    document = _checked(found.pop().decode())
    is_bare = content.strip() == document.text.encode()
    if not (is_bare or content.startswith(b"%PDF-") or _is_as_issued(content, document)):
        raise NotGenuine(_("What the file shows is not what was signed."))
    return document


def _is_as_issued(file: bytes, document: Document) -> bool:
    """Say whether a JSON file shows what was signed, and nothing beside it."""
    try:
        shown = json.loads(file, object_pairs_hook=_each_name_once)
    except (ValueError, RecursionError):
        return False
    return bool(shown == {"content": document.content, "signed": document.text})


def _each_name_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a name that stands twice: readers differ on which of the values they show."""
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a name twice")
    return dict(pairs)


def _checked(text: str) -> Document:
    signed = verify(text)
    kind = _kinds.get(signed.kind)
    if kind is None:
        raise NotGenuine(_("We have signed it, but not as a document."))
    return Document(kind, signed.content, signed.text)


def in_language(texts: Mapping[str, str]) -> str:
    """Return a text that was signed in both languages as the reader's language has it."""
    return texts[(get_language() or settings.LANGUAGE_CODE)[:2]]


def name_of(choices: Any, code: str) -> str:
    """Return the name of a code that was signed; one that is known no longer stands for itself."""
    return capfirst(choices(code).label) if code in choices.values else code


def said_moment(text: str) -> str:
    """Return a moment that was signed in ISO 8601 as people write it here."""
    moment = timezone.localtime(datetime.fromisoformat(text), timezone.get_default_timezone())
    return date_format(moment, "SHORT_DATETIME_FORMAT")


def said_day(text: str) -> str:
    return date_format(date.fromisoformat(text), "SHORT_DATE_FORMAT") if text else ""
