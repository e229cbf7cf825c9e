"""Which files are taken as evidence: judged by their bytes, never by what the sender calls them."""

import hashlib
import io
import unicodedata
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath, PureWindowsPath

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from PIL import Image, ImageOps

from casework.exceptions import EvidenceRefused
from common.text import clean_line

LONGEST_NAME = 100
MOST_PIXELS = 50_000_000  # a large photograph has 50 million; a bomb has billions

# What a file must begin with, its type, and the names it may have.
SIGNATURES = (
    (b"%PDF-", "application/pdf", (".pdf",)),
    (b"\xff\xd8\xff", "image/jpeg", (".jpg", ".jpeg")),
    (b"\x89PNG\r\n\x1a\n", "image/png", (".png",)),
)
ACCEPTED = ", ".join(suffix for _start, _type, suffixes in SIGNATURES for suffix in suffixes)


@dataclass(frozen=True)
class CheckedFile:
    """A file that passed: its shown name, its type, and the bytes to keep."""

    name: str
    content_type: str
    content: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


def check_files(files: Sequence["UploadedFile[bytes]"]) -> list[CheckedFile]:
    """Return what is kept of each file; images are drawn anew, without position and other notes.

    Raises EvidenceRefused for the first file that cannot be taken.
    """
    if len(files) > settings.EVIDENCE_MAX_FILES:
        raise EvidenceRefused(
            _("You chose %(n)d files; at most %(most)d can be sent at once.")
            % {"n": len(files), "most": settings.EVIDENCE_MAX_FILES}
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
    content = file.read()
    content_type = _sniff(name, content)
    if content_type.startswith("image/"):
        content = _redraw(name, content)
    return CheckedFile(name, content_type, content)


def _sniff(name: str, content: bytes) -> str:
    for start, content_type, suffixes in SIGNATURES:
        if content.startswith(start) and name.lower().endswith(suffixes):
            return content_type
    raise EvidenceRefused(
        _("The file “%(name)s” cannot be taken. Send one of: %(accepted)s.")
        % {"name": name, "accepted": ACCEPTED}
    )


def _redraw(name: str, content: bytes) -> bytes:
    """Decode and encode an image, so that nothing but its picture is left."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=["JPEG", "PNG"]) as image:
                if image.width * image.height > MOST_PIXELS:
                    raise ValueError("too many pixels")
                return _encode(image)
    except Exception as error:  # Pillow raises nearly anything for a broken file
        raise EvidenceRefused(
            _("The picture “%(name)s” is damaged and cannot be opened.") % {"name": name}
        ) from error


def _encode(image: Image.Image) -> bytes:
    upright = ImageOps.exif_transpose(image)
    clean = Image.new(upright.mode, upright.size)
    clean.paste(upright)
    if upright.mode == "P" and (palette := upright.getpalette()):
        clean.putpalette(palette)
    out = io.BytesIO()
    clean.save(out, format=image.format, quality=92)
    return out.getvalue()
