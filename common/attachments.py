"""Files that people send: judged by their bytes, never by what the sender calls them."""

import hashlib
import re
import unicodedata
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath, PureWindowsPath
from typing import NamedTuple, TypeVar

from django.core.files.uploadedfile import UploadedFile
from django.db import connection
from django.http import FileResponse, HttpResponse
from django.http.response import HttpResponseBase
from django.template.defaultfilters import filesizeformat
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _

from common.antivirus import ScanState
from common.encryption.files import SealedFile
from common.errors import PortalError
from common.files import open_stored
from common.text import clean_line
from common.uploads import LostFile

LONGEST_NAME = 100
SHORT_NAME = 60  # in an archive, below folders whose names have a length too
UNSAFE = re.compile(r"[^\w.-]+")

Response = TypeVar("Response", bound=HttpResponseBase)


class AttachmentRefused(PortalError):
    """A file that cannot be taken; the message names it and says what would be."""


class FileType(NamedTuple):
    """How the content of a file is known, its type, and the names it may have."""

    recognises: Callable[[bytes], bool]
    content_type: str
    suffixes: tuple[str, ...]


def beginning(*starts: bytes) -> Callable[[bytes], bool]:
    """Return what recognises files by their first bytes."""
    return lambda content: content.startswith(starts)


PDF = FileType(beginning(b"%PDF-"), "application/pdf", (".pdf",))
JPEG = FileType(beginning(b"\xff\xd8\xff"), "image/jpeg", (".jpg", ".jpeg"))
PNG = FileType(beginning(b"\x89PNG\r\n\x1a\n"), "image/png", (".png",))


@dataclass(frozen=True)
class CheckedFile:
    """A file that passed: its shown name, its type, the bytes to keep, the hash of those sent."""

    name: str
    content_type: str
    content: bytes
    sha256: str
    has_active_content: bool = False
    scan_state: ScanState = ScanState.NOT_SCANNED


def check_attachment(
    file: "UploadedFile[bytes]", *, types: Collection[FileType], most_bytes: int
) -> CheckedFile:
    """Return the file as it was sent.

    Raises AttachmentRefused.
    """
    name = display_name(file.name or "")
    if name in ("", ".", ".."):
        raise AttachmentRefused(_("A file has no name. Give it a name and choose it again."))
    if isinstance(file, LostFile):
        raise AttachmentRefused(
            _("We could not receive the file “%(name)s”. Please try again later, or without it.")
            % {"name": name}
        )
    if not file.size:
        raise AttachmentRefused(_("The file “%(name)s” is empty.") % {"name": name})
    if file.size > most_bytes:
        raise AttachmentRefused(
            _("The file “%(name)s” is larger than %(most)s.")
            % {"name": name, "most": filesizeformat(most_bytes)}
        )
    sent = file.read()
    content_type = _sniff(name, sent, types)
    return CheckedFile(name, content_type, sent, hashlib.sha256(sent).hexdigest())


def of_another_kind(name: str) -> AttachmentRefused:
    """Return the refusal of a file whose content is not what its name says."""
    return AttachmentRefused(
        _(
            "The file “%(name)s” is damaged, locked with a password, or not what its ending says."
            " Open it, save it again and send that."
        )
        % {"name": name}
    )


def display_name(name: str) -> str:
    """Return a sender's file name as one line of text, without folders, cut to what fits."""
    last = PureWindowsPath(PurePosixPath(clean_line(name)).name).name
    return unicodedata.normalize("NFC", last)[-LONGEST_NAME:]


def safe_name(name: str) -> str:
    """Return a sender's file name as every system can store it, without folders or marks."""
    letters = UNSAFE.sub("_", display_name(name)).strip("._")
    return letters[-SHORT_NAME:] or "file"


def accepted(types: Collection[FileType]) -> str:
    """Return the endings that files of these types may have, as ".pdf, .png"."""
    return ", ".join(suffix for file_type in types for suffix in file_type.suffixes)


def as_attachment(
    path: str, *, owner: str, name: str, content_type: str, former: Collection[str] = ()
) -> FileResponse:
    """Hand a stored file out as a download that no browser opens inside the portal.

    A fault in the middle of the file breaks the connection: nobody takes a half for the whole.

    Raises FileUnreadable.
    """
    stored = open_stored(path, owner=owner, former=former)
    response = FileResponse(Sent(stored, 0, stored.size), content_type=content_type)
    response["Content-Length"] = stored.size
    response["Content-Disposition"] = _disposition(name)
    return shut(response)


class Sent:
    """A stored file from ``start`` to before ``end``, to be sent once and closed.

    No connection to the database is held meanwhile: a slow line occupies a thread and nothing else.
    """

    def __init__(self, stored: SealedFile, start: int, end: int) -> None:
        self._stored, self._part = stored, (start, end)

    def __iter__(self) -> Iterator[bytes]:
        if not connection.in_atomic_block:
            connection.close()
        yield from self._stored.read_range(*self._part)

    def close(self) -> None:
        self._stored.close()


def as_download(content: bytes, *, name: str, content_type: str) -> HttpResponse:
    """Hand out what was made for this request, as as_attachment does a stored file."""
    headers = {"Content-Type": content_type, "Content-Disposition": _disposition(name)}
    return shut(HttpResponse(content, headers=headers))


def _disposition(name: str) -> str:
    return content_disposition_header(as_attachment=True, filename=name) or "attachment"


def shut(response: Response) -> Response:
    """Keep a browser from opening a file as a page of the portal, and caches from keeping it."""
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Cache-Control"] = "no-store"
    return response


def _sniff(name: str, content: bytes, types: Collection[FileType]) -> str:
    """Return the type on which content and name agree."""
    named = [known for known in types if name.lower().endswith(known.suffixes)]
    for known in named:
        if known.recognises(content):
            return known.content_type
    if named:
        raise of_another_kind(name)
    raise AttachmentRefused(
        _("The file “%(name)s” cannot be taken. Send one of: %(accepted)s.")
        % {"name": name, "accepted": accepted(types)}
    )
