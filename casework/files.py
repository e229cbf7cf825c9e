"""Which files are taken as evidence: judged by their bytes, never by what the sender calls them."""

import hashlib
import io
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath, PureWindowsPath
from threading import Lock

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from PIL import Image, ImageOps

from casework.exceptions import EvidenceRefused
from common.text import clean_line

LONGEST_NAME = 100
MOST_PIXELS = 25_000_000  # 100 MB in memory; a photograph has half of it, a bomb billions

# What a file must begin with, its type, and the names it may have.
SIGNATURES = (
    (b"%PDF-", "application/pdf", (".pdf",)),
    (b"\xff\xd8\xff", "image/jpeg", (".jpg", ".jpeg")),
    (b"\x89PNG\r\n\x1a\n", "image/png", (".png",)),
)
ACCEPTED = ", ".join(suffix for _start, _type, suffixes in SIGNATURES for suffix in suffixes)


_drawing = Lock()  # one picture at a time, so that many uploads do not fill the memory


@dataclass(frozen=True)
class CheckedFile:
    """A file that passed: its shown name, its type, the bytes to keep, the hash of those sent."""

    name: str
    content_type: str
    content: bytes
    sha256: str


def check_files(files: Sequence["UploadedFile[bytes]"]) -> list[CheckedFile]:
    """Return what is kept of each file; images are drawn anew, without position and other notes.

    Raises EvidenceRefused for the first file that cannot be taken.
    """
    if len(files) > settings.EVIDENCE_MAX_FILES:
        raise EvidenceRefused(
            _("You chose %(n)d files; at most %(most)d can be sent at once.")
            % {"n": len(files), "most": settings.EVIDENCE_MAX_FILES}
        )
    if sum(file.size or 0 for file in files) > settings.EVIDENCE_MAX_TOTAL_BYTES:
        raise EvidenceRefused(
            _("The files are larger than %(most)s together. Send fewer or smaller ones.")
            % {"most": filesizeformat(settings.EVIDENCE_MAX_TOTAL_BYTES)}
        )
    return [_check(file) for file in files]


def display_name(name: str) -> str:
    """Return a sender's file name as one line of text, without folders, cut to what fits."""
    last = PureWindowsPath(PurePosixPath(clean_line(name)).name).name
    return unicodedata.normalize("NFC", last)[-LONGEST_NAME:]


def _check(file: "UploadedFile[bytes]") -> CheckedFile:
    name = display_name(file.name or "")
    if name in ("", ".", ".."):
        raise EvidenceRefused(_("A file has no name. Give it a name and choose it again."))
    if not file.size:
        raise EvidenceRefused(_("The file “%(name)s” is empty.") % {"name": name})
    if file.size > settings.EVIDENCE_MAX_BYTES:
        raise EvidenceRefused(
            _("The file “%(name)s” is larger than %(most)s.")
            % {"name": name, "most": filesizeformat(settings.EVIDENCE_MAX_BYTES)}
        )
    sent = file.read()
    content_type = _sniff(name, sent)
    kept = _redraw(name, sent, content_type) if content_type.startswith("image/") else sent
    return CheckedFile(name, content_type, kept, hashlib.sha256(sent).hexdigest())


def _sniff(name: str, content: bytes) -> str:
    for start, content_type, suffixes in SIGNATURES:
        if content.startswith(start) and name.lower().endswith(suffixes):
            return content_type
    raise EvidenceRefused(
        _("The file “%(name)s” cannot be taken. Send one of: %(accepted)s.")
        % {"name": name, "accepted": ACCEPTED}
    )


def _redraw(name: str, content: bytes, content_type: str) -> bytes:
    """Decode and encode an image, so that nothing but its picture is left."""
    try:
        with _drawing, Image.open(io.BytesIO(content), formats=["JPEG", "PNG"]) as image:
            if image.width * image.height <= MOST_PIXELS:
                return _encode(image, content_type.removeprefix("image/"))
    except Exception as error:  # Pillow raises nearly anything for a broken file
        raise EvidenceRefused(
            _("The picture “%(name)s” is damaged and cannot be opened.") % {"name": name}
        ) from error
    raise EvidenceRefused(
        _("The picture “%(name)s” has more than %(most)d million pixels. Send it smaller.")
        % {"name": name, "most": MOST_PIXELS // 1_000_000}
    )


def _encode(image: Image.Image, encoding: str) -> bytes:
    image.load()
    ImageOps.exif_transpose(image, in_place=True)
    # Encoders write notes that they find here; only which colour is clear belongs to the picture.
    image.info = {key: image.info[key] for key in ("transparency",) if key in image.info}
    out = io.BytesIO()
    image.save(out, format=encoding, quality=92)
    return out.getvalue()
